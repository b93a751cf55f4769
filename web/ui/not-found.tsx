import { Anchor, Center, Stack, Text, Title } from '@mantine/core';
import { pathTo } from '../paths.ts';

export function NotFound() {
  return (
    <Center component="main" mih="100vh" p="md">
      <Stack align="center" gap="xs">
        <Title order={1}>There is no such page</Title>
        <Text>The address may be mistyped, or what it showed is gone.</Text>
        <Anchor href={pathTo('home')}>Go to the start</Anchor>
      </Stack>
    </Center>
  );
}
