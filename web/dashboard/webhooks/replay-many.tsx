import {
  Alert,
  Button,
  Group,
  Modal,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { EVENT_TYPES } from '../../../src/protocol/events.ts';
import { api } from '../api.ts';
import { plural } from '../parts/format.ts';
import { tell } from '../parts/toasts.tsx';
import { endpoints } from '../queries.ts';

interface Props {
  opened: boolean;
  onClose: () => void;
  initial: { type: string; roomId: string; sessionId: string };
}

/** Sends a range of ended deliveries again, such as everything that was lost while a receiver was down. */
export function ReplayMany({ opened, onClose, initial }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={<Text fw={650}>Replay many</Text>}
      size="lg"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <ReplayForm onClose={onClose} initial={initial} />
    </Modal>
  );
}

function ReplayForm({ onClose, initial }: Omit<Props, 'opened'>) {
  const client = useQueryClient();
  const { data } = useQuery(endpoints);
  const form = useForm({
    initialValues: { status: 'dead', from: '', to: '', url: '', ...initial },
    validate: {
      to: (to, { from }) => (from && to && to < from ? 'Not before the begin.' : null),
    },
  });
  const replay = useMutation({
    mutationFn: ({ from, to, ...filter }: typeof form.values) =>
      api<{ replayed: number }>('POST', '/v2/webhooks/deliveries/replay', {
        ...Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== '')),
        ...(from && { from: Date.parse(from) }),
        ...(to && { to: Date.parse(to) }),
      }),
    onSuccess: async ({ replayed }) => {
      tell.done(replayed === 0 ? 'Nothing matched.' : `${plural(replayed, 'delivery', 'deliveries')} queued again.`);
      onClose();
      await client.invalidateQueries({ queryKey: ['deliveries'] });
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => replay.mutate(values))}>
      <Stack>
        {replay.error && (
          <Alert color="red" role="alert">
            {replay.error.message}
          </Alert>
        )}
        <SegmentedControl
          aria-label="Which deliveries"
          data={[
            { value: 'dead', label: 'Given up' },
            { value: 'delivered', label: 'Already delivered' },
          ]}
          {...form.getInputProps('status')}
        />
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
          <TextInput type="datetime-local" label="Queued from" {...form.getInputProps('from')} />
          <TextInput type="datetime-local" label="to" {...form.getInputProps('to')} />
          <Select
            label="Event"
            placeholder="any"
            clearable
            searchable
            data={[...EVENT_TYPES]}
            value={form.values.type || null}
            onChange={(value) => form.setFieldValue('type', value ?? '')}
          />
          <Select
            label="Receiver"
            placeholder="any"
            clearable
            data={data?.data.map(({ url }) => url) ?? []}
            value={form.values.url || null}
            onChange={(value) => form.setFieldValue('url', value ?? '')}
          />
          <TextInput label="Room id" placeholder="any" {...form.getInputProps('roomId')} />
          <TextInput label="Session id" placeholder="any" {...form.getInputProps('sessionId')} />
        </SimpleGrid>
        <Text size="sm" c="dimmed">
          Each keeps its id, by which receivers can tell that they have seen it. At most 10,000 at a time; disabled
          receivers are left out.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={replay.isPending}>
            Replay
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
