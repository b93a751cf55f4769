import { IconHistory } from '@tabler/icons-react';
import { FilteredList } from './parts/filtered-list.tsx';
import { PageFrame } from './parts/page.tsx';
import { sessions } from './queries.ts';
import { sessionColumns } from './session-columns.tsx';

const COLUMNS = sessionColumns({ withRoom: true });
const FILTERS = [
  { name: 'search', label: 'Search sessions', placeholder: 'Part of a room id, custom id or session id' },
  {
    name: 'status',
    label: 'State',
    placeholder: 'Any state',
    width: 170,
    choices: [
      { value: 'ongoing', label: 'Live now' },
      { value: 'ended', label: 'Ended' },
    ],
  },
];

export function Page() {
  return (
    <PageFrame
      title="Sessions"
      description="One occupancy of a room: from the first who enters to the last who leaves."
    >
      <FilteredList
        label="Sessions"
        noun={['session', 'sessions']}
        query={sessions}
        filters={FILTERS}
        columns={COLUMNS}
        rowKey={(row) => row.sessionId}
        sortedBy="started"
        icon={<IconHistory size={26} />}
        none={{ title: 'No sessions yet', text: 'The first session begins when a participant joins a room.' }}
        noMatch={{ title: 'No session matches', text: 'Try fewer letters, or another state.' }}
      />
    </PageFrame>
  );
}
