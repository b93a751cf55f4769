import { Button, Group, List, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { pathTo } from '../paths.ts';
import { CodeBlock } from './parts/code-block.tsx';
import { Section } from './parts/section.tsx';
import { me } from './queries.ts';

/** Shown until there is a room. */
export function FirstSteps() {
  const { data: who } = useQuery(me);
  const server = who?.publicUrl ?? location.origin;
  return (
    <Section title="Your server is ready" description="Three steps to a first meeting">
      <List type="ordered" size="sm" spacing="sm" mb="md">
        <List.Item>
          <b>Create a room</b>, here or with one call of the REST API.
        </List.Item>
        <List.Item>
          <b>Open it</b>: each room has its meeting page, and invite links for guests.
        </List.Item>
        <List.Item>
          <b>Hear of it</b>: give the room a webhook, and see each event arrive under Webhooks.
        </List.Item>
      </List>
      <CodeBlock
        label="command"
        code={`curl -X POST ${server}/v2/rooms -H "Authorization: $TOKEN" -H 'Content-Type: application/json' -d '{}'`}
      />
      <Group mt="md" gap="xs">
        <Button component={Link} to={pathTo('newRoom')}>
          Create a room
        </Button>
        <Button component={Link} to={pathTo('tokens')} variant="default">
          Make a token
        </Button>
        <Text size="sm" c="dimmed">
          A token is what programs show in place of the secret.
        </Text>
      </Group>
    </Section>
  );
}
