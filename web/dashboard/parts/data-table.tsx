import {
  Box,
  Center,
  Group,
  type MantineBreakpoint,
  Pagination,
  Skeleton,
  Stack,
  Table,
  Text,
  UnstyledButton,
} from '@mantine/core';
import { IconArrowDown, IconArrowsSort, IconArrowUp } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Paged } from '../../../src/protocol/rest/dashboard.ts';
import type { ListState } from '../list-state.ts';
import { Failure } from './failure.tsx';
import { plural } from './format.ts';
import classes from './parts.module.css';

export interface Column<T> {
  header: string;
  cell: (row: T) => ReactNode;
  /** Name the server sorts by; without it the column cannot be sorted by. */
  sort?: string;
  /** Left out on narrower screens. */
  from?: MantineBreakpoint;
  align?: 'right';
}

interface Props<T> {
  label: string;
  columns: Column<T>[];
  rowKey: (row: T) => string;
  found: { data: Paged<T> | undefined; error: Error | null; refetch: () => unknown };
  /** Without it the table neither sorts nor pages. */
  state?: ListState;
  /** What it is sorted by when the address says nothing. */
  sortedBy?: string;
  /** Shown in place of rows when there are none. */
  empty: ReactNode;
  noun: [one: string, many: string];
}

/** A page of rows; its order, filters and page are the address's. */
export function DataTable<T>({ label, columns, rowKey, found, state, sortedBy, empty, noun }: Props<T>) {
  const { data, error, refetch } = found;
  if (error && !data) return <Failure error={error} retry={refetch} />;
  if (data?.data.length === 0) return <Box py="xl">{empty}</Box>;
  const visible = (column: Column<T>) => (column.from ? { visibleFrom: column.from } : {});
  return (
    <Stack gap="sm">
      <Table.ScrollContainer minWidth={0} type="native">
        <Table verticalSpacing="sm" highlightOnHover className={classes.table} aria-label={label} aria-busy={!data}>
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => (
                <Table.Th
                  key={column.header}
                  ta={column.align ?? 'left'}
                  {...visible(column)}
                  {...(column.sort && state && { 'aria-sort': ariaSort(column.sort, state, sortedBy) })}
                >
                  {column.sort && state ? (
                    <SortButton column={column} state={state} sortedBy={sortedBy} />
                  ) : (
                    column.header
                  )}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data?.data.map((row) => (
              <Table.Tr key={rowKey(row)}>
                {columns.map((column) => (
                  <Table.Td key={column.header} ta={column.align ?? 'left'} {...visible(column)}>
                    {column.cell(row)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
            {!data &&
              [0, 1, 2, 3, 4].map((line) => (
                <Table.Tr key={line}>
                  {columns.map((column) => (
                    <Table.Td key={column.header} {...visible(column)}>
                      <Skeleton h={14} my={6} />
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {data && state && <Footer info={data.pageInfo} state={state} noun={noun} />}
    </Stack>
  );
}

function ariaSort(column: string, state: ListState, sortedBy?: string): 'ascending' | 'descending' | 'none' {
  if ((state.sort ?? sortedBy) !== column) return 'none';
  return state.order === 'asc' ? 'ascending' : 'descending';
}

function SortButton<T>({
  column,
  state,
  sortedBy,
}: {
  column: Column<T>;
  state: ListState;
  sortedBy: string | undefined;
}) {
  const direction = ariaSort(column.sort ?? '', state, sortedBy);
  const Icon = direction === 'none' ? IconArrowsSort : direction === 'ascending' ? IconArrowUp : IconArrowDown;
  return (
    <UnstyledButton className={classes.sortable} onClick={() => state.sortBy(column.sort ?? '')}>
      {column.header}
      <Icon size={13} opacity={direction === 'none' ? 0.5 : 1} aria-hidden />
    </UnstyledButton>
  );
}

function Footer({ info, state, noun }: { info: Paged<unknown>['pageInfo']; state: ListState; noun: [string, string] }) {
  const { currentPage, lastPage, perPage, total } = info;
  const first = (currentPage - 1) * perPage + 1;
  const last = Math.min(total, currentPage * perPage);
  return (
    <Group justify="space-between" gap="xs">
      <Text size="sm" c="dimmed">
        {lastPage === 1 ? plural(total, ...noun) : `${first}–${last} of ${plural(total, ...noun)}`}
      </Text>
      {lastPage > 1 && (
        <Center>
          <Pagination
            size="sm"
            total={lastPage}
            value={Math.min(currentPage, lastPage)}
            onChange={state.setPage}
            siblings={1}
            boundaries={1}
            getItemProps={(page) => ({ 'aria-label': `Page ${page}` })}
            getControlProps={(control) => ({ 'aria-label': `${control} page` })}
          />
        </Center>
      )}
    </Group>
  );
}
