import {
  Alert,
  Box,
  Button,
  Checkbox,
  Collapse,
  Fieldset,
  Grid,
  Group,
  NumberInput,
  SegmentedControl,
  Stack,
  Switch,
  Tabs,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { EVENT_TYPES } from '../../../src/protocol/events.ts';
import { pathTo } from '../../paths.ts';
import { ApiError, api } from '../api.ts';
import { CodeBlock } from '../parts/code-block.tsx';
import { PageFrame } from '../parts/page.tsx';
import classes from '../parts/parts.module.css';
import { Section } from '../parts/section.tsx';
import { tell } from '../parts/toasts.tsx';
import { me, type Room } from '../queries.ts';
import { CompositionFields } from './composition-fields.tsx';
import { curlCode, fetchCode, sdkCode } from './room-code.ts';
import { checks, EMPTY_FORM, formField, type RoomForm, toBody } from './room-wish.ts';

const PATTERNS = ['*', 'session-*', 'participant-*', 'recording-*', 'hls-*', 'livestream-*'];

type Form = UseFormReturnType<RoomForm>;

export function Page() {
  const form = useForm<RoomForm>({
    mode: 'controlled',
    initialValues: EMPTY_FORM,
    validateInputOnBlur: true,
    validate: {
      customRoomId: checks.customRoomId,
      webhook: { endPoint: checks.endPoint, events: checks.events },
      autoClose: { minutes: checks.minutes },
      recording: { templateUrl: checks.templateUrl, gridSize: checks.gridSize, dirPath: checks.dirPath },
      hls: { templateUrl: checks.templateUrl, gridSize: checks.gridSize },
      geoFence: checks.geoFence,
      allowedParticipantIds: checks.allowedParticipantIds,
    },
  });
  const { data: who } = useQuery(me);
  const create = useCreation(form);
  const body = toBody(form.values);
  return (
    <PageFrame
      title="New room"
      above={[{ name: 'Rooms', to: pathTo('rooms') }]}
      description="Everything is optional: an empty form makes a room that anybody with a token may join."
    >
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, lg: 7 }}>
          <form onSubmit={form.onSubmit(() => create.mutate())} noValidate aria-label="New room">
            <Stack gap="lg">
              {create.error && (
                <Alert color="red" icon={<IconAlertTriangle size={18} />} title="The room was not created" role="alert">
                  {create.error.message}
                </Alert>
              )}
              <Naming form={form} />
              <Webhook form={form} />
              <AutoClose form={form} />
              <Section title="Auto start" description="What begins by itself when the first one joins">
                <Stack>
                  <CompositionFields
                    form={form}
                    kind="recording"
                    label="Record every session"
                    description="The whole room into one file."
                  />
                  <CompositionFields
                    form={form}
                    kind="hls"
                    label="Stream every session as HLS"
                    description="For any number of viewers who only watch."
                  />
                </Stack>
              </Section>
              <Access form={form} />
              <Group justify="flex-end">
                <Button variant="default" component={Link} to={pathTo('rooms')}>
                  Cancel
                </Button>
                <Button type="submit" loading={create.isPending}>
                  Create room
                </Button>
              </Group>
            </Stack>
          </form>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 5 }}>
          <Box className={classes.sticky}>
            <SameAsCode body={body} server={who?.publicUrl ?? location.origin} />
          </Box>
        </Grid.Col>
      </Grid>
    </PageFrame>
  );
}

function useCreation(form: Form) {
  const navigate = useNavigate();
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api<Room>('POST', '/v2/rooms', toBody(form.values)),
    onSuccess: async (room) => {
      const isKnown = Date.now() - Date.parse(room.createdAt) > 60_000;
      tell.done(isKnown ? 'That custom id already has a room: here it is, unchanged.' : 'The room is created.');
      await client.invalidateQueries({ queryKey: ['rooms'] });
      await navigate({ to: pathTo('room', { roomId: room.roomId }) });
    },
    onError: (error) => {
      if (!(error instanceof ApiError)) return;
      for (const { field, allowed } of error.details) form.setFieldError(formField(field), allowed);
    },
  });
}

function Naming({ form }: { form: Form }) {
  return (
    <Section title="Name">
      <TextInput
        label="Custom room id"
        description="A name of yours. Creating it again returns the same room, so it is safe to repeat."
        placeholder="weekly-standup"
        maxLength={256}
        {...form.getInputProps('customRoomId')}
      />
    </Section>
  );
}

