import { EmptyState } from '@mantine/core';
import type { ReactNode } from 'react';

/** Nothing there yet: why, and what to do next. */
export function Empty(props: { icon: ReactNode; title: string; children: ReactNode; action?: ReactNode }) {
  const { icon, title, children, action } = props;
  return (
    <EmptyState variant="light" icon={icon} title={title} description={children}>
      {action && <EmptyState.Actions>{action}</EmptyState.Actions>}
    </EmptyState>
  );
}
