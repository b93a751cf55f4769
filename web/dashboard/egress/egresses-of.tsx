import { Anchor, Button, Group, Text } from '@mantine/core';
import { IconPlayerRecordFilled } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { pathTo } from '../../paths.ts';
import { DataTable } from '../parts/data-table.tsx';
import { Section } from '../parts/section.tsx';
import { egresses } from '../queries.ts';
import { egressColumns } from './egress-columns.tsx';
import { type Asked, EndEgress } from './end-egress.tsx';
import { StartEgress } from './start-egress.tsx';

const LATEST = 8;

interface Props {
  room: { roomId: string; name: string };
  /** Of this session alone. */
  sessionId?: string;
  /** Whether somebody is in it, so that something can be started. */
  live: boolean;
}

/** The latest recordings, HLS streams and livestreams of a room or session, and the way to start one. */
export function EgressesOf({ room, sessionId, live }: Props) {
  const { roomId } = room;
  const found = useQuery(egresses({ roomId, sessionId, perPage: LATEST }));
  const [asked, setAsked] = useState<Asked>();
  const [starting, setStarting] = useState(false);
  const hasMore = (found.data?.pageInfo.total ?? 0) > LATEST;
  return (
    <Section
      title="Recordings and streams"
      actions={
        <Group gap="sm">
          {hasMore && (
            <Anchor
              component={Link}
              to={pathTo('recordings')}
              search={{ search: sessionId ?? roomId } as never}
              size="sm"
            >
              All of them
            </Anchor>
          )}
          {live && (
            <Button size="xs" leftSection={<IconPlayerRecordFilled size={14} />} onClick={() => setStarting(true)}>
              Record or stream
            </Button>
          )}
        </Group>
      }
    >
      <DataTable
        label="Recordings and streams"
        columns={egressColumns({ ask: setAsked })}
        rowKey={({ id }) => id}
        found={found}
        noun={['recording or stream', 'recordings and streams']}
        empty={
          <Text size="sm" c="dimmed">
            {live ? 'None yet: start one now, while somebody is here.' : 'None.'}
          </Text>
        }
      />
      <StartEgress opened={starting} onClose={() => setStarting(false)} room={room} />
      <EndEgress asked={asked} onClose={() => setAsked(undefined)} />
    </Section>
  );
}
