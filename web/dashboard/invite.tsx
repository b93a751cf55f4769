import { Alert, Anchor, Button, Checkbox, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation } from '@tanstack/react-query';
import type { Static } from 'typebox';
import type { Invite as InviteAnswer } from '../../src/protocol/rest/invites.ts';
import { api } from './api.ts';
import { CodeBlock } from './parts/code-block.tsx';
import { dateTime } from './parts/format.ts';

const TIMES = [
  { value: '3600', label: '1 hour' },
  { value: '86400', label: '1 day' },
  { value: '604800', label: '7 days' },
  { value: '2592000', label: '30 days' },
];

/** Makes a link that lets a guest into a room without a token of their own. */
export function Invite({ roomId, opened, onClose }: { roomId: string; opened: boolean; onClose: () => void }) {
  const form = useForm({ initialValues: { name: '', expiresIn: '604800', ask: false, moderator: false } });
  const make = useMutation({
    mutationFn: ({ name, expiresIn, ask, moderator }: typeof form.values) =>
      api<Static<typeof InviteAnswer>>('POST', `/v2/rooms/${encodeURIComponent(roomId)}/invite`, {
        ...(name.trim() && { name: name.trim() }),
        expiresIn: Number(expiresIn),
        permissions: ask ? ['ask_join'] : ['allow_join', ...(moderator ? ['allow_mod'] : [])],
      }),
  });
  const close = () => {
    make.reset();
    form.reset();
    onClose();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={<Text fw={650}>Invite to this room</Text>}
      size="lg"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {make.data ? (
        <Stack>
          <CodeBlock code={make.data.url} label="invite link" />
          <Text size="sm" c="dimmed">
            Works until {dateTime(make.data.expiresAt)}. Whoever has it may join; deactivating the room ends it.
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => make.reset()}>
              Make another
            </Button>
            <Button component="a" href={make.data.url} target="_blank" rel="noreferrer">
              Open the meeting
            </Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={form.onSubmit((values) => make.mutate(values))}>
          <Stack>
            {make.error && (
              <Alert color="red" role="alert">
                {make.error.message}
              </Alert>
            )}
            <TextInput
              label="Name of the guest"
              description="Proposed before they join; they may change it."
              placeholder="optional"
              maxLength={100}
              data-autofocus
              {...form.getInputProps('name')}
            />
            <Select
              label="The link works for"
              data={TIMES}
              allowDeselect={false}
              comboboxProps={{ withinPortal: true }}
              {...form.getInputProps('expiresIn')}
            />
            <Checkbox
              label="They have to ask, and somebody inside lets them in"
              {...form.getInputProps('ask', { type: 'checkbox' })}
            />
            <Checkbox
              label="They may moderate: mute, remove, let in, end"
              disabled={form.values.ask}
              {...form.getInputProps('moderator', { type: 'checkbox' })}
            />
            <Group justify="space-between">
              <Text size="sm" c="dimmed">
                Programs use{' '}
                <Anchor href="/docs" inherit>
                  POST /v2/rooms/{'{roomId}'}/invite
                </Anchor>
              </Text>
              <Button type="submit" loading={make.isPending}>
                Make the link
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
