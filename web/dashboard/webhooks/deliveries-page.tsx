import { Button, Group, Select, Stack } from '@mantine/core';
import { IconReload, IconWebhook } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { EVENT_TYPES } from '../../../src/protocol/events.ts';
import { pathTo } from '../../paths.ts';
import { useListState } from '../list-state.ts';
import { DataTable } from '../parts/data-table.tsx';
import { Empty } from '../parts/empty.tsx';
import { SearchInput } from '../parts/filters.tsx';
import { Section } from '../parts/section.tsx';
import { deliveries } from '../queries.ts';
import { deliveryColumns } from './delivery-columns.tsx';
import { ReplayMany } from './replay-many.tsx';
import { WebhooksFrame } from './webhooks-frame.tsx';

const COLUMNS = deliveryColumns({ withUrl: true });
const STATES = [
  { value: 'pending', label: 'Pending' },
  { value: 'delivered', label: 'Delivered' },
  { value: 'dead', label: 'Given up' },
];

export function Page() {
  const state = useListState();
  const [replaying, setReplaying] = useState(false);
  const { page, perPage } = state;
  const [status, type, roomId, sessionId] = ['status', 'type', 'roomId', 'sessionId'].map(state.filter);
  const isFiltered = Boolean(status || type || roomId || sessionId);
  const found = useQuery(deliveries({ page, perPage, status, type, roomId, sessionId }));
  return (
    <WebhooksFrame
      tab={pathTo('webhooks')}
      actions={
        <Button variant="default" leftSection={<IconReload size={16} />} onClick={() => setReplaying(true)}>
          Replay many
        </Button>
      }
    >
      <Section>
        <Stack>
          <Group gap="sm">
            <SearchInput state={state} name="roomId" label="Room id" placeholder="Whole room id" />
            <Select
              aria-label="State"
              placeholder="Any state"
              clearable
              w={150}
              data={STATES}
              value={status || null}
              onChange={(value) => state.setFilters({ status: value ?? undefined })}
            />
            <Select
              aria-label="Event"
              placeholder="Any event"
              clearable
              searchable
              w={210}
              data={[...EVENT_TYPES]}
              value={type || null}
              onChange={(value) => state.setFilters({ type: value ?? undefined })}
            />
          </Group>
          <DataTable
            label="Webhook deliveries"
            columns={COLUMNS}
            rowKey={(row) => row.id}
            found={found}
            state={state}
            noun={['delivery', 'deliveries']}
            empty={
              isFiltered ? (
                <Empty icon={<IconWebhook size={26} />} title="No delivery matches">
                  Try another state or event.
                </Empty>
              ) : (
                <Empty
                  icon={<IconWebhook size={26} />}
                  title="Nothing was sent yet"
                  action={
                    <>
                      <Button component={Link} to={pathTo('webhookEndpoints')}>
                        Set a receiver for all rooms
                      </Button>
                      <Button variant="default" component={Link} to={pathTo('webhookTools')}>
                        Send a test event
                      </Button>
                    </>
                  }
                >
                  Give a room a webhook when you create it, or set one receiver for all rooms of this API key.
                </Empty>
              )
            }
          />
        </Stack>
      </Section>
      <ReplayMany
        opened={replaying}
        onClose={() => setReplaying(false)}
        initial={{ type: type ?? '', roomId: roomId ?? '', sessionId: sessionId ?? '' }}
      />
    </WebhooksFrame>
  );
}
