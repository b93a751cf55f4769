import {
  Anchor,
  Button,
  Group,
  Paper,
  SegmentedControl,
  SimpleGrid,
  Skeleton,
  Stack,
  Table,
  Text,
} from '@mantine/core';
import { IconDoor, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense } from 'react';
import { type OverviewBody, RANGES } from '../../src/protocol/rest/dashboard.ts';
import { pathTo } from '../paths.ts';
import { bytes } from '../ui/bytes.ts';
import { FirstSteps } from './first-steps.tsx';
import { useListState } from './list-state.ts';
import { NodesSummary } from './nodes-summary.tsx';
import { Empty } from './parts/empty.tsx';
import { Failure } from './parts/failure.tsx';
import { latency, plural, whole } from './parts/format.ts';
import { PageFrame } from './parts/page.tsx';
import classes from './parts/parts.module.css';
import { Section } from './parts/section.tsx';
import { LiveBadge } from './parts/status.tsx';
import { Lasted } from './parts/times.tsx';
import { me, overview } from './queries.ts';

const RANGE_WORDS = { '24h': 'last 24 hours', '7d': 'last 7 days', '30d': 'last 30 days', '90d': 'last 90 days' };
const CHART_HEIGHT = 220;
const WEBHOOKS_HEIGHT = 140;
const LIVE = { status: 'ongoing' };
const RUNNING = { status: 'running' };

/** The library of charts weighs as much as all the rest, and has nothing to draw before there are figures. */
const charts = () => import('./overview-charts.tsx');
const MinutesChart = lazy(() => charts().then((it) => ({ default: it.MinutesChart })));
const SessionsChart = lazy(() => charts().then((it) => ({ default: it.SessionsChart })));
const WebhooksChart = lazy(() => charts().then((it) => ({ default: it.WebhooksChart })));

export function Page() {
  const state = useListState();
  const range = RANGES.find((known) => known === state.filter('range')) ?? '7d';
  const { data, error, refetch } = useQuery(overview(range));
  const { data: who } = useQuery(me);
  return (
    <PageFrame
      title="Overview"
      actions={
        <>
          <SegmentedControl
            aria-label="Time shown"
            size="xs"
            data={RANGES.map((value) => ({ value, label: value.replace('h', ' h').replace('d', ' d') }))}
            value={range}
            onChange={(value) => state.setFilters({ range: value === '7d' ? undefined : value })}
          />
          <Button component={Link} to={pathTo('newRoom')} leftSection={<IconPlus size={16} />}>
            New room
          </Button>
        </>
      }
    >
      {error && !data ? (
        <Failure error={error} retry={refetch} />
      ) : data ? (
        <Shown data={data} range={range} operator={who?.operator ?? false} />
      ) : (
        <SimpleGrid cols={{ base: 2, md: 4 }}>
          {['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((key) => (
            <Skeleton key={key} h={104} />
          ))}
        </SimpleGrid>
      )}
    </PageFrame>
  );
}

function Shown({ data, range, operator }: { data: OverviewBody; range: keyof typeof RANGE_WORDS; operator: boolean }) {
  const { now, usage, webhooks, egress, storage } = data;
  const sessions = usage.reduce((sum, slot) => sum + slot.sessions, 0);
  const minutes = usage.reduce((sum, slot) => sum + slot.minutes, 0);
  const ended = webhooks.delivered + webhooks.dead;
  const isNew = now.totalRooms === 0 && sessions === 0;
  return (
    <Stack gap="lg">
      {isNew && <FirstSteps />}
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
        <Stat label="Live rooms" value={whole(now.rooms)} note="now" to={pathTo('sessions')} search={LIVE} />
        <Stat label="People in rooms" value={whole(now.people)} note="now" to={pathTo('sessions')} search={LIVE} />
        <Stat
          label="Recordings and streams"
          value={whole(egress.running)}
          note={egress.waiting > 0 ? `now, ${whole(egress.waiting)} of them waiting` : 'now'}
          to={pathTo('recordings')}
          search={RUNNING}
        />
        <Stat
          label="Webhooks accepted"
          value={ended === 0 ? '–' : `${percent(webhooks.delivered, ended)} %`}
          note={webhooks.pending > 0 ? `${whole(webhooks.pending)} on their way` : `of ${whole(ended)}`}
          to={pathTo('webhooks')}
        />
        <Stat label="Sessions" value={whole(sessions)} note={RANGE_WORDS[range]} to={pathTo('sessions')} />
        <Stat label="Participant minutes" value={whole(minutes)} note={RANGE_WORDS[range]} />
        <Stat
          label="Storage used"
          value={bytes(storage.keptBytes)}
          note={`${plural(storage.recordings, 'recording')}, ${plural(storage.streams, 'HLS stream')}`}
          to={pathTo('recordings')}
        />
        <Stat label="Shared files" value={bytes(storage.fileBytes)} note={plural(storage.files, 'file')} />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Section title="Participant minutes" description={`How long people were in rooms, ${RANGE_WORDS[range]}`}>
          <Suspense fallback={<Skeleton h={CHART_HEIGHT} />}>
            <MinutesChart usage={usage} unit={data.unit} height={CHART_HEIGHT} />
          </Suspense>
        </Section>
        <Section title="Sessions and people" description={`Sessions begun and different people, ${RANGE_WORDS[range]}`}>
          <Suspense fallback={<Skeleton h={CHART_HEIGHT} />}>
            <SessionsChart usage={usage} unit={data.unit} height={CHART_HEIGHT} />
          </Suspense>
        </Section>
        <LiveNow live={data.live} total={now.rooms} />
        <WebhookHealth webhooks={webhooks} unit={data.unit} />
      </SimpleGrid>
      {operator && <NodesSummary />}
    </Stack>
  );
}

