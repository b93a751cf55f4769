import {
  Alert,
  Button,
  Group,
  PasswordInput,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useForm } from '@mantine/form';
import { IconCheck, IconSend, IconX } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Static } from 'typebox';
import { EVENT_TYPES } from '../../../src/protocol/events.ts';
import type { TestResultBody } from '../../../src/protocol/rest/webhooks.ts';
import { pathTo } from '../../paths.ts';
import { ApiError, api } from '../api.ts';
import { webAddress } from '../new-room/room-wish.ts';
import { CodeBlock, JsonBlock } from '../parts/code-block.tsx';
import { latency } from '../parts/format.ts';
import { Section } from '../parts/section.tsx';
import { webhookSettings } from '../queries.ts';
import { type Verdict, verifyRsa, verifyStandard } from './verify.ts';
import { WebhooksFrame } from './webhooks-frame.tsx';

export function Page() {
  return (
    <WebhooksFrame tab={pathTo('webhookTools')}>
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <TestEvent />
        <SignatureCheck />
      </SimpleGrid>
    </WebhooksFrame>
  );
}

function TestEvent() {
  const form = useForm({
    initialValues: { url: '', type: 'participant-joined' },
    validate: { url: (text) => (text ? webAddress(text, 2048) : 'Enter the address of a receiver.') },
  });
  const send = useMutation({
    mutationFn: (values: typeof form.values) => api<Static<typeof TestResultBody>>('POST', '/v2/webhooks/test', values),
    onError: (error) => form.setFieldError('url', error instanceof ApiError ? error.message : String(error)),
  });
  const result = send.data;
  return (
    <Section title="Send a test event" description="A made-up event, signed like a real one, once and now">
      <form onSubmit={form.onSubmit((values) => send.mutate(values))} noValidate>
        <Stack>
          <TextInput
            label="Receiver"
            placeholder="https://example.com/hooks/rooms"
            inputMode="url"
            {...form.getInputProps('url')}
          />
          <Select
            label="Event"
            data={[...EVENT_TYPES]}
            searchable
            allowDeselect={false}
            {...form.getInputProps('type')}
          />
          <Group justify="flex-end">
            <Button type="submit" leftSection={<IconSend size={16} />} loading={send.isPending}>
              Send
            </Button>
          </Group>
          <div aria-live="polite">
            {result && (
              <Stack gap="sm">
                <Alert
                  color={result.ok ? 'teal' : 'red'}
                  icon={result.ok ? <IconCheck size={18} /> : <IconX size={18} />}
                  title={
                    result.ok ? `Accepted with ${result.status}` : (result.error ?? `Refused with ${result.status}`)
                  }
                >
                  After {latency(result.durationMs)}.
                </Alert>
                <JsonBlock value={result.body} label="sent body" maxHeight={200} />
                {result.responseBody && <CodeBlock code={result.responseBody} label="answer" maxHeight={160} />}
              </Stack>
            )}
          </div>
        </Stack>
      </form>
    </Section>
  );
}

function SignatureCheck() {
  const [kind, setKind] = useState('rsa');
  const [verdict, setVerdict] = useState<Verdict>();
  const { data: settings } = useQuery(webhookSettings);
  const form = useForm({
    initialValues: { body: '', signature: '', id: '', timestamp: '', secret: '' },
    onValuesChange: () => setVerdict(undefined),
    validate: {
      body: (text) => (text ? null : 'Paste the body as it came.'),
      signature: (text) => (text ? null : 'Paste the header.'),
    },
  });
  const check = async ({ body, signature, id, timestamp, secret }: typeof form.values) => {
    if (!globalThis.crypto?.subtle) {
      return setVerdict({
        ok: false,
        why: 'Browsers check signatures over https or on localhost only: open this page there.',
      });
    }
    if (kind === 'standard') {
      const withSecret = secret || settings?.signingSecret || '';
      return setVerdict(await verifyStandard({ id, timestamp, body }, signature, withSecret));
    }
    const answer = await fetch('/v2/public/rsa-public-key');
    const { publicKey } = (await answer.json()) as { publicKey: string };
    setVerdict(await verifyRsa(body, signature, publicKey));
  };
  return (
    <Section title="Check a signature" description="Done in this browser: nothing you paste is sent anywhere">
      <form onSubmit={form.onSubmit((values) => void check(values))} noValidate>
        <Stack>
          <SegmentedControl
            aria-label="Kind of signature"
            data={[
              { value: 'rsa', label: 'videosdk-signature' },
              { value: 'standard', label: 'Standard Webhooks' },
            ]}
            value={kind}
            onChange={(value) => {
              setKind(value);
              setVerdict(undefined);
            }}
          />
          <Textarea
            label="Raw body"
            description="The bytes as they came, before anything parsed them."
            placeholder='{"webhookType":"session-started","data":{…}}'
            autosize
            minRows={4}
            maxRows={10}
            spellCheck={false}
            {...form.getInputProps('body')}
          />
          {kind === 'standard' && (
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
              <TextInput label="webhook-id" spellCheck={false} {...form.getInputProps('id')} />
              <TextInput label="webhook-timestamp" spellCheck={false} {...form.getInputProps('timestamp')} />
            </SimpleGrid>
          )}
          <Textarea
            label={kind === 'rsa' ? 'videosdk-signature' : 'webhook-signature'}
            placeholder={kind === 'rsa' ? 'base64' : 'v1,…'}
            autosize
            minRows={2}
            maxRows={4}
            spellCheck={false}
            {...form.getInputProps('signature')}
          />
          {kind === 'standard' && (
            <PasswordInput
              label="Secret"
              description="Empty for the one of the API key you are signed in with."
              placeholder="whsec_…"
              autoComplete="off"
              visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the secret' }}
              {...form.getInputProps('secret')}
            />
          )}
          <Group justify="flex-end">
            <Button type="submit">Check</Button>
          </Group>
          <div aria-live="polite">
            {verdict && (
              <Alert
                color={verdict.ok ? 'teal' : 'red'}
                icon={verdict.ok ? <IconCheck size={18} /> : <IconX size={18} />}
                title={verdict.ok ? 'Right' : 'Wrong'}
              >
                <Text size="sm">{verdict.why}</Text>
              </Alert>
            )}
          </div>
        </Stack>
      </form>
    </Section>
  );
}
