// Every page there is. Each is a chunk of its own, so that a guest of a meeting does not load the dashboard.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { PAGES } from './paths.ts';
import { NotFound } from './ui/not-found.tsx';

const root = createRootRoute({ notFoundComponent: NotFound });

const meeting = createRoute({
  getParentRoute: () => root,
  path: PAGES.meeting,
  component: lazyRouteComponent(() => import('./meeting/meeting-page.tsx'), 'MeetingPage'),
});

/** Around every page of the dashboard: navigation, and the sign-in when there is no session. */
const dashboard = createRoute({
  getParentRoute: () => root,
  id: 'dashboard',
  component: lazyRouteComponent(() => import('./dashboard/dashboard-layout.tsx'), 'DashboardLayout'),
});

const page = (path: string, load: () => Promise<{ Page: ComponentType }>) =>
  createRoute({ getParentRoute: () => dashboard, path, component: lazyRouteComponent(load, 'Page') });

const dashboardPages = [
  page(PAGES.home, () => import('./dashboard/overview-page.tsx')),
  page(PAGES.rooms, () => import('./dashboard/rooms-page.tsx')),
  page(PAGES.newRoom, () => import('./dashboard/new-room/new-room-page.tsx')),
  page(PAGES.room, () => import('./dashboard/room-page.tsx')),
  page(PAGES.sessions, () => import('./dashboard/sessions-page.tsx')),
  page(PAGES.session, () => import('./dashboard/session/session-page.tsx')),
  page(PAGES.webhooks, () => import('./dashboard/webhooks/deliveries-page.tsx')),
  page(PAGES.webhookEndpoints, () => import('./dashboard/webhooks/endpoints-page.tsx')),
  page(PAGES.webhookTools, () => import('./dashboard/webhooks/tools-page.tsx')),
  page(PAGES.delivery, () => import('./dashboard/webhooks/delivery-page.tsx')),
  page(PAGES.keys, () => import('./dashboard/keys-page.tsx')),
  page(PAGES.tokens, () => import('./dashboard/tokens-page.tsx')),
  page(PAGES.system, () => import('./dashboard/system-page.tsx')),
];

export const router = createRouter({
  routeTree: root.addChildren([meeting, dashboard.addChildren(dashboardPages)]),
  defaultPreload: 'intent',
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
