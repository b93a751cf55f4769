import { Button, Tabs } from '@mantine/core';
import { IconPlayerRecordFilled } from '@tabler/icons-react';
import { Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { EgressKind } from '../../../src/protocol/egress.ts';
import { pathTo } from '../../paths.ts';
import { FilteredList } from '../parts/filtered-list.tsx';
import { PageFrame } from '../parts/page.tsx';
import { egresses } from '../queries.ts';
import { EGRESS_WORDS } from '../words.ts';
import { egressColumns, KIND_ICONS } from './egress-columns.tsx';
import { type Asked, EndEgress, lowered } from './end-egress.tsx';
import { LISTS } from './resources.ts';
import { StartEgress } from './start-egress.tsx';

const SEARCH = { name: 'search', placeholder: 'Part of a room id, custom id, session id or id' };
const STATE = {
  name: 'status',
  label: 'State',
  placeholder: 'Any state',
  width: 200,
  choices: [
    { value: 'running', label: 'Running or waiting' },
    { value: 'queued', label: 'Waiting for a slot' },
    { value: 'completed', label: 'Finished' },
    { value: 'failed', label: 'Failed or called off' },
  ],
};

/** All recordings, HLS streams or livestreams of an owner. */
export function EgressList({ kind, empty }: { kind: EgressKind; empty: ReactNode }) {
  const [asked, setAsked] = useState<Asked>();
  const [starting, setStarting] = useState(false);
  const { one, many } = EGRESS_WORDS[kind];
  const Icon = KIND_ICONS[kind];
  const start = (
    <Button leftSection={<IconPlayerRecordFilled size={16} />} onClick={() => setStarting(true)}>
      Record or stream
    </Button>
  );
  return (
    <EgressFrame kind={kind} actions={start}>
      <FilteredList
        label={many}
        noun={[lowered(one), lowered(many)]}
        query={(filters) => egresses({ kind, ...filters })}
        filters={[{ ...SEARCH, label: `Search ${lowered(many)}` }, STATE]}
        columns={egressColumns({ kind, ask: setAsked })}
        rowKey={({ id }) => id}
        sortedBy="created"
        icon={<Icon size={26} />}
        none={{
          title: `No ${lowered(many)} yet`,
          text: empty,
          action: (
            <>
              {start}
              <Button variant="default" component={Link} to={pathTo('newRoom')}>
                New room that starts by itself
              </Button>
            </>
          ),
        }}
        noMatch={{ title: `No ${lowered(one)} matches`, text: 'Try fewer letters, or another state.' }}
      />
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
