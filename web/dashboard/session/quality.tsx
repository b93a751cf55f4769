import { Button, Group, Skeleton, Stack, Table, Text, Tooltip, UnstyledButton } from '@mantine/core';
import { IconActivity, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { GRADES } from '../../../src/protocol/quality.ts';
import type { TimelineBody } from '../../../src/protocol/rest/dashboard.ts';
import type { QualityBody, QualityParticipant, Trouble } from '../../../src/protocol/rest/dashboard-quality.ts';
import { Empty } from '../parts/empty.tsx';
import { Failure } from '../parts/failure.tsx';
import { clock, duration } from '../parts/format.ts';
import partsClasses from '../parts/parts.module.css';
import { Section } from '../parts/section.tsx';
import { quality } from '../queries.ts';
import classes from './quality.module.css';
import { QualityCharts } from './quality-charts.tsx';
import { bands, GRADE_WORDS, reasons, suffered } from './quality-words.ts';
import timelineClasses from './timeline.module.css';
import { Axis } from './timeline.tsx';
import { position } from './timeline-layout.ts';

const SHOWN_AT_FIRST = 15;

/** Who had trouble in the session, when, and of what kind. */
export function Quality({ session: { sessionId, endedAt } }: { session: TimelineBody }) {
  const isLive = endedAt === null;
  const { data, error, refetch } = useQuery(quality(sessionId, isLive));
  return (
    <Section
      title="Quality"
      description="What got through to each and from each, worst first; open one for its figures"
    >
      {data ? (
        <Shown body={data} sessionId={sessionId} isLive={isLive} />
      ) : error ? (
        <Failure error={error} retry={refetch} />
      ) : (
        <Skeleton h={120} />
      )}
    </Section>
  );
}

function Shown({ body, sessionId, isLive }: { body: QualityBody; sessionId: string; isLive: boolean }) {
  const [all, setAll] = useState(false);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  if (body.participants.length === 0) {
    return (
      <Empty icon={<IconActivity size={26} />} title={isLive ? 'Nothing measured yet' : 'Nothing was measured'}>
        {isLive
          ? 'The first figures come within 20 seconds of somebody’s microphone, camera or screen.'
          : 'Nobody sent or received sound or pictures for longer than 20 seconds.'}
      </Empty>
    );
  }
  const sorted = body.participants.toSorted((a, b) => b.poorMs - a.poorMs || b.fairMs - a.fairMs);
  const shown = all ? sorted : sorted.slice(0, SHOWN_AT_FIRST);
  const toggle = (id: string) => setOpen((before) => before.symmetricDifference(new Set([id])));
  return (
    <Stack gap="md">
      <Legend />
      <div className={timelineClasses.timeline}>
        <Axis view={viewOf(body)} />
        {shown.map((participant) => (
          <Row
            key={participant.id}
            {...{ participant, body, sessionId, isLive }}
            isOpen={open.has(participant.id)}
            onToggle={() => toggle(participant.id)}
          />
        ))}
      </div>
      {shown.length < sorted.length && (
        <Button variant="default" size="xs" onClick={() => setAll(true)}>
          Show all {sorted.length}
        </Button>
      )}
      <Troubles troubles={body.troubles} />
    </Stack>
  );
}

function viewOf({ from, to }: QualityBody) {
  return { from: Date.parse(from), to: Date.parse(to) };
}

function Legend() {
  return (
    <Group gap="md" aria-hidden>
      {[...GRADES, 'none' as const].map((grade) => (
        <Group key={grade} gap={6}>
          <span className={classes.swatch} data-grade={grade} />
          <Text size="xs" c="dimmed">
            {grade === 'none' ? 'Nothing flowed' : GRADE_WORDS[grade]}
          </Text>
        </Group>
      ))}
    </Group>
  );
}

interface RowProps {
  participant: QualityParticipant;
  body: QualityBody;
  sessionId: string;
  isLive: boolean;
  isOpen: boolean;
  onToggle: () => void;
}

function Row({ participant, body, sessionId, isLive, isOpen, onToggle }: RowProps) {
  const { id, participantId, cells, poorMs } = participant;
  const name = participant.name || participantId;
  return (
    <>
      <div className={timelineClasses.row}>
        <UnstyledButton className={classes.who ?? ''} onClick={onToggle} aria-expanded={isOpen}>
          <IconChevronRight size={14} aria-hidden />
          <span style={{ minWidth: 0 }}>
            <Text size="sm" fw={550} truncate title={name} component="span" display="block">
              {name}
            </Text>
            <Text
              size="xs"
              c={poorMs > 0 ? 'var(--mantine-color-red-text)' : 'dimmed'}
              truncate
              component="span"
              display="block"
            >
              {summary(participant)}
            </Text>
          </span>
        </UnstyledButton>
        <div className={timelineClasses.lane} role="img" aria-label={`Quality of ${name}: ${summary(participant)}`}>
          {bands(cells, body).map(({ from, to, grade, score }) => (
            <Tooltip.Floating
              key={from}
              label={`${GRADE_WORDS[grade]}, ${score.toFixed(1)} at worst: ${clock(from)} – ${clock(to)}`}
            >
              <span
                className={classes.band}
                data-grade={grade}
                style={{
                  left: `${position(from, viewOf(body))}%`,
                  width: `${position(to, viewOf(body)) - position(from, viewOf(body))}%`,
                }}
              />
            </Tooltip.Floating>
          ))}
        </div>
      </div>
      {isOpen && (
        <div className={classes.charts}>
          <QualityCharts {...{ sessionId, isLive, name, body }} participant={id} />
        </div>
      )}
    </>
  );
}

function summary({ audioScore, videoScore, fairMs, poorMs }: QualityParticipant): string {
  if (poorMs > 0) return `poor for ${duration(poorMs)}`;
  if (fairMs > 0) return `fair for ${duration(fairMs)}`;
  return audioScore === null && videoScore === null ? 'nothing flowed' : 'good all the time';
}

function Troubles({ troubles }: { troubles: Trouble[] }) {
  if (troubles.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nobody’s quality was poor at any time.
      </Text>
    );
  }
  return (
    <Table verticalSpacing="xs" className={partsClasses.table} aria-label="Worst moments">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Worst moments</Table.Th>
          <Table.Th>Who and why</Table.Th>
          <Table.Th visibleFrom="sm">What suffered</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {troubles.map((trouble) => {
          const { participant, name, start, end } = trouble;
          return (
            <Table.Tr key={`${participant} ${start}`}>
              <Table.Td>
                <Text size="sm" className={partsClasses.nowrap ?? ''}>
                  {clock(Date.parse(start))}
                </Text>
                <Text size="xs" c="dimmed">
                  for {duration(Date.parse(end) - Date.parse(start))}
                </Text>
              </Table.Td>
              <Table.Td>
                <Text size="sm" fw={550} style={{ overflowWrap: 'anywhere' }}>
                  {name}
                </Text>
                <Text size="xs" c="dimmed">
                  {reasons(trouble).join('; ')}
                </Text>
              </Table.Td>
              <Table.Td fz="sm" visibleFrom="sm">
                {suffered(trouble)}
              </Table.Td>
            </Table.Tr>
          );
        })}
      </Table.Tbody>
    </Table>
  );
}
