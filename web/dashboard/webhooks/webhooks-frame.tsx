import { Tabs } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { pathTo } from '../../paths.ts';
import { PageFrame } from '../parts/page.tsx';

const TABS = [
  { name: 'Deliveries', to: pathTo('webhooks') },
  { name: 'Receivers', to: pathTo('webhookEndpoints') },
  { name: 'Tools', to: pathTo('webhookTools') },
];

/** The three pages of webhooks, with the way between them. */
export function WebhooksFrame({ tab, actions, children }: { tab: string; actions?: ReactNode; children: ReactNode }) {
  const navigate = useNavigate();
  return (
    <PageFrame
      title="Webhooks"
      description="Every event to every receiver: in order within a session, and tried again for about three days."
      actions={actions}
    >
      <Tabs value={tab} onChange={(to) => to && void navigate({ to })} keepMounted={false}>
        <Tabs.List>
          {TABS.map(({ name, to }) => (
            <Tabs.Tab key={to} value={to}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={tab} pt="lg">
          {children}
        </Tabs.Panel>
      </Tabs>
    </PageFrame>
  );
}
