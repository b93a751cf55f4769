// What the overview draws.
import { AreaChart, BarChart } from '@mantine/charts';
import type { OverviewBody } from '../../src/protocol/rest/dashboard.ts';
import { clock, whole } from './parts/format.ts';

type Unit = OverviewBody['unit'];

interface UsageProps {
  usage: OverviewBody['usage'];
  unit: Unit;
  height: number;
}

export function MinutesChart({ usage, unit, height }: UsageProps) {
  return (
    <AreaChart
      h={height}
      data={chartData(usage, unit)}
      dataKey="label"
      series={[{ name: 'minutes', label: 'Minutes', color: 'indigo.6' }]}
      curveType="monotone"
      withDots={false}
      strokeWidth={2}
      gridAxis="x"
      tickLine="none"
      valueFormatter={whole}
      yAxisProps={{ width: 44, allowDecimals: false }}
      role="img"
      aria-label="Participant minutes over time"
    />
  );
}

export function SessionsChart({ usage, unit, height }: UsageProps) {
  return (
    <BarChart
      h={height}
      data={chartData(usage, unit)}
      dataKey="label"
      series={[
        { name: 'sessions', label: 'Sessions', color: 'indigo.6' },
        { name: 'people', label: 'People', color: 'cyan.5' },
      ]}
      withLegend
      gridAxis="x"
      tickLine="none"
      valueFormatter={whole}
      maxBarWidth={22}
      yAxisProps={{ width: 36, allowDecimals: false }}
      role="img"
      aria-label="Sessions and people over time"
    />
  );
}

interface WebhooksProps {
  buckets: OverviewBody['webhooks']['buckets'];
  unit: Unit;
  height: number;
}

export function WebhooksChart({ buckets, unit, height }: WebhooksProps) {
  return (
    <BarChart
      h={height}
      type="stacked"
      data={chartData(buckets, unit)}
      dataKey="label"
      series={[
        { name: 'delivered', label: 'Accepted', color: 'teal.6' },
        { name: 'pending', label: 'On their way', color: 'yellow.5' },
        { name: 'dead', label: 'Given up', color: 'red.6' },
      ]}
      gridAxis="x"
      tickLine="none"
      maxBarWidth={22}
      valueFormatter={whole}
      yAxisProps={{ width: 36, allowDecimals: false }}
      role="img"
      aria-label="Webhooks over time"
    />
  );
}

function chartData<T extends { start: string }>(slots: T[], unit: 'hour' | 'day'): (T & { label: string })[] {
  return slots.map((slot) => ({ ...slot, label: slotLabel(slot.start, unit) }));
}

function slotLabel(start: string, unit: 'hour' | 'day'): string {
  if (unit === 'hour') return clock(Date.parse(start), false);
  return new Date(start).toLocaleDateString(undefined, { month: 'short', day: 'numeric' });
}
