import { ActionIcon, Menu, Stack, Text } from '@mantine/core';
import {
  IconBroadcast,
  IconDots,
  IconEye,
  IconLivePhoto,
  IconPlayerStop,
  IconTrash,
  IconVideo,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { EgressKind } from '../../../src/protocol/egress.ts';
import type { EgressRow } from '../../../src/protocol/rest/dashboard.ts';
import { pathTo } from '../../paths.ts';
import { bytes } from '../../ui/bytes.ts';
import type { Column } from '../parts/data-table.tsx';
import { duration, shortDateTime } from '../parts/format.ts';
import classes from '../parts/parts.module.css';
import { EgressBadge } from '../parts/status.tsx';
import { Lasted } from '../parts/times.tsx';
import { EGRESS_WORDS } from '../words.ts';
import type { Asked } from './end-egress.tsx';
import { pageOf } from './resources.ts';

export const KIND_ICONS = { recording: IconVideo, hls: IconLivePhoto, livestream: IconBroadcast };

interface Options {
  ask: (asked: Asked) => void;
  /** Of one kind, in a list over all rooms; otherwise of one room, all kinds together. */
  kind?: EgressKind;
}

export function egressColumns({ ask, kind }: Options): Column<EgressRow>[] {
  const room: Column<EgressRow> = { header: 'Room', from: 'md', cell: (row) => <RoomLink row={row} /> };
  const size: Column<EgressRow> = {
    header: 'Size',
    sort: 'size',
    align: 'right',
    from: 'md',
    cell: ({ file }) => (file ? <span className={classes.nowrap}>{bytes(file.size)}</span> : '–'),
  };
  const destinations: Column<EgressRow> = {
    header: 'Goes to',
    from: 'md',
    cell: (row) => (
      <Text size="sm" lineClamp={2} style={{ overflowWrap: 'anywhere' }}>
        {row.destinations.join(', ')}
      </Text>
    ),
  };
  return [
    kind ? whenColumn : kindColumn,
    ...(kind ? [room] : []),
    { header: 'State', cell: (row) => <State row={row} /> },
    { header: 'Lasted', sort: 'duration', align: 'right', from: 'sm', cell: (row) => <Length row={row} /> },
    ...(kind === 'livestream' ? [] : [size]),
    ...(kind === 'livestream' ? [destinations] : []),
    { header: 'Actions', align: 'right', cell: (row) => <Actions row={row} ask={ask} /> },
  ];
}

function RoomLink({ row: { roomId, customRoomId } }: { row: EgressRow }) {
  return (
    <Link to={pathTo('room', { roomId })} className={classes.rowLink}>
      {customRoomId ?? roomId}
    </Link>
  );
}

const whenColumn: Column<EgressRow> = {
  header: 'Started',
  sort: 'created',
  cell: (row) => (
    <Stack gap={0}>
      <Link to={pageOf(row)} className={`${classes.rowLink} ${classes.nowrap}`}>
        {shortDateTime(row.startedAt ?? row.createdAt)}
      </Link>
      <Text className={classes.mono} c="dimmed" visibleFrom="md">
        {row.id}
      </Text>
      <Text size="sm" hiddenFrom="md" component="div" style={{ overflowWrap: 'anywhere' }}>
        <RoomLink row={row} />
      </Text>
    </Stack>
  ),
};

const kindColumn: Column<EgressRow> = {
  header: 'What',
  cell: (row) => {
    const Icon = KIND_ICONS[row.kind];
    return (
      <Stack gap={0}>
        <Link to={pageOf(row)} className={`${classes.rowLink} ${classes.nowrap}`}>
          <Icon size={16} stroke={1.7} aria-hidden className={classes.inlineIcon} />
          {EGRESS_WORDS[row.kind].one}
        </Link>
        <Text size="xs" c="dimmed" className={classes.nowrap}>
          {shortDateTime(row.startedAt ?? row.createdAt)}
        </Text>
      </Stack>
    );
  },
};

function State({ row }: { row: EgressRow }) {
  return (
    <Stack gap={2} align="flex-start">
      <EgressBadge {...row} />
      {row.reason && (
        <Text size="xs" c="dimmed" lineClamp={2} maw={320} style={{ overflowWrap: 'anywhere' }}>
          {row.reason}
        </Text>
      )}
    </Stack>
  );
}

function Length({ row: { startedAt, endedAt, file } }: { row: EgressRow }) {
  if (file) return <span className={classes.nowrap}>{duration(file.duration * 1000)}</span>;
  if (startedAt === null) return '–';
  return (
    <span className={classes.nowrap}>
      <Lasted from={startedAt} to={endedAt} />
    </span>
  );
}

function Actions({ row, ask }: { row: EgressRow; ask: (asked: Asked) => void }) {
  const isEnding = row.endedAt !== null || row.status === 'stopping';
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Actions for the ${EGRESS_WORDS[row.kind].one} of ${row.customRoomId ?? row.roomId}`}
        >
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconEye size={16} />} component={Link} to={pageOf(row)}>
          Open
        </Menu.Item>
        {!isEnding && (
          <Menu.Item leftSection={<IconPlayerStop size={16} />} onClick={() => ask({ what: 'stop', egress: row })}>
            Stop …
          </Menu.Item>
        )}
        {row.kind !== 'livestream' && row.endedAt !== null && (
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={16} />}
            onClick={() => ask({ what: 'delete', egress: row })}
          >
            Delete …
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
