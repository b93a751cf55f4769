import { Alert, Box, Button, Center, Code, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMatchRoute } from '@tanstack/react-router';
import { useEffect } from 'react';
import { PAGES } from '../paths.ts';
import logo from '../ui/roomful.svg';
import { api } from './api.ts';
import { me } from './queries.ts';

export function SignIn() {
  const client = useQueryClient();
  const form = useForm({
    initialValues: { apiKey: '', secret: '' },
    validate: {
      apiKey: (text) => (text.trim() ? null : 'Enter the API key.'),
      secret: (text) => (text ? null : 'Enter its secret.'),
    },
  });
  const signIn = useMutation({
    mutationFn: ({ apiKey, secret }: typeof form.values) =>
      api('POST', '/sign-in', { apiKey: apiKey.trim(), secret: secret.trim() }),
    onSuccess: async () => {
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' });
      await client.fetchQuery({ ...me, staleTime: 0 });
    },
  });
  useEffect(() => {
    document.title = 'Sign in · Roomful';
  }, []);
  return (
    <Center mih="100vh" p="md" component="main">
      <Box w="100%" maw={400}>
        <Stack align="center" gap={6} mb="lg">
          <img src={logo} alt="" width={44} height={44} />
          <Title order={1} fz="1.375rem">
            Sign in to Roomful
          </Title>
          <Text c="dimmed" size="sm" ta="center">
            Rooms, sessions and webhooks of your own server
          </Text>
        </Stack>
        <HalfALink />
        <Paper withBorder p="lg" shadow="sm">
          <form onSubmit={form.onSubmit((values) => signIn.mutate(values))} noValidate>
            <Stack>
              {signIn.error && (
                <Alert color="red" icon={<IconAlertTriangle size={18} />} role="alert">
                  {signIn.error.message}
                </Alert>
              )}
              <TextInput
                label="API key"
                placeholder="b7f0c1de-5d1c-4e6a-9a55-0d8a4f6f2c11"
                autoComplete="username"
                spellCheck={false}
                data-autofocus
                autoFocus
                maxLength={128}
                {...form.getInputProps('apiKey')}
              />
              <PasswordInput
                label="Secret"
                autoComplete="current-password"
                maxLength={1024}
                visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the secret' }}
                {...form.getInputProps('secret')}
              />
              <Button type="submit" loading={signIn.isPending} fullWidth>
                Sign in
              </Button>
            </Stack>
          </form>
        </Paper>
        <Text size="sm" c="dimmed" mt="md" ta="center">
          The server prints both when it first starts. Later, on its machine:{' '}
          <Code>npm run roomful -- keys list --secrets</Code>
        </Text>
      </Box>
    </Center>
  );
}

/** A recording is for its owner here; what lets everybody else in follows the # of its address. */
function HalfALink() {
  const isRecording = useMatchRoute()({ to: PAGES.recording });
  if (!isRecording) return null;
  return (
    <Alert color="indigo" icon={<IconInfoCircle size={18} />} title="Did somebody send you this link?" mb="lg">
      Then it is not whole: ask for all of it, with what follows the #. The owner of the recording signs in here.
    </Alert>
  );
}
