import { ActionIcon, Button, Group, Menu, Select, Stack, Text } from '@mantine/core';
import { IconBan, IconCopy, IconDoor, IconDots, IconPlus, IconVideo } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { RoomRow } from '../../src/protocol/rest/dashboard.ts';
import { pathTo } from '../paths.ts';
import { DeactivateRoom } from './deactivate-room.tsx';
import { useListState } from './list-state.ts';
import { type Column, DataTable } from './parts/data-table.tsx';
import { Empty } from './parts/empty.tsx';
import { SearchInput } from './parts/filters.tsx';
import { whole } from './parts/format.ts';
import { PageFrame } from './parts/page.tsx';
import classes from './parts/parts.module.css';
import { Section } from './parts/section.tsx';
import { RoomStatus } from './parts/status.tsx';
import { Ago } from './parts/times.tsx';
import { tell } from './parts/toasts.tsx';
import { rooms } from './queries.ts';

const STATES = [
  { value: 'open', label: 'Open' },
  { value: 'live', label: 'Live now' },
  { value: 'deactivated', label: 'Deactivated' },
];

export function Page() {
  const state = useListState();
  const [leaving, setLeaving] = useState<RoomRow>();
  const { page, perPage, sort, order } = state;
  const [search, status] = [state.filter('search'), state.filter('status')];
  const found = useQuery(rooms({ page, perPage, sort, order, search, status }));
  const isFiltered = search !== '' || status !== '';
  const columns: Column<RoomRow>[] = [
    { header: 'Room', sort: 'id', cell: (room) => <RoomName room={room} /> },
    { header: 'State', cell: (room) => <RoomStatus disabled={room.disabled} live={room.live} /> },
    { header: 'Sessions', sort: 'sessions', align: 'right', from: 'sm', cell: (room) => whole(room.sessions) },
    { header: 'Last used', sort: 'lastUsed', from: 'md', cell: (room) => <Ago at={room.lastUsedAt} size="sm" /> },
    { header: 'Created', sort: 'created', from: 'sm', cell: (room) => <Ago at={room.createdAt} size="sm" /> },
    {
      header: 'Actions',
      align: 'right',
      cell: (room) => <Actions room={room} onDeactivate={() => setLeaving(room)} />,
    },
  ];
  return (
    <PageFrame
      title="Rooms"
      description="A room lasts until it is deactivated; people meet in it in sessions."
      actions={<NewRoomButton />}
    >
      <Section>
        <Stack>
          <Group gap="sm">
            <SearchInput
              state={state}
              name="search"
              label="Search rooms"
              placeholder="Part of a room id or custom id"
            />
            <Select
              aria-label="State"
              placeholder="Any state"
              clearable
              w={170}
              data={STATES}
              value={status || null}
              onChange={(value) => state.setFilters({ status: value ?? undefined })}
            />
          </Group>
          <DataTable
            label="Rooms"
            columns={columns}
            rowKey={(room) => room.roomId}
            found={found}
            state={state}
            sortedBy="created"
            noun={['room', 'rooms']}
            empty={
              isFiltered ? (
                <Empty
                  icon={<IconDoor size={26} />}
                  title="No room matches"
                  action={
                    <Button variant="default" component={Link} to={pathTo('rooms')} search={{} as never} reloadDocument>
                      Show all rooms
                    </Button>
                  }
                >
                  Try fewer letters, or another state.
                </Empty>
              ) : (
                <Empty icon={<IconDoor size={26} />} title="No rooms yet" action={<NewRoomButton />}>
                  Create one here, or let your backend do it with POST /v2/rooms.
                </Empty>
              )
            }
          />
        </Stack>
      </Section>
      <DeactivateRoom room={leaving} onClose={() => setLeaving(undefined)} />
    </PageFrame>
  );
}

function NewRoomButton() {
  return (
    <Button component={Link} to={pathTo('newRoom')} leftSection={<IconPlus size={16} />}>
      New room
    </Button>
  );
}

function RoomName({ room: { roomId, customRoomId } }: { room: RoomRow }) {
  return (
    <Stack gap={0} miw={0}>
      <Link to={pathTo('room', { roomId })} className={classes.rowLink}>
        {customRoomId ?? roomId}
      </Link>
      {customRoomId !== null && (
        <Text className={classes.mono} c="dimmed">
          {roomId}
        </Text>
      )}
    </Stack>
  );
}

function Actions({ room, onDeactivate }: { room: RoomRow; onDeactivate: () => void }) {
  const { roomId, customRoomId, disabled } = room;
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${customRoomId ?? roomId}`}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconCopy size={16} />}
          onClick={() => navigator.clipboard.writeText(roomId).then(() => tell.done('Room id copied.'), tell.failed)}
        >
          Copy room id
        </Menu.Item>
        <Menu.Item leftSection={<IconVideo size={16} />} component={Link} to={pathTo('room', { roomId })}>
          Open and invite
        </Menu.Item>
        {!disabled && (
          <Menu.Item color="red" leftSection={<IconBan size={16} />} onClick={onDeactivate}>
            Deactivate …
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
