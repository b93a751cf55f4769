import { Alert, Badge, Button, Code, DataList, Group, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconBan, IconHistory, IconInfoCircle, IconUserPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { pathTo } from '../paths.ts';
import { DeactivateRoom } from './deactivate-room.tsx';
import { EgressesOf } from './egress/egresses-of.tsx';
import { Invite } from './invite.tsx';
import { useListState } from './list-state.ts';
import { JsonBlock } from './parts/code-block.tsx';
import { DataTable } from './parts/data-table.tsx';
import { Empty } from './parts/empty.tsx';
import { Failure } from './parts/failure.tsx';
import { dateTime } from './parts/format.ts';
import { Identifier } from './parts/identifier.tsx';
import { PageFrame } from './parts/page.tsx';
import { Section } from './parts/section.tsx';
import { RoomStatus } from './parts/status.tsx';
import { deliveries, type Room, room, rooms, sessions } from './queries.ts';
import { sessionColumns } from './session-columns.tsx';
import { deliveryColumns } from './webhooks/delivery-columns.tsx';

const SESSION_COLUMNS = sessionColumns({ withRoom: false });
const DELIVERY_COLUMNS = deliveryColumns({ withUrl: false });
const RECENT = 5;

export function Page() {
  const { roomId = '' }: Record<string, string> = useParams({ strict: false });
  const { data, error, refetch } = useQuery(room(roomId));
  const [inviting, setInviting] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const { data: rows } = useQuery({ ...rooms({ search: data?.roomId, perPage: 1 }), enabled: data !== undefined });
  if (!data) {
    return (
      <PageFrame title={roomId} above={[{ name: 'Rooms', to: pathTo('rooms') }]}>
        {error && <Failure error={error} retry={refetch} />}
      </PageFrame>
    );
  }
  return (
    <PageFrame
      title={data.customRoomId ?? data.roomId}
      badge={<RoomStatus disabled={data.disabled} live={rows?.data[0]?.live ?? null} />}
      above={[{ name: 'Rooms', to: pathTo('rooms') }]}
      description={<Identifier value={data.roomId} label="room id" />}
      actions={
        !data.disabled && (
          <>
            <Button leftSection={<IconUserPlus size={16} />} onClick={() => setInviting(true)}>
              Invite
            </Button>
            <Button variant="default" leftSection={<IconBan size={16} />} onClick={() => setLeaving(true)}>
              Deactivate
            </Button>
          </>
        )
      }
    >
      {data.disabled && (
        <Alert color="gray" icon={<IconInfoCircle size={18} />}>
          This room was deactivated {dateTime(data.updatedAt)}. Nobody can join it any more; what happened in it stays.
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Settings room={data} />
        <Compositions room={data} />
      </SimpleGrid>
      <EgressesOf
        room={{ roomId: data.roomId, name: data.customRoomId ?? data.roomId }}
        live={rows?.data[0]?.live != null}
      />
      <RoomSessions roomId={data.roomId} />
      <RoomDeliveries room={data} />
      <Invite roomId={data.roomId} opened={inviting} onClose={() => setInviting(false)} />
      <DeactivateRoom room={leaving ? data : undefined} onClose={() => setLeaving(false)} />
    </PageFrame>
  );
}

function Settings({ room }: { room: Room }) {
  const { webhook, autoCloseConfig, allowedParticipantIds, multiComposition, geoFence } = room;
  const minutes = autoCloseConfig.duration;
  const afterwards = autoCloseConfig.type === 'session-end-and-deactivate' ? ', then deactivated' : '';
  const several = Object.entries(multiComposition ?? {}).filter(([, on]) => on === true || on === 'true');
  const rows: [string, ReactNode][] = [
    ['Created', dateTime(room.createdAt)],
    ['Custom id', room.customRoomId ?? 'none'],
    ['Object id', <Identifier key="id" value={room.id} label="object id" />],
    ['Auto close', `after ${minutes} min${afterwards}`],
    [
      'Webhook',
      webhook.endPoint ? (
        <Text size="sm" style={{ overflowWrap: 'anywhere' }} key="hook">
          {webhook.endPoint}
        </Text>
      ) : (
        'none of its own'
      ),
    ],
    ['Events', webhook.endPoint ? <WantedEvents key="events" events={webhook.events} /> : '–'],
    [
      'May join',
      allowedParticipantIds?.length ? <Words key="ids" words={allowedParticipantIds} /> : 'everybody with a token',
    ],
    ['Several at once', several.length > 0 ? several.map(([name]) => name).join(', ') : 'no'],
    ...(geoFence ? [['Geo fence', geoFence] as [string, ReactNode]] : []),
  ];
  return (
    <Section title="Settings">
      <DataList labelWidth="110px" withDivider gap="xs">
        {rows.map(([label, value]) => (
          <DataList.Item key={label}>
            <DataList.ItemLabel>{label}</DataList.ItemLabel>
            <DataList.ItemValue miw={0}>{value}</DataList.ItemValue>
          </DataList.Item>
        ))}
      </DataList>
    </Section>
  );
}

function WantedEvents({ events }: { events: readonly string[] | undefined }) {
  if (!events) return 'every event';
  return events.length > 0 ? <Words words={events} /> : 'none';
}

const MANY = 8;

function Words({ words }: { words: readonly string[] }) {
  return (
    <Group gap={4}>
      {words.slice(0, MANY).map((word) => (
        <Badge key={word} variant="default" tt="none" fw={500}>
          {word}
        </Badge>
      ))}
      {words.length > MANY && <Text size="xs">and {words.length - MANY} more</Text>}
    </Group>
  );
}

function Compositions({ room: { autoStartConfig } }: { room: Room }) {
  const kinds = Object.entries(autoStartConfig ?? {});
  return (
    <Section title="Auto start" description="What begins by itself with a session">
      {kinds.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing. A room gets this when it is created, with <Code>autoStartConfig</Code>.
        </Text>
      ) : (
        <Stack gap="sm">
          {kinds.map(([kind, wish]) => (
            <div key={kind}>
              <Text size="sm" fw={600} mb={4}>
                {{ recording: 'Recording', hls: 'HLS', composite: 'Composite recording' }[kind] ?? kind}
              </Text>
              <JsonBlock value={wish} label={`${kind} settings`} maxHeight={220} />
            </div>
          ))}
        </Stack>
      )}
    </Section>
  );
}

function RoomSessions({ roomId }: { roomId: string }) {
  const state = useListState();
  const { page, sort, order } = state;
  const found = useQuery(sessions({ roomId, page, sort, order, perPage: 10 }));
  return (
    <Section title="Sessions">
      <DataTable
        label="Sessions of this room"
        columns={SESSION_COLUMNS}
        rowKey={(row) => row.sessionId}
        found={found}
        state={state}
        sortedBy="started"
        noun={['session', 'sessions']}
        empty={
          <Empty icon={<IconHistory size={26} />} title="Nobody has been here yet">
            Invite somebody, or join it with an SDK: the session shows here at once.
          </Empty>
        }
      />
    </Section>
  );
}

function RoomDeliveries({ room }: { room: Room }) {
  const found = useQuery(deliveries({ roomId: room.roomId, perPage: RECENT }));
  if (!room.webhook.endPoint && found.data?.data.length === 0) return null;
  return (
    <Section
      title="Latest webhooks"
      actions={
        <Link to={pathTo('webhooks')} search={{ roomId: room.roomId } as never}>
          <Text size="sm" c="var(--mantine-color-anchor)">
            All of this room
          </Text>
        </Link>
      }
    >
      <DataTable
        label="Latest webhooks of this room"
        columns={DELIVERY_COLUMNS}
        rowKey={(row) => row.id}
        found={found}
        noun={['delivery', 'deliveries']}
        empty={
          <Text size="sm" c="dimmed">
            No event yet. They come with the first session.
          </Text>
        }
      />
    </Section>
  );
}
