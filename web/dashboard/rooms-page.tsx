import { ActionIcon, Button, Menu, Stack, Text } from '@mantine/core';
import { IconBan, IconCopy, IconDoor, IconDots, IconPlus, IconVideo } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { RoomRow } from '../../src/protocol/rest/dashboard.ts';
import { PAGES, pathTo } from '../paths.ts';
import { DeactivateRoom } from './deactivate-room.tsx';
import type { Column } from './parts/data-table.tsx';
import { FilteredList } from './parts/filtered-list.tsx';
import { whole } from './parts/format.ts';
import { PageFrame } from './parts/page.tsx';
import classes from './parts/parts.module.css';
import { RoomStatus } from './parts/status.tsx';
import { Ago } from './parts/times.tsx';
import { toast } from './parts/toasts.tsx';
import { rooms } from './queries.ts';

const FILTERS = [
  { name: 'search', label: 'Search rooms', placeholder: 'Part of a room id or custom id' },
  {
    name: 'status',
    label: 'State',
    placeholder: 'Any state',
    width: 170,
    choices: [
      { value: 'open', label: 'Open' },
      { value: 'live', label: 'Live now' },
      { value: 'deactivated', label: 'Deactivated' },
    ],
  },
];

export function Page() {
  const [leaving, setLeaving] = useState<RoomRow>();
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
      <FilteredList
        label="Rooms"
        noun={['room', 'rooms']}
        query={rooms}
        filters={FILTERS}
        columns={columns}
        rowKey={(room) => room.roomId}
        sortedBy="created"
        icon={<IconDoor size={26} />}
        none={{
          title: 'No rooms yet',
          text: 'Create one here, or let your backend do it with POST /v2/rooms.',
          action: <NewRoomButton />,
        }}
        noMatch={{
          title: 'No room matches',
          text: 'Try fewer letters, or another state.',
          action: (
            <Button variant="default" component={Link} to={PAGES.rooms} reloadDocument>
              Show all rooms
            </Button>
          ),
        }}
      />
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
          onClick={() => navigator.clipboard.writeText(roomId).then(() => toast.done('Room id copied.'), toast.failed)}
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
