import { Anchor, Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { SystemBody } from '../../src/protocol/rest/dashboard.ts';
import { pathTo } from '../paths.ts';
import { bytes } from '../ui/bytes.ts';
import { plural } from './parts/format.ts';
import { Section } from './parts/section.tsx';
import { NodeStatus } from './parts/status.tsx';
import { system } from './queries.ts';

/** Nodes and disk in a few words, for the operator. */
export function NodesSummary() {
  const { data } = useQuery(system);
  if (!data) return null;
  const troubled = Object.entries(data.checks).filter(([, result]) => result !== 'ok');
  return (
    <Section
      title="Servers"
      actions={
        <Anchor component={Link} to={pathTo('system')} size="sm">
          System
        </Anchor>
      }
    >
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 4 }} spacing="lg">
        {data.nodes.map((node) => (
          <Stack key={node.id} gap={4}>
            <Group gap="xs">
              <NodeStatus state={node.state} />
              <Text size="sm" fw={600} truncate>
                {URL.parse(node.publicUrl)?.host ?? node.publicUrl}
              </Text>
            </Group>
            <Text size="sm" c="dimmed">
              {plural(node.sessions, 'session')}, {plural(node.people, 'person', 'people')}
              {node.thisOne && `, ${plural(data.workers.length, 'media worker')}`}
            </Text>
          </Stack>
        ))}
        <Stack gap={4}>
          <Text size="sm" fw={600}>
            Checks
          </Text>
          <Text size="sm" c={troubled.length > 0 ? 'var(--mantine-color-red-text)' : 'dimmed'}>
            {troubled.length > 0
              ? troubled.map(([name, result]) => `${name}: ${result}`).join('; ')
              : `${Object.keys(data.checks).join(', ')}: ok`}
          </Text>
        </Stack>
        <Stack gap={6}>
          <Text size="sm" fw={600}>
            Recording and streaming
          </Text>
          <Slots system={data} />
        </Stack>
        {data.disk && (
          <Stack gap={6}>
            <Text size="sm" fw={600}>
              Disk
            </Text>
            <Progress
              value={100 * (1 - data.disk.freeBytes / data.disk.totalBytes)}
              aria-label="Disk used"
              color={data.disk.freeBytes < data.disk.totalBytes / 10 ? 'red' : 'indigo'}
            />
            <Text size="sm" c="dimmed">
              {bytes(data.disk.freeBytes)} free, database {bytes(data.databaseBytes)}
            </Text>
          </Stack>
        )}
      </SimpleGrid>
    </Section>
  );
}

/** Of one server, what is in use of how much; of several, what there is room for. */
function Slots({ system: { nodes, egress } }: { system: SystemBody }) {
  const { slots, slotsTaken, waiting } = egress;
  const able = nodes.filter(({ roles, state }) => roles.includes('egress') && state === 'up');
  if (able.some(({ thisOne }) => !thisOne)) {
    const free = able.reduce((sum, { freeSlots }) => sum + Math.max(0, freeSlots), 0);
    return (
      <Text size="sm" c={free === 0 ? 'var(--mantine-color-orange-text)' : 'dimmed'}>
        {plural(Math.floor(free), 'slot')} free on {plural(able.length, 'server')}
      </Text>
    );
  }
  return (
    <>
      <Progress
        value={slots > 0 ? (100 * slotsTaken) / slots : 0}
        aria-label="Slots in use"
        color={waiting > 0 ? 'orange' : 'indigo'}
      />
      <Text size="sm" c="dimmed">
        {slots === 0 ? 'No server does this' : `${slotsTaken} of ${plural(slots, 'slot')} in use`}
        {waiting > 0 && `, ${waiting} waiting`}
      </Text>
    </>
  );
}