function Webhook({ form }: { form: Form }) {
  return (
    <Section title="Webhook" description="Where the events of this room are sent">
      <Stack>
        <TextInput
          label="Receiver"
          description="Gets a POST for each event, retried for about three days."
          placeholder="https://example.com/hooks/rooms"
          inputMode="url"
          maxLength={512}
          {...form.getInputProps('webhook.endPoint')}
        />
        <TagsInput
          label="Events"
          description="Leave empty for every event; * stands for any characters."
          placeholder={form.values.webhook.events.length === 0 ? 'every event' : ''}
          data={[
            { group: 'Patterns', items: PATTERNS },
            { group: 'Events', items: [...EVENT_TYPES] },
          ]}
          disabled={form.values.webhook.endPoint === ''}
          clearable
          {...form.getInputProps('webhook.events')}
        />
      </Stack>
    </Section>
  );
}

function AutoClose({ form }: { form: Form }) {
  return (
    <Section title="Auto close">
      <Switch
        label="Set when a session is closed although people are in it"
        description="Otherwise after 480 minutes, and the room stays open."
        {...form.getInputProps('autoClose.on', { type: 'checkbox' })}
      />
      <Collapse expanded={form.values.autoClose.on} keepMounted={false}>
        <Stack pt="md" gap="sm">
          <div>
            <Text size="sm" fw={500} mb={4} id="auto-close-type">
              When a session ends
            </Text>
            <SegmentedControl
              aria-labelledby="auto-close-type"
              data={[
                { value: 'session-ends', label: 'Keep the room' },
                { value: 'session-end-and-deactivate', label: 'Deactivate the room' },
              ]}
              {...form.getInputProps('autoClose.type')}
            />
          </div>
          <NumberInput
            label="Minutes after its start"
            min={0.01}
            max={525_600}
            maw={240}
            {...form.getInputProps('autoClose.minutes')}
          />
        </Stack>
      </Collapse>
    </Section>
  );
}

function Access({ form }: { form: Form }) {
  const multi = (name: keyof RoomForm['multiComposition'], label: string) => (
    <Checkbox label={label} {...form.getInputProps(`multiComposition.${name}`, { type: 'checkbox' })} />
  );
  return (
    <Section title="More">
      <Stack>
        <TagsInput
          label="Allowed participant ids"
          description="Only these may join, each with the id it joins with. Empty lets everybody with a token in."
          placeholder={form.values.allowedParticipantIds.length === 0 ? 'everybody' : ''}
          splitChars={[',', ' ', '\n']}
          clearable
          {...form.getInputProps('allowedParticipantIds')}
        />
        <Fieldset
          variant="unstyled"
          legend={
            <Text size="sm" fw={500} component="span">
              Several at once
            </Text>
          }
        >
          <Text size="xs" c="dimmed" mb={6}>
            Whether more than one of a kind may run in the same session.
          </Text>
          <Group gap="lg">
            {multi('recording', 'Recordings')}
            {multi('hls', 'HLS streams')}
            {multi('rtmp', 'RTMP livestreams')}
          </Group>
        </Fieldset>
        <TextInput
          label="Geo fence"
          description="Region code. Kept with the room for compatibility; this server has one region. It replaces the discontinued field region, which is ignored."
          placeholder="eu001"
          maxLength={64}
          {...form.getInputProps('geoFence')}
        />
      </Stack>
    </Section>
  );
}

function SameAsCode({ body, server }: { body: Record<string, unknown>; server: string }) {
  const shown = [
    { value: 'curl', label: 'curl', code: curlCode(body, server) },
    { value: 'sdk', label: 'Node SDK', code: sdkCode(body, server) },
    { value: 'fetch', label: 'fetch', code: fetchCode(body, server) },
    { value: 'json', label: 'JSON', code: JSON.stringify(body, null, 2) },
  ];
  return (
    <Section title="The same as code" description="Follows the form as you fill it in">
      <Tabs defaultValue="curl" keepMounted={false}>
        <Tabs.List mb="sm">
          {shown.map(({ value, label }) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {shown.map(({ value, label, code }) => (
          <Tabs.Panel key={value} value={value}>
            <CodeBlock code={code} label={label} maxHeight={520} />
          </Tabs.Panel>
        ))}
      </Tabs>
      <Text size="sm" c="dimmed" mt="sm">
        A token comes from{' '}
        <Link to={pathTo('tokens')} className={classes.textLink}>
          the token builder
        </Link>{' '}
        or from your backend, signed with the API secret.
      </Text>
    </Section>
  );
}
