import { Group, Select, Stack } from '@mantine/core';
import { IconHistory } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useListState } from './list-state.ts';
import { DataTable } from './parts/data-table.tsx';
import { Empty } from './parts/empty.tsx';
import { SearchInput } from './parts/filters.tsx';
import { PageFrame } from './parts/page.tsx';
import { Section } from './parts/section.tsx';
import { sessions } from './queries.ts';
import { sessionColumns } from './session-columns.tsx';

const COLUMNS = sessionColumns({ withRoom: true });

export function Page() {
  const state = useListState();
  const { page, perPage, sort, order } = state;
  const [search, status] = [state.filter('search'), state.filter('status')];
  const found = useQuery(sessions({ page, perPage, sort, order, search, status }));
  return (
    <PageFrame
      title="Sessions"
      description="One occupancy of a room: from the first who enters to the last who leaves."
    >
      <Section>
        <Stack>
          <Group gap="sm">
            <SearchInput
              state={state}
              name="search"
              label="Search sessions"
              placeholder="Part of a room id, custom id or session id"
            />
            <Select
              aria-label="State"
              placeholder="Any state"
              clearable
              w={170}
              data={[
                { value: 'ongoing', label: 'Live now' },
                { value: 'ended', label: 'Ended' },
              ]}
              value={status || null}
              onChange={(value) => state.setFilters({ status: value ?? undefined })}
            />
          </Group>
          <DataTable
            label="Sessions"
            columns={COLUMNS}
            rowKey={(row) => row.sessionId}
            found={found}
            state={state}
            sortedBy="started"
            noun={['session', 'sessions']}
            empty={
              <Empty
                icon={<IconHistory size={26} />}
                title={search || status ? 'No session matches' : 'No sessions yet'}
              >
                {search || status
                  ? 'Try fewer letters, or another state.'
                  : 'The first session begins when somebody joins a room.'}
              </Empty>
            }
          />
        </Stack>
      </Section>
    </PageFrame>
  );
}
