import { Alert, Badge, Button, DataList, Group, SimpleGrid, Stack, Text, Timeline } from '@mantine/core';
import { IconCheck, IconReload, IconX } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { pathTo } from '../../paths.ts';
import { api } from '../api.ts';
import { CodeBlock, JsonBlock } from '../parts/code-block.tsx';
import { Failure } from '../parts/failure.tsx';
import { dateTime, latency } from '../parts/format.ts';
import { Identifier } from '../parts/identifier.tsx';
import { PageFrame } from '../parts/page.tsx';
import classes from '../parts/parts.module.css';
import { Section } from '../parts/section.tsx';
import { DeliveryStatus } from '../parts/status.tsx';
import { Ago } from '../parts/times.tsx';
import { tell } from '../parts/toasts.tsx';
import { type DeliveryDetail, delivery } from '../queries.ts';

const SOURCES = { room: "the room's webhook", key: "the API key's receiver", operation: 'its webhookUrl' };

export function Page() {
  const { deliveryId = '' }: Record<string, string> = useParams({ strict: false });
  const { data, error, refetch } = useQuery(delivery(deliveryId));
  return (
    <PageFrame
      title={data?.type ?? 'Delivery'}
      badge={data && <DeliveryStatus status={data.status} attempts={data.attempts} />}
      above={[{ name: 'Webhooks', to: pathTo('webhooks') }]}
      description={
        data && (
          <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
            {data.url}
          </Text>
        )
      }
      actions={data && <Replay delivery={data} />}
    >
      {data ? <Shown delivery={data} /> : error && <Failure error={error} retry={refetch} />}
    </PageFrame>
  );
}

function Replay({ delivery: { id, status, lane } }: { delivery: DeliveryDetail }) {
  const client = useQueryClient();
  const replay = useMutation({
    mutationFn: () => api('POST', `/v2/webhooks/deliveries/${encodeURIComponent(id)}/replay`),
    onSuccess: async () => {
      tell.done('Queued again; the attempt shows here as soon as it is made.');
      await client.invalidateQueries({ queryKey: ['delivery', id] });
    },
    onError: tell.failed,
  });
  const isQueued = status === 'pending' && lane === 'fast';
  return (
    <Button
      leftSection={<IconReload size={16} />}
      loading={replay.isPending}
      disabled={isQueued}
      onClick={() => replay.mutate()}
    >
      {status === 'pending' ? 'Try now' : 'Replay'}
    </Button>
  );
}

function Shown({ delivery }: { delivery: DeliveryDetail }) {
  const { sessionId, roomId, nextAttemptAt, attempts, waiting, lane, status } = delivery;
  const rows: [string, ReactNode][] = [
    [
      'Room',
      <Link key="room" to={pathTo('room', { roomId })} className={classes.textLink}>
        {roomId}
      </Link>,
    ],
    [
      'Session',
      <Link key="session" to={pathTo('session', { sessionId })} className={classes.textLink}>
        {sessionId}
      </Link>,
    ],
    ['Position', `${delivery.sequence} of its session`],
    ['Event id', <Identifier key="event" value={delivery.eventId} label="event id" />],
    ['Asked for by', SOURCES[delivery.source]],
    ['Queued', dateTime(delivery.createdAt)],
    ...(delivery.deliveredAt ? [['Accepted', dateTime(delivery.deliveredAt)] as [string, ReactNode]] : []),
    ...(nextAttemptAt
      ? [['Next attempt', <Ago key="next" at={nextAttemptAt} size="sm" />] as [string, ReactNode]]
      : []),
  ];
  return (
    <Stack gap="lg">
      {waiting && (
        <Alert color="yellow">It waits for an earlier event of its session, so that they arrive in order.</Alert>
      )}
      {status === 'dead' && (
        <Alert color="red" title="Given up">
          Last failure: {delivery.lastError ?? 'not accepted in time'}. Mend the receiver, then replay it: it goes out
          under the same id.
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Section title="Request" description="POST, as it is sent each time">
          <Stack gap="sm">
            <JsonBlock value={delivery.body} label="body" maxHeight={320} />
            <CodeBlock
              label="headers"
              code={[
                'content-type: application/json',
                `webhook-id: ${delivery.eventId}`,
                `webhook-sequence: ${delivery.sequence}`,
                'webhook-timestamp, webhook-signature: made at each attempt',
                'videosdk-signature: RSA-SHA256 of the body',
              ].join('\n')}
            />
          </Stack>
        </Section>
        <Section title="About it">
          <DataList labelWidth="110px" withDivider gap="xs">
            {rows.map(([label, value]) => (
              <DataList.Item key={label}>
                <DataList.ItemLabel>{label}</DataList.ItemLabel>
                <DataList.ItemValue miw={0}>{value}</DataList.ItemValue>
              </DataList.Item>
            ))}
          </DataList>
        </Section>
      </SimpleGrid>
      <Section
        title="Attempts"
        actions={
          lane === 'slow' && (
            <Badge variant="default" tt="none">
              Slow lane, no longer in order
            </Badge>
          )
        }
      >
        {attempts === 0 ? (
          <Text size="sm" c="dimmed">
            None yet.
          </Text>
        ) : (
          <Attempts delivery={delivery} />
        )}
      </Section>
    </Stack>
  );
}

function Attempts({ delivery: { attemptLog } }: { delivery: DeliveryDetail }) {
  return (
    <Timeline bulletSize={22} lineWidth={2} active={attemptLog.length}>
      {attemptLog.map(({ at, durationMs, status, error, responseBody }) => {
        const ok = status !== null && status >= 200 && status < 300;
        return (
          <Timeline.Item
            key={at}
            color={ok ? 'teal' : 'red'}
            bullet={ok ? <IconCheck size={13} /> : <IconX size={13} />}
            title={
              <Group gap="xs">
                <Text fw={600} size="sm">
                  {status === null ? (error ?? 'No answer') : `Answered ${status}`}
                </Text>
                <Text size="sm" c="dimmed">
                  after {latency(durationMs)}
                </Text>
              </Group>
            }
          >
            <Text size="xs" c="dimmed" mb={responseBody ? 'xs' : 0}>
              {dateTime(at)}
            </Text>
            {responseBody && <CodeBlock code={responseBody} label="response" maxHeight={160} />}
          </Timeline.Item>
        );
      })}
    </Timeline>
  );
}
