import { Alert, Anchor, Badge, Button, Group, Paper, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { IconPlayerStop } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import type { TimelineBody, TimelineEvent } from '../../../src/protocol/rest/dashboard.ts';
import { pathTo } from '../../paths.ts';
import { api } from '../api.ts';
import { EgressesOf } from '../egress/egresses-of.tsx';
import { useNow } from '../parts/clock.ts';
import { Confirm } from '../parts/confirm.tsx';
import { Failure } from '../parts/failure.tsx';
import { clock, dateTime, duration, plural, shortDateTime, whole } from '../parts/format.ts';
import { Identifier } from '../parts/identifier.tsx';
import { PageFrame } from '../parts/page.tsx';
import classes from '../parts/parts.module.css';
import { Section } from '../parts/section.tsx';
import { DeliveryStatus, LiveBadge } from '../parts/status.tsx';
import { tell } from '../parts/toasts.tsx';
import { session } from '../queries.ts';
import { endReason } from '../words.ts';
import { People } from './people.tsx';
import { Quality } from './quality.tsx';
import timelineClasses from './timeline.module.css';
import { Timeline } from './timeline.tsx';
import { presentMs } from './timeline-layout.ts';

export function Page() {
  const { sessionId = '' }: Record<string, string> = useParams({ strict: false });
  const { data, error, refetch } = useQuery(session(sessionId));
  if (!data) {
    return (
      <PageFrame title="Session" above={[{ name: 'Sessions', to: pathTo('sessions') }]}>
        {error && <Failure error={error} retry={refetch} />}
      </PageFrame>
    );
  }
  return <Story session={data} />;
}

function Story({ session }: { session: TimelineBody }) {
  const { roomId, customRoomId, sessionId, startedAt, endedAt, events } = session;
  const isLive = endedAt === null;
  const now = useNow(1_000, isLive);
  return (
    <PageFrame
      title={customRoomId ?? roomId}
      badge={
        isLive ? (
          <LiveBadge people={session.present} />
        ) : (
          <Badge variant="light" color={session.endReason === 'node-lost' ? 'red' : 'gray'} tt="none">
            {endReason(session.endReason)}
          </Badge>
        )
      }
      above={[
        { name: 'Sessions', to: pathTo('sessions') },
        { name: 'Room', to: pathTo('room', { roomId }) },
      ]}
      description={<Identifier value={sessionId} label="session id" />}
      actions={isLive && <EndSession sessionId={sessionId} />}
    >
      {session.cut && (
        <Alert color="yellow">
          This session is larger than one page shows: only the first participants and events are here. The REST API
          lists them all.
        </Alert>
      )}
      <Facts session={session} now={now} />
      <Section title="Timeline" description={`${dateTime(startedAt)}${isLive ? ', still going on' : ''}`}>
        <Timeline session={session} now={now} />
      </Section>
      {(isLive || session.egresses.length > 0) && (
        <EgressesOf room={{ roomId, name: customRoomId ?? roomId }} sessionId={sessionId} live={isLive} />
      )}
      <Quality session={session} />
      <People session={session} now={now} />
      <Section title="Events" description="What the backend was told, in order, and whether it took it">
        {events.length === 0 ? <Text size="sm">None.</Text> : <EventTable events={events} />}
      </Section>
    </PageFrame>
  );
}

function Facts({ session, now }: { session: TimelineBody; now: number }) {
  const { startedAt, endedAt, participants, people, events, closesAt } = session;
  const lasted = (endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt);
  const minutes = participants.reduce((sum, participant) => sum + presentMs(participant, now), 0) / 60_000;
  const failed = events.flatMap(({ deliveries }) => deliveries).filter(({ status }) => status === 'dead').length;
  const facts = [
    ['Lasted', duration(lasted)],
    ['People', whole(people)],
    ['Participant minutes', whole(minutes)],
    ['Events', failed > 0 ? `${whole(events.length)}, ${failed} not delivered` : whole(events.length)],
    ...(endedAt === null ? [['Closes at the latest', shortDateTime(closesAt)]] : [['Ended', shortDateTime(endedAt)]]),
  ];
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, md: 5 }} spacing="sm">
      {facts.map(([label, value]) => (
        <Paper withBorder p="sm" key={label}>
          <Text size="xs" fw={600} c="dimmed">
            {label}
          </Text>
          <Text fw={650} mt={2}>
            {value}
          </Text>
        </Paper>
      ))}
    </SimpleGrid>
  );
}

function EndSession({ sessionId }: { sessionId: string }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const end = useMutation({
    mutationFn: () => api('POST', '/v2/sessions/end', { sessionId }),
    onSuccess: async () => {
      tell.done('The session is ended.');
      setAsking(false);
      await client.invalidateQueries();
    },
    onError: tell.failed,
  });
  return (
    <>
      <Button variant="default" leftSection={<IconPlayerStop size={16} />} onClick={() => setAsking(true)}>
        End session
      </Button>
      <Confirm
        opened={asking}
        title="End this session?"
        action="End for everybody"
        loading={end.isPending}
        onConfirm={() => end.mutate()}
        onClose={() => setAsking(false)}
      >
        Everybody in it leaves at once. The room stays, and a new session begins when somebody joins again.
      </Confirm>
    </>
  );
}

function EventTable({ events }: { events: TimelineEvent[] }) {
  return (
    <Table verticalSpacing="xs" className={classes.table} aria-label="Events of this session">
      <Table.Thead>
        <Table.Tr>
          <Table.Th visibleFrom="sm">No.</Table.Th>
          <Table.Th>Time</Table.Th>
          <Table.Th>Event</Table.Th>
          <Table.Th>Webhook</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {events.map((event) => (
          <Table.Tr key={event.id} id={`event-${event.id}`} className={timelineClasses.event ?? ''}>
            <Table.Td visibleFrom="sm" c="dimmed">
              {event.sequence}
            </Table.Td>
            <Table.Td style={{ whiteSpace: 'nowrap' }}>{clock(Date.parse(event.at))}</Table.Td>
            <Table.Td>
              <Text size="sm" fw={550}>
                {event.type}
              </Text>
              {who(event) && (
                <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                  {who(event)}
                </Text>
              )}
            </Table.Td>
            <Table.Td>
              <Deliveries event={event} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function who({ data }: TimelineEvent): string {
  const { participantName, participantId } = data;
  return String(participantName || participantId || '');
}

function Deliveries({ event }: { event: TimelineEvent }) {
  if (event.deliveries.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        nobody subscribed
      </Text>
    );
  }
  return (
    <Stack gap={4}>
      {event.deliveries.map(({ id, url, status, attempts }) => (
        <Group key={id} gap={6}>
          <Anchor
            component={Link}
            to={pathTo('delivery', { deliveryId: id })}
            underline="never"
            aria-label={`${event.type} to ${url}: ${status}`}
          >
            <DeliveryStatus status={status} attempts={attempts} />
          </Anchor>
          <Text size="xs" c="dimmed" visibleFrom="md" style={{ overflowWrap: 'anywhere' }}>
            {URL.parse(url)?.host ?? url}, {plural(attempts, 'attempt')}
          </Text>
        </Group>
      ))}
    </Stack>
  );
}
