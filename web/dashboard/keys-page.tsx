import { ActionIcon, Alert, Badge, Button, Group, Menu, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconBan, IconDots, IconKey, IconPlus, IconRotate, IconUserCheck } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { KeyRow, NewSecretBody } from '../../src/protocol/rest/dashboard.ts';
import { api } from './api.ts';
import { CodeBlock } from './parts/code-block.tsx';
import { Confirm } from './parts/confirm.tsx';
import { type Column, DataTable } from './parts/data-table.tsx';
import { dateTime } from './parts/format.ts';
import { Identifier } from './parts/identifier.tsx';
import { PageFrame } from './parts/page.tsx';
import { Section } from './parts/section.tsx';
import { Ago } from './parts/times.tsx';
import { tell } from './parts/toasts.tsx';
import { keys } from './queries.ts';

type What = 'rotate' | 'end-previous-secret' | 'disable';
type Asked = { what: What; key: KeyRow };

export function Page() {
  const found = useQuery(keys);
  const [creating, setCreating] = useState(false);
  const [asked, setAsked] = useState<Asked>();
  const [made, setMade] = useState<NewSecretBody>();
  const data = found.data && {
    data: found.data.data,
    pageInfo: { currentPage: 1, perPage: found.data.data.length, lastPage: 1, total: found.data.data.length },
  };
  const columns: Column<KeyRow>[] = [
    { header: 'Name', cell: (key) => <Name row={key} /> },
    { header: 'API key', from: 'sm', cell: ({ apiKey }) => <Identifier value={apiKey} label="API key" /> },
    {
      header: 'State',
      cell: ({ disabledAt }) => (
        <Badge variant="light" color={disabledAt ? 'red' : 'teal'} tt="none">
          {disabledAt ? 'Disabled' : 'Active'}
        </Badge>
      ),
    },
    { header: 'Tokens', from: 'sm', cell: (key) => <Tokens row={key} /> },
    { header: 'Created', from: 'sm', cell: ({ createdAt }) => <Ago at={createdAt} size="sm" /> },
    { header: 'Actions', align: 'right', cell: (key) => !key.disabledAt && <Actions row={key} ask={setAsked} /> },
  ];
  return (
    <PageFrame
      title="API keys"
      description="A key and its secret sign tokens. Keys on this page share their rooms; give each program its own."
      actions={
        <Button leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>
          New key
        </Button>
      }
    >
      <Section>
        <DataTable
          label="API keys"
          columns={columns}
          rowKey={({ apiKey }) => apiKey}
          found={{ data, error: found.error, refetch: found.refetch }}
          noun={['key', 'keys']}
          empty={null}
        />
      </Section>
      <Create opened={creating} onClose={() => setCreating(false)} onMade={setMade} />
      <Change asked={asked} onClose={() => setAsked(undefined)} onMade={setMade} />
      <NewSecret made={made} onClose={() => setMade(undefined)} />
    </PageFrame>
  );
}

function Name({ row: { name, current, fromSettings, apiKey } }: { row: KeyRow }) {
  return (
    <Stack gap={2}>
      <Group gap={6}>
        <Text size="sm" fw={600}>
          {name}
        </Text>
        {current && (
          <Badge size="sm" variant="default" tt="none">
            signed in
          </Badge>
        )}
        {fromSettings && (
          <Badge size="sm" variant="default" tt="none">
            from the settings
          </Badge>
        )}
      </Group>
      <Text size="xs" c="dimmed" hiddenFrom="sm" style={{ overflowWrap: 'anywhere' }}>
        {apiKey}
      </Text>
    </Stack>
  );
}

/** Whether tokens need roles, and whether some still come without. */
function Tokens({ row: { rolesRequired, usedWithoutRolesAt, previousSecretUntil } }: { row: KeyRow }) {
  return (
    <Stack gap={2}>
      <Text size="sm">{rolesRequired ? 'with roles only' : 'with or without roles'}</Text>
      {!rolesRequired && usedWithoutRolesAt && (
        <Text size="xs" c="dimmed">
          without: <Ago at={usedWithoutRolesAt} size="xs" />
        </Text>
      )}
      {previousSecretUntil && (
        <Text size="xs" c="dimmed">
          old secret until {dateTime(previousSecretUntil)}
        </Text>
      )}
    </Stack>
  );
}

