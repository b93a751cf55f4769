import { Badge, Button, Group, Table, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { NodeRow } from '../../src/protocol/rest/dashboard.ts';
import { api } from './api.ts';
import { Confirm } from './parts/confirm.tsx';
import { plural, whole } from './parts/format.ts';
import classes from './parts/parts.module.css';
import { Section } from './parts/section.tsx';
import { NodeStatus } from './parts/status.tsx';
import { Ago } from './parts/times.tsx';
import { tell } from './parts/toasts.tsx';
import { system } from './queries.ts';

/** The processes on this database, and a way to take one out of service. */
export function NodesTable({ nodes }: { nodes: NodeRow[] }) {
  return (
    <Section title="Nodes" description={`${plural(nodes.length, 'process', 'processes')} on the same database`}>
      <Table.ScrollContainer minWidth={0} type="native">
        <Table verticalSpacing="sm" className={classes.table} aria-label="Nodes">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Address</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th visibleFrom="md">Roles</Table.Th>
              <Table.Th ta="right" visibleFrom="sm">
                Sessions
              </Table.Th>
              <Table.Th ta="right" visibleFrom="sm">
                People
              </Table.Th>
              <Table.Th ta="right" visibleFrom="md">
                Egresses
              </Table.Th>
              <Table.Th visibleFrom="md">Started</Table.Th>
              <Table.Th aria-label="Actions" />
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {nodes.map((node) => (
              <Node key={node.id} node={node} isOnly={!nodes.some((other) => takesOver(other, node))} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Section>
  );
}

/** Whether new sessions go to `other` while `node` is draining. */
function takesOver(other: NodeRow, node: NodeRow): boolean {
  return other.id !== node.id && other.state === 'up' && other.roles.includes('media');
}

function Node({ node, isOnly }: { node: NodeRow; isOnly: boolean }) {
  const { publicUrl, thisOne, state, roles, sessions, people, egresses, startedAt } = node;
  return (
    <Table.Tr>
      <Table.Td w="42%" style={{ overflowWrap: 'anywhere' }}>
        <Text size="sm" fw={600}>
          {publicUrl}
        </Text>
        {thisOne && (
          <Text size="xs" c="dimmed">
            answers this page
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <NodeStatus state={state} />
        {state === 'draining' && (
          <Text size="xs" c="dimmed" mt={2}>
            {leftOn(node)} left
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="md">
        <Group gap={4}>
          {roles.map((role) => (
            <Badge key={role} variant="default" tt="none">
              {role}
            </Badge>
          ))}
        </Group>
      </Table.Td>
      <Table.Td ta="right" visibleFrom="sm">
        {whole(sessions)}
      </Table.Td>
      <Table.Td ta="right" visibleFrom="sm">
        {whole(people)}
      </Table.Td>
      <Table.Td ta="right" visibleFrom="md">
        {whole(egresses)}
      </Table.Td>
      <Table.Td visibleFrom="md">
        <Ago at={startedAt} size="sm" />
      </Table.Td>
      <Table.Td ta="right">{roles.includes('media') && state !== 'lost' && <Drain {...{ node, isOnly }} />}</Table.Td>
    </Table.Tr>
  );
}

function leftOn({ sessions, people, egresses, uploads, expected }: NodeRow): string {
  const parts = [
    sessions > 0 && `${plural(sessions, 'session')} with ${plural(people, 'person', 'people')}`,
    egresses > 0 && plural(egresses, 'egress', 'egresses'),
    uploads > 0 && plural(uploads, 'upload'),
    expected > 0 && plural(expected, 'room on its way', 'rooms on their way'),
  ];
  return parts.filter((part) => part !== false).join(', ');
}

function Drain({ node, isOnly }: { node: NodeRow; isOnly: boolean }) {
  const [asking, setAsking] = useState(false);
  const client = useQueryClient();
  const isIn = node.drainingSince === null;
  const change = useMutation({
    mutationFn: () => api('POST', `/nodes/${node.id}/${isIn ? 'drain' : 'undrain'}`),
    onSuccess: async () => {
      setAsking(false);
      tell.done(isIn ? 'The node takes no new sessions from now on.' : 'The node takes new sessions again.');
      await client.invalidateQueries({ queryKey: system.queryKey });
    },
    onError: tell.failed,
  });
  const host = URL.parse(node.publicUrl)?.host ?? node.publicUrl;
  if (!isIn) {
    return (
      <Button
        size="xs"
        variant="light"
        loading={change.isPending}
        onClick={() => change.mutate()}
        aria-label={`Put back ${host}`}
      >
        Put back
      </Button>
    );
  }
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setAsking(true)} aria-label={`Drain ${host}`}>
        Drain
      </Button>
      <Confirm
        opened={asking}
        title={`Take ${host} out of service?`}
        action={isOnly ? 'Drain the only node' : 'Drain'}
        danger={isOnly}
        loading={change.isPending}
        onConfirm={() => change.mutate()}
        onClose={() => setAsking(false)}
      >
        <Text size="sm">
          No new session begins there. What goes on there stays, and more people may join it; once nothing is left the
          node counts as drained and can be stopped. It stays so over restarts, until it is put back.
        </Text>
        {isOnly && (
          <Text size="sm" mt="xs" fw={600} c="var(--mantine-color-red-text)">
            No other node takes sessions: until one does, nobody can begin a meeting.
          </Text>
        )}
      </Confirm>
    </>
  );
}
