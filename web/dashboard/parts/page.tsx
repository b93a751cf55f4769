import { Anchor, Box, Breadcrumbs, Group, Stack, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';

interface Props {
  title: string;
  /** Beside the title, such as a state. */
  badge?: ReactNode;
  description?: ReactNode;
  /** Pages above this one. */
  above?: { name: string; to: string }[];
  actions?: ReactNode;
  children: ReactNode;
}

/** What every page of the dashboard begins with. */
export function PageFrame({ title, badge, description, above, actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Roomful`;
  }, [title]);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start" gap="md">
        <Box miw={0} flex="1 1 20rem">
          {above && (
            <Breadcrumbs mb={4} separatorMargin={6} fz="sm">
              {above.map(({ name, to }) => (
                <Anchor key={to} component={Link} to={to} size="sm">
                  {name}
                </Anchor>
              ))}
            </Breadcrumbs>
          )}
          <Group gap="sm">
            <Title order={1} fz="1.5rem" lh={1.3} style={{ overflowWrap: 'anywhere' }}>
              {title}
            </Title>
            {badge}
          </Group>
          {description && (
            <Text component="div" c="dimmed" mt={4} size="sm" maw="44rem">
              {description}
            </Text>
          )}
        </Box>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}