function Actions({ row, ask }: { row: KeyRow; ask: (asked: Asked) => void }) {
  const client = useQueryClient();
  const setRoles = useMutation({
    mutationFn: (required: boolean) => api('PUT', `/keys/${encodeURIComponent(row.apiKey)}/roles`, { required }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['keys'] }),
    onError: tell.failed,
  });
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${row.name}`}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconRotate size={16} />}
          disabled={row.fromSettings}
          onClick={() => ask({ what: 'rotate', key: row })}
        >
          New secret …
        </Menu.Item>
        {row.previousSecretUntil && (
          <Menu.Item
            leftSection={<IconRotate size={16} />}
            onClick={() => ask({ what: 'end-previous-secret', key: row })}
          >
            End the old secret …
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconUserCheck size={16} />} onClick={() => setRoles.mutate(!row.rolesRequired)}>
          {row.rolesRequired ? 'Take tokens without roles' : 'Take tokens with roles only'}
        </Menu.Item>
        <Menu.Item color="red" leftSection={<IconBan size={16} />} onClick={() => ask({ what: 'disable', key: row })}>
          Disable …
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Create({
  opened,
  onClose,
  onMade,
}: {
  opened: boolean;
  onClose: () => void;
  onMade: (made: NewSecretBody) => void;
}) {
  const client = useQueryClient();
  const form = useForm({
    initialValues: { name: '' },
    validate: { name: (text) => (text.trim() ? null : 'Say what it is for.') },
  });
  const create = useMutation({
    mutationFn: ({ name }: { name: string }) => api<NewSecretBody>('POST', '/keys', { name: name.trim() }),
    onSuccess: async (made) => {
      form.reset();
      onClose();
      onMade(made);
      await client.invalidateQueries({ queryKey: ['keys'] });
    },
    onError: tell.failed,
  });
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={<Text fw={650}>New API key</Text>}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={form.onSubmit((values) => create.mutate(values))}>
        <Stack>
          <TextInput
            label="Name"
            description="What it is for, such as the program that uses it."
            placeholder="Production backend"
            maxLength={100}
            data-autofocus
            {...form.getInputProps('name')}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={create.isPending}>
              Create key
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function Change({
  asked,
  onClose,
  onMade,
}: {
  asked: Asked | undefined;
  onClose: () => void;
  onMade: (made: NewSecretBody) => void;
}) {
  const client = useQueryClient();
  const words = asked && wordsOf(asked);
  const change = useMutation({
    mutationFn: async ({ what, key }: Asked): Promise<NewSecretBody | undefined> => {
      const path = `/keys/${encodeURIComponent(key.apiKey)}/${what}`;
      return what === 'rotate' ? api<NewSecretBody>('POST', path) : void (await api('POST', path));
    },
    onSuccess: async (made, changed) => {
      onClose();
      if (made) onMade(made);
      else tell.done(wordsOf(changed).done);
      await client.invalidateQueries({ queryKey: ['keys'] });
    },
    onError: tell.failed,
  });
  return (
    <Confirm
      opened={asked !== undefined}
      title={words?.title ?? ''}
      action={words?.action ?? ''}
      loading={change.isPending}
      onConfirm={() => asked && change.mutate(asked)}
      onClose={onClose}
    >
      {words?.consequence}
      {asked?.what === 'disable' && asked.key.current && ' You are signed in with this key: you will be signed out.'}
    </Confirm>
  );
}

interface Words {
  title: string;
  action: string;
  done: string;
  consequence: string;
}

function wordsOf({ what, key: { name } }: Asked): Words {
  const all: Record<What, Words> = {
    rotate: {
      title: `New secret for ${name}?`,
      action: 'Make a new secret',
      done: '',
      consequence:
        'The old secret stays good for a day, so that programs can take the new one in turn; you can end it before. One from an earlier rotation ends now.',
    },
    'end-previous-secret': {
      title: `End the old secret of ${name}?`,
      action: 'End the old secret',
      done: 'Only the new secret is good now.',
      consequence:
        'Tokens and invites signed with the old secret are refused within a second, and whoever signed in with it is signed out.',
    },
    disable: {
      title: `Disable ${name}?`,
      action: 'Disable for ever',
      done: 'The key is disabled.',
      consequence:
        'Its tokens are refused within a second and nobody can sign in with it. This cannot be taken back; its rooms stay.',
    },
  };
  return all[what];
}

function NewSecret({ made, onClose }: { made: NewSecretBody | undefined; onClose: () => void }) {
  return (
    <Modal
      opened={made !== undefined}
      onClose={onClose}
      title={<Text fw={650}>{made?.name}</Text>}
      size="lg"
      centered
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack>
        <Alert color="yellow" icon={<IconKey size={18} />}>
          Keep the secret now: it is not shown again.
        </Alert>
        <CodeBlock label="API key" code={made?.apiKey ?? ''} />
        <CodeBlock label="secret" code={made?.secret ?? ''} />
        <Text size="sm" c="dimmed">
          It belongs to the owner {made?.ownerId}, and sees the same rooms as your other keys.
          {made?.previousSecretUntil && ` The old secret is good until ${dateTime(made.previousSecretUntil)}.`}
        </Text>
        <Group justify="flex-end">
          <Button onClick={onClose}>I have kept it</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
