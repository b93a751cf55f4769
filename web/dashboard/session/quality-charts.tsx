import { ChartTooltip, LineChart } from '@mantine/charts';
import { Group, SimpleGrid, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { FAIR_FROM } from '../../../src/protocol/quality.ts';
import type { QualityBody } from '../../../src/protocol/rest/dashboard-quality.ts';
import { Failure } from '../parts/failure.tsx';
import { clock, latency } from '../parts/format.ts';
import { participantQuality } from '../queries.ts';
import classes from './quality.module.css';
import { bitrate, type ChartPoint, percent, withBreaks } from './quality-words.ts';
import { ticks } from './timeline-layout.ts';

const CHART_HEIGHT = 170;
const RECEIVED = { strokeDasharray: '5 4' };

interface Line {
  name: keyof Omit<ChartPoint, 'time'>;
  label: string;
  color: string;
  strokeDasharray?: string;
}

interface Kind {
  title: string;
  lines: Line[];
  format: (value: number) => string;
  domain?: [number, number];
}

const SOUND = 'teal.6';
const PICTURE = 'indigo.5';

const CHARTS: Kind[] = [
  {
    title: 'Score',
    lines: [
      { name: 'audioScore', label: 'Sound', color: SOUND },
      { name: 'videoScore', label: 'Picture', color: PICTURE },
    ],
    format: (value) => value.toFixed(1),
    domain: [1, 5],
  },
  {
    title: 'Bitrate',
    lines: [
      { name: 'audioSend', label: 'Sound sent', color: SOUND },
      { name: 'videoSend', label: 'Picture sent', color: PICTURE },
      { name: 'audioRecv', label: 'Sound received', color: SOUND, ...RECEIVED },
      { name: 'videoRecv', label: 'Picture received', color: PICTURE, ...RECEIVED },
    ],
    format: bitrate,
  },
  {
    title: 'Packets lost',
    lines: [
      { name: 'sendLoss', label: 'Of what is sent', color: 'red.6' },
      { name: 'recvLoss', label: 'Of what is received', color: 'orange.5', ...RECEIVED },
    ],
    format: percent,
  },
  {
    title: 'Round trip and jitter',
    lines: [
      { name: 'rttMs', label: 'Round trip', color: 'grape.5' },
      { name: 'jitterMs', label: 'Jitter', color: 'cyan.6', ...RECEIVED },
    ],
    format: latency,
  },
];

interface QualityChartsProps {
  sessionId: string;
  isLive: boolean;
  /** Object id. */
  participant: string;
  name: string;
  body: QualityBody;
}

/** One participant in figures, over the time of the session. */
export function QualityCharts({ sessionId, isLive, participant, name, body }: QualityChartsProps) {
  const { data, error, refetch } = useQuery(participantQuality(sessionId, isLive, participant));
  const together = useId();
  if (error && !data) return <Failure error={error} retry={refetch} />;
  const points = data && withBreaks(data.points, data.stepMs);
  const view = { from: Date.parse(body.from), to: Date.parse(body.to) };
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
      {CHARTS.map((kind) => (
        <div key={kind.title}>
          <Group justify="space-between" gap="xs" mb={6}>
            <Text size="sm" fw={600}>
              {kind.title}
            </Text>
            <Legend lines={kind.lines} />
          </Group>
          {points ? (
            <Chart kind={kind} points={points} view={view} together={together} label={`${kind.title} of ${name}`} />
          ) : (
            <Skeleton h={CHART_HEIGHT} />
          )}
        </div>
      ))}
    </SimpleGrid>
  );
}

/** Mantine's own would show received and sent in the same colour without the dashes that tell them apart. */
function Legend({ lines }: { lines: Line[] }) {
  return (
    <Group gap="sm" aria-hidden>
      {lines.map(({ name, label, color, strokeDasharray }) => (
        <Group key={name} gap={5}>
          <span
            className={classes.line}
            data-dashed={strokeDasharray !== undefined || undefined}
            style={{ color: `var(--mantine-color-${color.replace('.', '-')})` }}
          />
          <Text size="xs" c="dimmed">
            {label}
          </Text>
        </Group>
      ))}
    </Group>
  );
}

interface ChartProps {
  kind: Kind;
  points: ChartPoint[];
  view: { from: number; to: number };
  /** What is pointed at in one chart is shown in all of them. */
  together: string;
  label: string;
}

function Chart({ kind: { lines, format, domain }, points, view, together, label }: ChartProps) {
  return (
    <LineChart
      h={CHART_HEIGHT}
      data={points}
      dataKey="time"
      series={lines}
      curveType="linear"
      withDots={points.length < 3}
      dotProps={{ r: 3 }}
      strokeWidth={2}
      connectNulls={false}
      gridAxis="x"
      tickLine="none"
      valueFormatter={format}
      xAxisProps={{
        type: 'number',
        domain: [view.from, view.to],
        ticks: ticks(view, 4),
        tickFormatter: (time: number) => clock(time, view.to - view.from < 15 * 60_000),
      }}
      yAxisProps={{
        width: 76,
        // An ordinary space would be where the label breaks.
        tickFormatter: (value: number) => format(value).replace(' ', '\u00a0'),
        ...(domain && { domain, ticks: [1, 2, 3, 4, 5] }),
      }}
      {...(domain && { referenceLines: [{ y: FAIR_FROM, color: 'red.6', strokeDasharray: '2 3' }] })}
      lineChartProps={{ syncId: together, syncMethod: 'value' }}
      tooltipProps={{
        content: ({ label: time, payload }) => (
          <ChartTooltip
            label={clock(Number(time))}
            payload={[...(payload ?? [])]}
            series={lines}
            valueFormatter={format}
          />
        ),
      }}
      role="img"
      aria-label={label}
    />
  );
}
