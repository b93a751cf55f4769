import { Badge, DataList, Group, Progress, SimpleGrid, Stack, Switch, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { SystemBody } from '../../src/protocol/rest/dashboard.ts';
import { bytes } from '../ui/bytes.ts';
import { Examination } from './examination.tsx';
import { NodesTable } from './nodes-table.tsx';
import { Failure } from './parts/failure.tsx';
import { duration, whole } from './parts/format.ts';
import { PageFrame } from './parts/page.tsx';
import classes from './parts/parts.module.css';
import { Section } from './parts/section.tsx';
import { system } from './queries.ts';

export function Page() {
  const { data, error, refetch } = useQuery(system);
  return (
    <PageFrame title="System" description="This installation: its servers, its health, and the settings in force.">
      {data ? <Shown data={data} /> : error && <Failure error={error} retry={refetch} />}
    </PageFrame>
  );
}

function Shown({ data }: { data: SystemBody }) {
  return (
    <Stack gap="lg">
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Health data={data} />
        <Versions data={data} />
      </SimpleGrid>
      <NodesTable nodes={data.nodes} />
      <Examination />
      <Workers workers={data.workers} />
      <Settings settings={data.settings} />
    </Stack>
  );
}

function Health({ data: { checks, disk } }: { data: SystemBody }) {
  return (
    <Section title="Health" description="What /readyz asks">
      <Stack gap="sm">
        {Object.entries(checks).map(([name, result]) => (
          <Group key={name} justify="space-between" gap="xs">
            <Text size="sm" tt="capitalize">
              {name}
            </Text>
            <Badge variant="light" color={result === 'ok' ? 'teal' : 'red'} tt="none">
              {result === 'ok' ? 'Ok' : result}
            </Badge>
          </Group>
        ))}
        {disk && (
          <div>
            <Group justify="space-between" mb={6}>
              <Text size="sm">Disk of the data folder</Text>
              <Text size="sm" c="dimmed">
                {bytes(disk.freeBytes)} of {bytes(disk.totalBytes)} free
              </Text>
            </Group>
            <Progress
              value={100 * (1 - disk.freeBytes / disk.totalBytes)}
              color={disk.freeBytes < disk.totalBytes / 10 ? 'red' : 'indigo'}
              aria-label="Disk used"
            />
          </div>
        )}
      </Stack>
    </Section>
  );
}

function Versions({ data }: { data: SystemBody }) {
  const rows: [string, ReactNode][] = [
    ['Roomful', data.version],
    ['Node.js', data.nodeVersion.replace(/^v/, '')],
    ['PostgreSQL', data.postgres],
    ['System', data.platform],
    ['Running for', duration(Date.now() - Date.parse(data.startedAt))],
    ['Memory', bytes(data.memoryBytes)],
    ['Database', bytes(data.databaseBytes)],
  ];
  return (
    <Section title="Versions and sizes">
      <DataList labelWidth="110px" withDivider gap={6}>
        {rows.map(([label, value]) => (
          <DataList.Item key={label}>
            <DataList.ItemLabel>{label}</DataList.ItemLabel>
            <DataList.ItemValue>{value}</DataList.ItemValue>
          </DataList.Item>
        ))}
      </DataList>
    </Section>
  );
}

function Workers({ workers }: { workers: SystemBody['workers'] }) {
  if (workers.length === 0) return null;
  return (
    <Section title="Media workers" description="Of the node that answers this page, one process each">
      <Table verticalSpacing="xs" className={classes.table} aria-label="Media workers">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Worker</Table.Th>
            <Table.Th ta="right">Rooms</Table.Th>
            <Table.Th ta="right">People</Table.Th>
            <Table.Th ta="right">Streams out</Table.Th>
            <Table.Th ta="right" visibleFrom="xs">
              Process
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {workers.map((worker) => (
            <Table.Tr key={worker.index}>
              <Table.Td>{worker.index + 1}</Table.Td>
              <Table.Td ta="right">{whole(worker.rooms)}</Table.Td>
              <Table.Td ta="right">{whole(worker.people)}</Table.Td>
              <Table.Td ta="right">{whole(worker.consumers)}</Table.Td>
              <Table.Td ta="right" visibleFrom="xs" className={classes.mono}>
                {worker.pid}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Section>
  );
}

function Settings({ settings }: { settings: SystemBody['settings'] }) {
  const [changedOnly, setChangedOnly] = useState(false);
  const shown = changedOnly ? settings.filter(({ isDefault }) => !isDefault) : settings;
  return (
    <Section
      title="Settings in force"
      description="Environment variables, read at the start; secrets are never shown"
      actions={
        <Switch
          label="Changed only"
          checked={changedOnly}
          onChange={({ currentTarget }) => setChangedOnly(currentTarget.checked)}
        />
      }
    >
      {shown.length === 0 && <Text size="sm">Everything is as it comes.</Text>}
      <Stack gap={0}>
        {shown.map(({ name, value, isDefault, secret, meaning }) => (
          <div key={name} className={classes.setting}>
            <Group justify="space-between" gap="xs" align="baseline">
              <Text className={classes.mono} fw={600}>
                {name}
              </Text>
              <Group gap={6}>
                <Text className={classes.mono} style={{ overflowWrap: 'anywhere' }} {...(!value && { c: 'dimmed' })}>
                  {secret && value ? '••••••••' : value || 'not set'}
                </Text>
                {!isDefault && (
                  <Badge size="sm" variant="light" tt="none">
                    changed
                  </Badge>
                )}
              </Group>
            </Group>
            <Text size="sm" c="dimmed">
              {meaning.replaceAll('`', '')}
            </Text>
          </div>
        ))}
      </Stack>
    </Section>
  );
}
