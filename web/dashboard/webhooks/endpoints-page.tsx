import {
  Alert,
  Badge,
  Button,
  Group,
  PasswordInput,
  Progress,
  SimpleGrid,
  Stack,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconPlugConnected } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { EVENT_TYPES } from '../../../src/protocol/events.ts';
import { pathTo } from '../../paths.ts';
import { ApiError, api } from '../api.ts';
import { checks } from '../new-room/room-wish.ts';
import { Empty } from '../parts/empty.tsx';
import { Failure } from '../parts/failure.tsx';
import { whole } from '../parts/format.ts';
import { Copy } from '../parts/identifier.tsx';
import classes from '../parts/parts.module.css';
import { Section } from '../parts/section.tsx';
import { Ago } from '../parts/times.tsx';
import { tell } from '../parts/toasts.tsx';
import { type Endpoint, endpoints, webhookSettings } from '../queries.ts';
import { WebhooksFrame } from './webhooks-frame.tsx';

export function Page() {
  const { data, error, refetch } = useQuery(endpoints);
  return (
    <WebhooksFrame tab={pathTo('webhookEndpoints')}>
      <Stack gap="lg">
        <KeyReceiver />
        <Section title="Receivers" description="Everything that got events in the last seven days, or is disabled">
          {error && !data && <Failure error={error} retry={refetch} />}
          {data?.data.length === 0 && (
            <Empty icon={<IconPlugConnected size={26} />} title="No receivers yet">
              They show here with the first event that is sent to them.
            </Empty>
          )}
          <Stack gap="md">
            {data?.data.map((endpoint) => (
              <Receiver key={endpoint.url} endpoint={endpoint} />
            ))}
          </Stack>
        </Section>
      </Stack>
    </WebhooksFrame>
  );
}

function Receiver({ endpoint }: { endpoint: Endpoint }) {
  const client = useQueryClient();
  const { url, delivered, queued, retrying, dead, lastDeliveredAt, lastError, disabled } = endpoint;
  const total = delivered + queued + retrying + dead;
  const enable = useMutation({
    mutationFn: () => api('POST', '/v2/webhooks/endpoints/enable', { url }),
    onSuccess: async () => {
      tell.done('Enabled. What was given up meanwhile can be replayed.');
      await client.invalidateQueries({ queryKey: ['endpoints'] });
    },
    onError: tell.failed,
  });
  const state = disabled
    ? { color: 'red', word: 'Disabled' }
    : retrying > 0 || dead > 0
      ? { color: 'orange', word: 'Failing' }
      : { color: 'teal', word: 'Healthy' };
  const parts = [
    { value: delivered, color: 'teal.7', word: 'accepted' },
    { value: queued, color: 'gray.5', word: 'queued' },
    { value: retrying, color: 'orange.7', word: 'retrying' },
    { value: dead, color: 'red.7', word: 'given up' },
  ];
  return (
    <div className={classes.card}>
      <Group justify="space-between" gap="xs" align="flex-start">
        <Text fw={600} size="sm" style={{ overflowWrap: 'anywhere' }} flex="1 1 14rem">
          {url}
        </Text>
        <Badge variant="light" color={state.color} tt="none">
          {state.word}
        </Badge>
      </Group>
      {total > 0 && (
        <Progress.Root size="sm" my="xs">
          {parts.map(({ value, color, word }) => (
            <Progress.Section
              key={word}
              value={(100 * value) / total}
              color={color}
              aria-label={`${whole(value)} ${word}`}
            />
          ))}
        </Progress.Root>
      )}
      <Group gap="md">
        {parts.map(({ value, word }) => (
          <Text size="sm" key={word} {...(value === 0 && { c: 'dimmed' })}>
            <b>{whole(value)}</b> {word}
          </Text>
        ))}
        <Group gap={4}>
          <Text size="sm" c="dimmed">
            Last accepted
          </Text>
          <Ago at={lastDeliveredAt} size="sm" c="dimmed" />
        </Group>
      </Group>
      {lastError && (
        <Text size="sm" c="dimmed" mt={4}>
          Last failure: {lastError}
        </Text>
      )}
      {disabled && (
        <Alert color="red" mt="sm" title={`Disabled: ${disabled.reason}`}>
          <Group justify="space-between">
            <Text size="sm">It gets nothing more until you enable it again.</Text>
            <Button size="xs" loading={enable.isPending} onClick={() => enable.mutate()}>
              Enable
            </Button>
          </Group>
        </Alert>
      )}
    </div>
  );
}

/** One receiver for all rooms of the key that is signed in. */
function KeyReceiver() {
  const { data, error, refetch } = useQuery(webhookSettings);
  return (
    <Section title="Receiver of all rooms" description="Of this API key, beside what each room asks for">
      {data ? (
        <SettingsForm
          key={JSON.stringify(data)}
          endPoint={data.endPoint ?? ''}
          events={data.events ?? []}
          secret={data.signingSecret}
        />
      ) : (
        error && <Failure error={error} retry={refetch} />
      )}
    </Section>
  );
}

function SettingsForm({ endPoint, events, secret }: { endPoint: string; events: string[]; secret: string }) {
  const client = useQueryClient();
  const form = useForm({
    initialValues: { endPoint, events },
    validate: { endPoint: checks.endPoint, events: checks.events },
  });
  const save = useMutation({
    mutationFn: (values: typeof form.values) =>
      api('PUT', '/v2/webhooks/settings', {
        ...(values.endPoint && { endPoint: values.endPoint }),
        ...(values.events.length > 0 && { events: values.events }),
      }),
    onSuccess: async () => {
      tell.done('Saved. It counts for events from now on.');
      await client.invalidateQueries({ queryKey: ['webhook-settings'] });
    },
    onError: (problem) => {
      if (problem instanceof ApiError) form.setFieldError('endPoint', problem.message);
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values))} noValidate>
      <Stack>
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <TextInput
            label="Address"
            description="Empty for none."
            placeholder="https://example.com/hooks/roomful"
            inputMode="url"
            maxLength={512}
            {...form.getInputProps('endPoint')}
          />
          <TagsInput
            label="Events"
            description="Empty for all; * stands for any characters."
            placeholder={form.values.events.length === 0 ? 'every event' : ''}
            data={['*', 'session-*', 'participant-*', 'recording-*', 'hls-*', ...EVENT_TYPES]}
            clearable
            {...form.getInputProps('events')}
          />
        </SimpleGrid>
        <Group align="flex-end" gap="xs">
          <Group align="flex-end" gap={4} wrap="nowrap" flex="1 1 18rem" maw={520}>
            <PasswordInput
              label="Signing secret"
              description="Of the Standard Webhooks header webhook-signature."
              value={secret}
              readOnly
              flex={1}
              miw={0}
              visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the signing secret' }}
            />
            <Copy value={secret} label="signing secret" />
          </Group>
          <Button type="submit" ml="auto" loading={save.isPending} disabled={!form.isDirty()}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
