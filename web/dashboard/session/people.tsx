import { Accordion, Badge, Box, Button, Group, Stack, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { TimelineBody, TimelineParticipant } from '../../../src/protocol/rest/dashboard.ts';
import { api } from '../api.ts';
import { JsonBlock } from '../parts/code-block.tsx';
import { clock, duration, plural } from '../parts/format.ts';
import { Identifier } from '../parts/identifier.tsx';
import { Section } from '../parts/section.tsx';
import { tell } from '../parts/toasts.tsx';
import { leaveReason, MEDIA_WORDS } from '../words.ts';
import { presentMs } from './timeline-layout.ts';

/** The timeline in words, one participant after the other. */
export function People({ session, now }: { session: TimelineBody; now: number }) {
  return (
    <Section title="Participants" description="In the order they first came">
      <Accordion variant="separated" multiple>
        {session.participants.map((participant) => {
          const isThere = session.endedAt === null && participant.stays.some(({ end }) => end === null);
          return (
            <Accordion.Item key={participant.id} value={participant.id}>
              <Accordion.Control>
                <Group justify="space-between" gap="xs" pr="sm">
                  <Box miw={0}>
                    <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
                      {participant.name || participant.participantId}
                    </Text>
                    <Text size="xs" c="dimmed">
                      {duration(presentMs(participant, now))} in {plural(participant.stays.length, 'stay')}
                    </Text>
                  </Box>
                  {isThere && (
                    <Badge variant="light" color="teal" tt="none">
                      There now
                    </Badge>
                  )}
                </Group>
              </Accordion.Control>
              <Accordion.Panel>
                <Details participant={participant} sessionId={session.sessionId} isThere={isThere} now={now} />
              </Accordion.Panel>
            </Accordion.Item>
          );
        })}
      </Accordion>
    </Section>
  );
}

interface Details {
  participant: TimelineParticipant;
  sessionId: string;
  isThere: boolean;
  now: number;
}

function Details({ participant, sessionId, isThere, now }: Details) {
  const { participantId, stays, media, modes, deviceInfo } = participant;
  const remove = useMutation({
    mutationFn: () => api('POST', '/v2/sessions/participants/remove', { sessionId, participantId }),
    onSuccess: () => tell.done('They have been removed.'),
    onError: tell.failed,
  });
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Identifier value={participantId} label="participant id" />
        {isThere && (
          <Button size="xs" color="red" variant="light" loading={remove.isPending} onClick={() => remove.mutate()}>
            Remove from the session
          </Button>
        )}
      </Group>
      <Lines
        title="Stays"
        lines={stays.map(
          ({ start, end, leaveCode }) => `${span(start, end, now)}. ${end ? leaveReason(leaveCode) : ''}`,
        )}
      />
      <Lines
        title="Sent"
        lines={media.map(({ kind, start, end }) => `${MEDIA_WORDS[kind]} ${span(start, end, now)}`)}
      />
      <Lines title="Modes" lines={modes.map(({ mode, at }) => `${clock(Date.parse(at))} ${mode}`)} />
      {deviceInfo !== null && deviceInfo !== undefined && (
        <JsonBlock value={deviceInfo} label="device" maxHeight={200} />
      )}
    </Stack>
  );
}

function Lines({ title, lines }: { title: string; lines: string[] }) {
  return (
    <div>
      <Text size="xs" fw={600} c="dimmed">
        {title}
      </Text>
      {(lines.length > 0 ? lines : ['nothing']).map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end
        <Text size="sm" key={index}>
          {line}
        </Text>
      ))}
    </div>
  );
}

function span(start: string, end: string | null, now: number): string {
  const [from, to] = [Date.parse(start), end === null ? now : Date.parse(end)];
  return `${clock(from)} – ${end === null ? 'now' : clock(to)} (${duration(to - from)})`;
}
