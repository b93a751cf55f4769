import { Badge, Box, Group, Text } from '@mantine/core';
import type { EgressKind, EgressStatus } from '../../../src/protocol/egress.ts';
import type { NodeState } from '../../../src/protocol/node.ts';
import { egressState } from '../words.ts';
import classes from './parts.module.css';

const DELIVERY = {
  delivered: { color: 'teal', word: 'Delivered' },
  pending: { color: 'yellow', word: 'Pending' },
  dead: { color: 'red', word: 'Given up' },
} as const;

export function DeliveryStatus({ status, attempts }: { status: keyof typeof DELIVERY; attempts?: number }) {
  const { color, word } = DELIVERY[status];
  const isRetrying = status === 'pending' && (attempts ?? 0) > 0;
  return (
    <Badge variant="light" color={isRetrying ? 'orange' : color} tt="none">
      {isRetrying ? 'Retrying' : word}
    </Badge>
  );
}

const NODE: Record<NodeState, { color: string; word: string }> = {
  up: { color: 'teal', word: 'Up' },
  draining: { color: 'orange', word: 'Draining' },
  drained: { color: 'gray', word: 'Drained' },
  lost: { color: 'red', word: 'Lost' },
};

export function NodeStatus({ state }: { state: NodeState }) {
  const { color, word } = NODE[state];
  return (
    <Badge variant="light" color={color} tt="none">
      {word}
    </Badge>
  );
}

/** People in something that goes on now. */
export function LiveBadge({ people }: { people: number }) {
  return (
    <Badge variant="light" color="teal" tt="none" leftSection={<span className={classes.pulse} aria-hidden />}>
      Live · {people}
      {/* On a phone the number has to do. */}
      <Box component="span" visibleFrom="xs">
        {people === 1 ? '\u00a0person' : '\u00a0people'}
      </Box>
    </Badge>
  );
}

export function RoomStatus({ disabled, live }: { disabled: boolean; live: { people: number } | null }) {
  if (live) return <LiveBadge people={live.people} />;
  return (
    <Badge variant="light" color={disabled ? 'red' : 'gray'} tt="none">
      {disabled ? 'Deactivated' : 'Open'}
    </Badge>
  );
}

const EGRESS_COLORS: Record<EgressStatus, string> = {
  queued: 'yellow',
  starting: 'indigo',
  active: 'teal',
  stopping: 'indigo',
  completed: 'gray',
  failed: 'red',
  aborted: 'gray',
};

/** Where a recording, HLS stream or livestream stands. */
export function EgressBadge(props: { kind: EgressKind; status: EgressStatus; queuePosition: number | null }) {
  const { kind, status, queuePosition } = props;
  return (
    <Badge
      variant="light"
      color={EGRESS_COLORS[status]}
      tt="none"
      leftSection={status === 'active' && <span className={classes.pulse} aria-hidden />}
    >
      {egressState(kind, status)}
      {queuePosition !== null && (
        <>
          {' · '}
          <Box component="span" visibleFrom="xs">
            place&nbsp;
          </Box>
          {queuePosition}
        </>
      )}
    </Badge>
  );
}

/** Answer of a receiver: a status, or why there was none. */
export function AnswerCode({ status, error }: { status: number | null; error: string | null }) {
  if (status === null) {
    return (
      <Text size="sm" c={error ? 'var(--mantine-color-red-text)' : 'dimmed'} lineClamp={1}>
        {error ?? 'not tried yet'}
      </Text>
    );
  }
  return (
    <Group gap={6} wrap="nowrap">
      <Text
        size="sm"
        className={classes.mono}
        c={status < 300 ? 'var(--mantine-color-teal-text)' : 'var(--mantine-color-red-text)'}
        fw={600}
      >
        {status}
      </Text>
      {error && status >= 300 && !error.startsWith('answered') && (
        <Text size="sm" c="dimmed" lineClamp={1}>
          {error}
        </Text>
      )}
    </Group>
  );
}
