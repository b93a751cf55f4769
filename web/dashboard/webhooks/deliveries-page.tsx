import { Button } from '@mantine/core';
import { IconReload, IconWebhook } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { EVENT_TYPES } from '../../../src/protocol/events.ts';
import { pathTo } from '../../paths.ts';
import { useListState } from '../list-state.ts';
import { FilteredList } from '../parts/filtered-list.tsx';
import { deliveries } from '../queries.ts';
import { deliveryColumns } from './delivery-columns.tsx';
import { ReplayMany } from './replay-many.tsx';
import { WebhooksFrame } from './webhooks-frame.tsx';

const COLUMNS = deliveryColumns({ withUrl: true });
const FILTERS = [
  { name: 'roomId', label: 'Room id', placeholder: 'Whole room id' },
  {
    name: 'status',
    label: 'State',
    placeholder: 'Any state',
    width: 150,
    choices: [
      { value: 'pending', label: 'Pending' },
      { value: 'delivered', label: 'Delivered' },
      { value: 'dead', label: 'Given up' },
    ],
  },
  { name: 'type', label: 'Event', placeholder: 'Any event', width: 210, searchable: true, choices: EVENT_TYPES },
];

export function Page() {
  const { filter } = useListState();
  const [replaying, setReplaying] = useState(false);
  return (
    <WebhooksFrame
      tab={pathTo('webhooks')}
      actions={
        <Button variant="default" leftSection={<IconReload size={16} />} onClick={() => setReplaying(true)}>
          Replay many
        </Button>
      }
    >
      <FilteredList
        label="Webhook deliveries"
        noun={['delivery', 'deliveries']}
        query={deliveries}
        filters={FILTERS}
        hiddenFilters={['sessionId']}
        columns={COLUMNS}
        rowKey={(row) => row.id}
        icon={<IconWebhook size={26} />}
        none={{
          title: 'Nothing was sent yet',
          text: 'Give a room a webhook when you create it, or set one receiver for all rooms of this API key.',
          action: (
            <>
              <Button component={Link} to={pathTo('webhookEndpoints')}>
                Set a receiver for all rooms
              </Button>
              <Button variant="default" component={Link} to={pathTo('webhookTools')}>
                Send a test event
              </Button>
            </>
          ),
        }}
        noMatch={{ title: 'No delivery matches', text: 'Try another state or event.' }}
      />
      <ReplayMany
        opened={replaying}
        onClose={() => setReplaying(false)}
        initial={{ type: filter('type'), roomId: filter('roomId'), sessionId: filter('sessionId') }}
      />
    </WebhooksFrame>
  );
}
