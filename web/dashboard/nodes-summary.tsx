import { Anchor, Group, Progress, SimpleGrid, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
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
          <Progress
            value={data.egress.slots > 0 ? (100 * data.egress.slotsTaken) / data.egress.slots : 0}
            aria-label="Slots in use"
            color={data.egress.waiting > 0 ? 'orange' : 'indigo'}
          />
          <Text size="sm" c="dimmed">
            {data.egress.slotsTaken} of {plural(data.egress.slots, 'slot')} in use
            {data.egress.waiting > 0 && `, ${data.egress.waiting} waiting`}
          </Text>
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
