import { Button, Group, Select, Stack, Tabs } from '@mantine/core';
import { IconPlayerRecordFilled } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { EgressKind } from '../../../src/protocol/egress.ts';
import { pathTo } from '../../paths.ts';
import { useListState } from '../list-state.ts';
import { DataTable } from '../parts/data-table.tsx';
import { Empty } from '../parts/empty.tsx';
import { SearchInput } from '../parts/filters.tsx';
import { PageFrame } from '../parts/page.tsx';
import { Section } from '../parts/section.tsx';
import { egresses } from '../queries.ts';
import { EGRESS_WORDS } from '../words.ts';
import { egressColumns, KIND_ICONS } from './egress-columns.tsx';
import { type Asked, EndEgress, lowered } from './end-egress.tsx';
import { LISTS } from './resources.ts';
import { StartEgress } from './start-egress.tsx';

const STATES = [
  { value: 'running', label: 'Running or waiting' },
  { value: 'queued', label: 'Waiting for a slot' },
  { value: 'completed', label: 'Finished' },
  { value: 'failed', label: 'Failed or called off' },
];

/** All recordings, HLS streams or livestreams of an owner. */
export function EgressList({ kind, empty }: { kind: EgressKind; empty: ReactNode }) {
  const state = useListState();
  const [asked, setAsked] = useState<Asked>();
  const [starting, setStarting] = useState(false);
  const { page, perPage, sort, order } = state;
  const [search, status] = [state.filter('search'), state.filter('status')];
  const found = useQuery(egresses({ kind, page, perPage, sort, order, search, status }));
  const { one, many } = EGRESS_WORDS[kind];
  const Icon = KIND_ICONS[kind];
  const start = (
    <Button leftSection={<IconPlayerRecordFilled size={16} />} onClick={() => setStarting(true)}>
      Record or stream
    </Button>
  );
  return (
    <EgressFrame kind={kind} actions={start}>
      <Section>
        <Stack>
          <Group gap="sm">
            <SearchInput
              state={state}
              name="search"
              label={`Search ${lowered(many)}`}
              placeholder="Part of a room id, custom id, session id or id"
            />
            <Select
              aria-label="State"
              placeholder="Any state"
              clearable
              w={200}
              data={STATES}
              value={status || null}
              onChange={(value) => state.setFilters({ status: value ?? undefined })}
            />
          </Group>
          <DataTable
            label={many}
            columns={egressColumns({ kind, ask: setAsked })}
            rowKey={({ id }) => id}
            found={found}
            state={state}
            sortedBy="created"
            noun={[lowered(one), lowered(many)]}
            empty={
              search || status ? (
                <Empty icon={<Icon size={26} />} title={`No ${lowered(one)} matches`}>
                  Try fewer letters, or another state.
                </Empty>
              ) : (
                <Empty
                  icon={<Icon size={26} />}
                  title={`No ${lowered(many)} yet`}
                  action={
                    <>
                      {start}
                      <Button variant="default" component={Link} to={pathTo('newRoom')}>
                        New room that starts by itself
                      </Button>
                    </>
                  }
                >
                  {empty}
                </Empty>
              )
            }
          />
        </Stack>
      </Section>
      <StartEgress opened={starting} onClose={() => setStarting(false)} kind={kind} />
      <EndEgress asked={asked} onClose={() => setAsked(undefined)} />
    </EgressFrame>
  );
}

/** The three lists, with the way between them. */
function EgressFrame({ kind, actions, children }: { kind: EgressKind; actions: ReactNode; children: ReactNode }) {
  const navigate = useNavigate();
  return (
    <PageFrame
      title="Recordings and streams"
      description="What leaves a session as one picture and one sound: files, HLS for viewers, RTMP to other services."
      actions={actions}
    >
      <Tabs value={kind} onChange={(it) => it && void navigate({ to: LISTS[it as EgressKind] })} keepMounted={false}>
        <Tabs.List>
          {Object.entries(EGRESS_WORDS).map(([it, { tab }]) => (
            <Tabs.Tab key={it} value={it}>
              {tab}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={kind} pt="lg">
          {children}
        </Tabs.Panel>
      </Tabs>
    </PageFrame>
  );
}
