import { Group, Select, Stack } from '@mantine/core';
import { type UseQueryOptions, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Paged } from '../../../src/protocol/rest/dashboard.ts';
import { type ListState, useListState } from '../list-state.ts';
import type { Filters } from '../queries.ts';
import { type Column, DataTable } from './data-table.tsx';
import { Empty } from './empty.tsx';
import { SearchInput } from './filters.tsx';
import { Section } from './section.tsx';

interface TextFilter {
  name: string;
  label: string;
  placeholder: string;
}

interface ChoiceFilter extends TextFilter {
  choices: readonly (string | { value: string; label: string })[];
  width: number;
  searchable?: boolean;
}

interface EmptyText {
  title: string;
  text: ReactNode;
  action?: ReactNode;
}

interface Props<T> {
  label: string;
  noun: [one: string, many: string];
  /** Asks for a page; the key must hold the filters. */
  // biome-ignore lint/suspicious/noExplicitAny: the key is the query's own
  query: (filters: Filters) => UseQueryOptions<Paged<T>, Error, Paged<T>, any>;
  filters: readonly (TextFilter | ChoiceFilter)[];
  /** Filters that only a link sets. */
  hiddenFilters?: readonly string[];
  columns: Column<T>[];
  rowKey: (row: T) => string;
  /** What it is sorted by when the address says nothing; without it the list has one order. */
  sortedBy?: string;
  icon: ReactNode;
  /** In place of rows: when there are none at all, and when none fits the filters. */
  none: EmptyText;
  noMatch: EmptyText;
}

/** A list with its filters: what it shows is in the address of the page. */
export function FilteredList<T>(props: Props<T>) {
  const { label, noun, query, filters, hiddenFilters = [], columns, rowKey, sortedBy, icon, none, noMatch } = props;
  const state = useListState();
  const { page, perPage, sort, order } = state;
  const names = [...filters.map(({ name }) => name), ...hiddenFilters];
  const values = Object.fromEntries(names.map((name) => [name, state.filter(name)]));
  const found = useQuery(query({ page, perPage, ...(sortedBy && { sort, order }), ...values }));
  const { title, text, action } = Object.values(values).some((value) => value !== '') ? noMatch : none;
  return (
    <Section>
      <Stack>
        <Group gap="sm">
          {filters.map((filter) =>
            'choices' in filter ? (
              <Choice key={filter.name} filter={filter} state={state} />
            ) : (
              <SearchInput key={filter.name} state={state} {...filter} />
            ),
          )}
        </Group>
        <DataTable
          {...{ label, columns, rowKey, found, state, noun }}
          {...(sortedBy && { sortedBy })}
          empty={
            <Empty icon={icon} title={title} action={action}>
              {text}
            </Empty>
          }
        />
      </Stack>
    </Section>
  );
}

function Choice({ filter, state }: { filter: ChoiceFilter; state: ListState }) {
  const { name, label, placeholder, choices, width, searchable = false } = filter;
  return (
    <Select
      aria-label={label}
      placeholder={placeholder}
      clearable
      searchable={searchable}
      w={width}
      data={[...choices]}
      value={state.filter(name) || null}
      onChange={(value) => state.setFilters({ [name]: value ?? undefined })}
    />
  );
}