interface StatProps {
  label: string;
  value: string;
  note: string;
  to?: string;
  search?: Record<string, string>;
}

function Stat({ label, value, note, to, search }: StatProps) {
  const card = (
    <Paper withBorder p="md" className={classes.stat}>
      <Text size="xs" fw={600} c="dimmed">
        {label}
      </Text>
      <Text className={classes.value} mt={4}>
        {value}
      </Text>
      <Text size="xs" c="dimmed" mt={2}>
        {note}
      </Text>
    </Paper>
  );
  if (!to) return card;
  return (
    <Link to={to} search={(search ?? {}) as never} className={classes.statLink ?? ''}>
      {card}
    </Link>
  );
}

function LiveNow({ live, total }: { live: OverviewBody['live']; total: number }) {
  return (
    <Section
      title="Live now"
      actions={
        total > live.length && (
          <Anchor component={Link} to={pathTo('sessions')} search={LIVE as never} size="sm">
            All {total}
          </Anchor>
        )
      }
    >
      {live.length === 0 ? (
        <Empty icon={<IconDoor size={26} />} title="Nobody is in a room">
          As soon as somebody joins, the session shows here.
        </Empty>
      ) : (
        <Table verticalSpacing="xs" className={classes.table} aria-label="Live sessions">
          <Table.Tbody>
            {live.map(({ sessionId, roomId, customRoomId, startedAt, people }) => (
              <Table.Tr key={sessionId}>
                <Table.Td>
                  <Link to={pathTo('session', { sessionId })} className={classes.rowLink}>
                    {customRoomId ?? roomId}
                  </Link>
                </Table.Td>
                <Table.Td ta="right" c="dimmed" fz="sm" visibleFrom="sm" className={classes.nowrap ?? ''}>
                  <Lasted from={startedAt} to={null} />
                </Table.Td>
                <Table.Td ta="right">
                  <LiveBadge people={people} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Section>
  );
}

function WebhookHealth({ webhooks, unit }: { webhooks: OverviewBody['webhooks']; unit: OverviewBody['unit'] }) {
  const facts: [string, ReactNode][] = [
    ['Typical time to accept', webhooks.medianMs === null ? '–' : latency(webhooks.medianMs)],
    ['Slowest 5 %', webhooks.slowMs === null ? '–' : `over ${latency(webhooks.slowMs)}`],
    ['Given up', whole(webhooks.dead)],
    ['Disabled receivers', whole(webhooks.disabledEndpoints)],
  ];
  return (
    <Section
      title="Webhook health"
      actions={
        <Anchor component={Link} to={pathTo('webhookEndpoints')} size="sm">
          Receivers
        </Anchor>
      }
    >
      {webhooks.total === 0 ? (
        <Text size="sm" c="dimmed">
          No events were sent in this time. Give a room a webhook, or{' '}
          <Anchor component={Link} to={pathTo('webhookEndpoints')} inherit>
            set one receiver for all rooms
          </Anchor>
          .
        </Text>
      ) : (
        <Stack gap="sm">
          <Suspense fallback={<Skeleton h={WEBHOOKS_HEIGHT} />}>
            <WebhooksChart buckets={webhooks.buckets} unit={unit} height={WEBHOOKS_HEIGHT} />
          </Suspense>
          <Group gap="xl">
            {facts.map(([label, value]) => (
              <div key={label}>
                <Text size="xs" c="dimmed">
                  {label}
                </Text>
                <Text fw={600}>{value}</Text>
              </div>
            ))}
          </Group>
        </Stack>
      )}
    </Section>
  );
}

function percent(part: number, of: number): string {
  const value = (part / of) * 100;
  return value === 100 ? '100' : value.toFixed(value > 99 ? 2 : 1);
}
