import { Alert, Button, Checkbox, Grid, Group, Select, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { MintBody } from '../../src/protocol/rest/dashboard.ts';
import { api } from './api.ts';
import { CodeBlock, JsonBlock } from './parts/code-block.tsx';
import { dateTime } from './parts/format.ts';
import { PageFrame } from './parts/page.tsx';
import { Section } from './parts/section.tsx';
import { keys, me } from './queries.ts';

const TIMES = [
  { value: '600', label: '10 minutes' },
  { value: '7200', label: '2 hours' },
  { value: '86400', label: '1 day' },
  { value: '604800', label: '7 days' },
  { value: '2592000', label: '30 days' },
  { value: '31536000', label: '1 year' },
];

interface TokenForm {
  apiKey: string;
  expiresIn: string;
  permissions: string[];
  roles: string[];
  roomId: string;
  participantId: string;
}

export function Page() {
  const { data: who } = useQuery(me);
  const { data: found } = useQuery(keys);
  const form = useForm<TokenForm>({
    initialValues: {
      apiKey: who?.apiKey ?? '',
      expiresIn: '7200',
      permissions: ['allow_join'],
      roles: ['rtc'],
      roomId: '',
      participantId: '',
    },
    validate: {
      permissions: (chosen) =>
        chosen.includes('ask_join') && chosen.length > 1 ? 'Asking to join goes with nothing else.' : null,
      roles: (chosen) => (chosen.length === 0 ? 'Choose what it is for.' : null),
      roomId: (text) => (text.length > 256 ? 'At most 256 characters.' : null),
      participantId: (text) =>
        text.length > 128 || /\s/.test(text) ? 'At most 128 characters, without spaces.' : null,
    },
  });
  const mint = useMutation({ mutationFn: () => api<{ token: string }>('POST', '/tokens', toWish(form.values)) });
  const usable = found?.data.filter(({ disabledAt }) => !disabledAt) ?? [];
  return (
    <PageFrame
      title="Token builder"
      description="A token is what programs and participants show in place of the secret: a JWT with the claims you choose."
    >
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Section title="Claims">
            <form onSubmit={form.onSubmit(() => mint.mutate())} noValidate>
              <Stack>
                <Select
                  label="Signed by"
                  data={usable.map(({ apiKey, name }) => ({
                    value: apiKey,
                    label: `${name} (${apiKey.slice(0, 8)}…)`,
                  }))}
                  allowDeselect={false}
                  {...form.getInputProps('apiKey')}
                />
                <Select label="Good for" data={TIMES} allowDeselect={false} {...form.getInputProps('expiresIn')} />
                <Checkbox.Group
                  label="Permissions"
                  description="Needed for joining."
                  {...form.getInputProps('permissions')}
                >
                  <Stack gap="xs" mt="xs">
                    <Checkbox value="allow_join" label="allow_join: may join at once" />
                    <Checkbox value="ask_join" label="ask_join: has to be let in" />
                    <Checkbox value="allow_mod" label="allow_mod: may moderate" />
                  </Stack>
                </Checkbox.Group>
                <Checkbox.Group
                  label="Roles"
                  description="A backend needs crawler alone; both call what VideoSDK documents, and join."
                  {...form.getInputProps('roles')}
                >
                  <Stack gap="xs" mt="xs">
                    <Checkbox value="crawler" label="crawler: may call the REST API" />
                    <Checkbox value="rtc" label="rtc: may join rooms" />
                  </Stack>
                </Checkbox.Group>
                <TextInput
                  label="Room"
                  description="Good for this room only."
                  placeholder="any room"
                  {...form.getInputProps('roomId')}
                />
                <TextInput
                  label="Participant id"
                  description="Good for this participant only."
                  placeholder="any participant"
                  {...form.getInputProps('participantId')}
                />
                {mint.error && (
                  <Alert color="red" role="alert">
                    {mint.error.message}
                  </Alert>
                )}
                <Group justify="flex-end">
                  <Button type="submit" loading={mint.isPending}>
                    Make the token
                  </Button>
                </Group>
              </Stack>
            </form>
          </Section>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Stack gap="lg">
            <Section
              title={mint.data ? 'Token' : 'Preview'}
              description={mint.data ? undefined : 'The claims as they will be signed'}
            >
              <Stack gap="sm">
                {mint.data && <CodeBlock code={mint.data.token} label="token" />}
                <JsonBlock value={mint.data ? decoded(mint.data.token) : preview(form.values)} label="claims" />
                {mint.data && <Ends token={mint.data.token} />}
              </Stack>
            </Section>
            <Section title="In your backend" description="Where tokens are made in the end: next to your own sign-in">
              <CodeBlock code={backendCode(form.values)} label="code" />
            </Section>
          </Stack>
        </Grid.Col>
      </Grid>
    </PageFrame>
  );
}

function toWish({ apiKey, expiresIn, permissions, roles, roomId, participantId }: TokenForm): MintBody {
  return {
    apiKey,
    expiresInSeconds: Number(expiresIn),
    permissions: permissions as MintBody['permissions'],
    roles: roles as NonNullable<MintBody['roles']>,
    ...(roomId && { roomId }),
    ...(participantId && { participantId }),
  };
}

function preview(form: TokenForm): Record<string, unknown> {
  const { apiKey, expiresInSeconds, ...claims } = toWish(form);
  const now = Math.floor(Date.now() / 1000);
  return { apikey: apiKey, ...claims, version: 2, iat: now, exp: now + expiresInSeconds };
}

function decoded(token: string): unknown {
  const [, payload = ''] = token.split('.');
  const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

function Ends({ token }: { token: string }) {
  const { exp } = decoded(token) as { exp: number };
  return (
    <Text size="sm" c="dimmed">
      Good until {dateTime(exp * 1000)}. It cannot be taken back alone; a new secret ends all tokens of the key.
    </Text>
  );
}

function backendCode(form: TokenForm): string {
  const { apiKey: _, expiresInSeconds, ...claims } = toWish(form);
  const body = JSON.stringify({ apikey: '$KEY', ...claims, version: 2 }, null, 2).replace(
    '"$KEY"',
    'process.env.API_KEY',
  );
  return `import jwt from "jsonwebtoken";

const token = jwt.sign(
  ${body.replaceAll('\n', '\n  ')},
  process.env.API_SECRET,
  { algorithm: "HS256", expiresIn: ${expiresInSeconds} },
);`;
}
