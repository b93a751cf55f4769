import { Box, Group, Paper, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  title?: string;
  description?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** A framed part of a page. */
export function Section({ title, description, actions, children }: Props) {
  return (
    <Paper withBorder p={{ base: 'md', sm: 'lg' }} component="section" miw={0}>
      {(title || actions) && (
        <Group justify="space-between" mb="md" gap="xs" align="flex-start">
          <Box miw={0}>
            <Title order={2} fz="1rem" lh={1.4}>
              {title}
            </Title>
            {description && (
              <Text size="sm" c="dimmed" component="div">
                {description}
              </Text>
            )}
          </Box>
          {actions}
        </Group>
      )}
      {children}
    </Paper>
  );
}
