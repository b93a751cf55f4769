import { Center, Loader, Paper, Stack, Text } from '@mantine/core';
import { IconMoodEmpty, IconPlayerRecordFilled } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { EgressBody } from '../../../src/protocol/rest/dashboard.ts';
import { type Source, streamSource } from '../../player/engine.ts';
import { Player } from '../../player/player.tsx';
import classes from '../parts/parts.module.css';
import { Lasted } from '../parts/times.tsx';
import { EGRESS_WORDS } from '../words.ts';

/** What there is to see of one, or why there is nothing. */
export function Screen({ egress }: { egress: EgressBody }) {
  const { kind, roomId, customRoomId, config } = egress;
  const source = sourceOf(egress);
  if (!source) return <NothingToSee egress={egress} />;
  return (
    <div className={classes.player}>
      <Player
        source={source}
        title={`${EGRESS_WORDS[kind].one} of ${customRoomId ?? roomId}`}
        audioOnly={config.mode === 'audio'}
        portrait={config.orientation === 'portrait'}
      />
    </div>
  );
}

function sourceOf({ hls, recorded, startedAt, endedAt }: EgressBody): Source | undefined {
  if (recorded) return { kind: 'file', url: recorded.url };
  if (!hls?.playable || startedAt === null) return undefined;
  return streamSource(hls, { start: startedAt, end: endedAt });
}

function NothingToSee({ egress: { kind, status, startedAt, queuePosition } }: { egress: EgressBody }) {
  if (kind === 'livestream') return null;
  if (status === 'queued') {
    return (
      <Notice icon={<Loader size="sm" />} title="It waits for a free slot">
        {queuePosition === 1 ? 'It is the next one.' : `${(queuePosition ?? 1) - 1} are before it.`} It begins by
        itself.
      </Notice>
    );
  }
  if (status === 'active' && startedAt !== null) {
    return (
      <Notice
        icon={<IconPlayerRecordFilled size={22} color="var(--mantine-color-red-text)" />}
        title={
          <>
            Recording for <Lasted from={startedAt} to={null} />
          </>
        }
      >
        The recording can be played and downloaded here as soon as it has ended.
      </Notice>
    );
  }
  if (status === 'starting' || status === 'active') {
    return <Notice icon={<Loader size="sm" />} title="It is being started" />;
  }
  if (status === 'stopping') {
    return (
      <Notice icon={<Loader size="sm" />} title="It is being finished">
        The file is put together; that takes a moment.
      </Notice>
    );
  }
  return (
    <Notice icon={<IconMoodEmpty size={26} />} title="There is nothing to play">
      It ended before anything was kept.
    </Notice>
  );
}

function Notice({ icon, title, children }: { icon: ReactNode; title: ReactNode; children?: ReactNode }) {
  return (
    <Paper withBorder p="xl" role="status">
      <Center>
        <Stack align="center" gap={6}>
          {icon}
          <Text fw={600}>{title}</Text>
          {children && (
            <Text size="sm" c="dimmed" ta="center">
              {children}
            </Text>
          )}
        </Stack>
      </Center>
    </Paper>
  );
}
