import { Badge, Stack, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { SessionRow } from '../../src/protocol/rest/dashboard.ts';
import { pathTo } from '../paths.ts';
import type { Column } from './parts/data-table.tsx';
import { shortDateTime, whole } from './parts/format.ts';
import classes from './parts/parts.module.css';
import { LiveBadge } from './parts/status.tsx';
import { Lasted } from './parts/times.tsx';
import { endReason } from './words.ts';

/** Columns of a list of sessions; in a list of one room its name says nothing. */
export function sessionColumns({ withRoom }: { withRoom: boolean }): Column<SessionRow>[] {
  const started: Column<SessionRow> = {
    header: 'Started',
    sort: 'started',
    cell: ({ sessionId, startedAt }) => (
      <Stack gap={0}>
        <Link to={pathTo('session', { sessionId })} className={`${classes.rowLink} ${classes.nowrap}`}>
          {shortDateTime(startedAt)}
        </Link>
        <Text className={classes.mono} c="dimmed" visibleFrom="md">
          {sessionId}
        </Text>
      </Stack>
    ),
  };
  const room: Column<SessionRow> = {
    header: 'Room',
    cell: ({ roomId, customRoomId }) => (
      <Link to={pathTo('room', { roomId })} className={classes.rowLink}>
        {customRoomId ?? roomId}
      </Link>
    ),
  };
  return [
    started,
    ...(withRoom ? [room] : []),
    {
      header: 'State',
      cell: ({ endedAt, endReason: reason, present }) =>
        endedAt === null ? (
          <LiveBadge people={present} />
        ) : (
          <Badge variant="light" color={reason === 'node-lost' ? 'red' : 'gray'} tt="none">
            {endReason(reason)}
          </Badge>
        ),
    },
    {
      header: 'Lasted',
      sort: 'duration',
      align: 'right',
      from: 'sm',
      cell: ({ startedAt, endedAt }) => (
        <span className={classes.nowrap}>
          <Lasted from={startedAt} to={endedAt} />
        </span>
      ),
    },
    { header: 'People', sort: 'people', align: 'right', from: 'sm', cell: ({ people }) => whole(people) },
  ];
}
