import {
  ActionIcon,
  Alert,
  Button,
  Fieldset,
  Group,
  Modal,
  PasswordInput,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { type UseFormReturnType, useForm } from '@mantine/form';
import { IconAlertTriangle, IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type EgressKind, MAX_OUTPUTS } from '../../../src/protocol/egress.ts';
import { ApiError, api } from '../api.ts';
import { CompositionOptions } from '../new-room/composition-fields.tsx';
import { tell } from '../parts/toasts.tsx';
import { rooms } from '../queries.ts';
import { EGRESS_WORDS } from '../words.ts';
import { checks, EMPTY_OUTPUT, emptyStart, formField, type StartForm, startBody } from './egress-wish.ts';
import { RESOURCES } from './resources.ts';

interface Props {
  opened: boolean;
  onClose: () => void;
  kind?: EgressKind;
  /** Otherwise one of those that somebody is in is chosen. */
  room?: { roomId: string; name: string };
}

/** Starts a recording, HLS stream or livestream of a live session. */
export function StartEgress({ opened, onClose, kind = 'recording', room }: Props) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={<Text fw={650}>{room ? `Record or stream ${room.name}` : 'Record or stream a room'}</Text>}
      size="lg"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <StartFields onClose={onClose} kind={kind} room={room} />
    </Modal>
  );
}

/** Three beside each other on a phone. */
const KINDS: Record<EgressKind, string> = { recording: 'Recording', hls: 'HLS', livestream: 'Livestream' };

type Form = UseFormReturnType<StartForm>;

function StartFields({
  onClose,
  kind,
  room,
}: {
  onClose: () => void;
  kind: EgressKind;
  room: Props['room'] | undefined;
}) {
  const form = useForm<StartForm>({
    mode: 'controlled',
    initialValues: emptyStart(kind, room?.roomId ?? ''),
    validateInputOnBlur: true,
    validate: {
      roomId: checks.roomId,
      webhookUrl: checks.webhookUrl,
      look: { templateUrl: checks.templateUrl, gridSize: checks.gridSize, dirPath: checks.dirPath },
      outputs: { url: checks.url },
    },
  });
  const start = useStart(form, onClose);
  const { values } = form;
  return (
    <form onSubmit={form.onSubmit(() => start.mutate())} noValidate aria-label="Record or stream">
      <Stack>
        {start.error && (
          <Alert color="red" icon={<IconAlertTriangle size={18} />} title="It was not started" role="alert">
            {start.error.message}
          </Alert>
        )}
        <SegmentedControl
          aria-label="What to start"
          fullWidth
          size="sm"
          data={Object.entries(KINDS).map(([value, label]) => ({ value, label }))}
          {...form.getInputProps('kind')}
        />
        {!room && <LiveRoom form={form} />}
        {values.kind === 'livestream' && <Outputs form={form} />}
        <CompositionOptions
          kind={values.kind}
          values={values.look}
          input={(name, options) => form.getInputProps(`look.${name}`, options)}
        />
        {values.kind === 'recording' && (
          <Select
            label="File"
            description="Container of the recording."
            data={[
              { value: 'mp4', label: 'MP4, plays everywhere' },
              { value: 'webm', label: 'WebM, free codecs' },
            ]}
            allowDeselect={false}
            {...form.getInputProps('fileFormat')}
          />
        )}
        <TextInput
          label="Receiver"
          description="Gets the events of this one, beside the room's webhook."
          placeholder="https://example.com/hooks/recordings"
          inputMode="url"
          maxLength={512}
          {...form.getInputProps('webhookUrl')}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={start.isPending}>
            Start
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function useStart(form: Form, onClose: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api('POST', `${RESOURCES[form.values.kind]}/start`, startBody(form.values)),
    onSuccess: async () => {
      tell.done(`${EGRESS_WORDS[form.values.kind].one}: asked for, and shown here as it goes on.`);
      onClose();
      await client.invalidateQueries({ queryKey: ['egresses'] });
    },
    onError: (error) => {
      if (!(error instanceof ApiError)) return;
      for (const { field, allowed } of error.details) form.setFieldError(formField(field), allowed);
    },
  });
}

function LiveRoom({ form }: { form: Form }) {
  const { data } = useQuery(rooms({ status: 'live', sort: 'lastUsed', perPage: 100 }));
  if (data?.data.length === 0) {
    return (
      <Alert color="yellow">
        Nobody is in a room now. As soon as somebody joins one, it can be recorded and streamed.
      </Alert>
    );
  }
  return (
    <Select
      label="Room"
      description="Of those that somebody is in."
      placeholder={data ? 'Choose a room' : 'Looking for rooms'}
      searchable
      data={(data?.data ?? []).map(({ roomId, customRoomId }) => ({ value: roomId, label: customRoomId ?? roomId }))}
      nothingFoundMessage="Nobody is in a room of that name"
      {...form.getInputProps('roomId')}
      value={form.values.roomId || null}
      onChange={(value) => form.setFieldValue('roomId', value ?? '')}
    />
  );
}

function Outputs({ form }: { form: Form }) {
  const { outputs } = form.values;
  return (
    <Fieldset legend="Where it goes">
      <Stack gap="sm">
        {outputs.map((_, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: an output is known by nothing but its place
          <Group key={index} gap="xs" align="flex-start">
            <TextInput
              label="RTMP address"
              placeholder="rtmps://live.example.com/app"
              inputMode="url"
              flex="2 1 14rem"
              {...form.getInputProps(`outputs.${index}.url`)}
            />
            <PasswordInput
              label="Stream key"
              autoComplete="off"
              flex="1 1 10rem"
              visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the stream key' }}
              {...form.getInputProps(`outputs.${index}.streamKey`)}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              mt={26}
              aria-label={`Remove server ${index + 1}`}
              disabled={outputs.length === 1}
              onClick={() => form.removeListItem('outputs', index)}
            >
              <IconTrash size={18} />
            </ActionIcon>
          </Group>
        ))}
        <Group>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconPlus size={14} />}
            disabled={outputs.length >= MAX_OUTPUTS}
            onClick={() => form.insertListItem('outputs', EMPTY_OUTPUT)}
          >
            Another server
          </Button>
        </Group>
      </Stack>
    </Fieldset>
  );
}
