// Every page there is. Each is a chunk of its own, so that a guest of a meeting does not load the dashboard.
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  useRouterState,
} from '@tanstack/react-router';
import type { ComponentType } from 'react';
import { PAGES } from './paths.ts';
import { NotFound } from './ui/not-found.tsx';

const root = createRootRoute({ notFoundComponent: NotFound });

const meeting = createRoute({
  getParentRoute: () => root,
  path: PAGES.meeting,
  component: lazyRouteComponent(() => import('./meeting/meeting-page.tsx'), 'MeetingPage'),
});

const watch = createRoute({
  getParentRoute: () => root,
  path: PAGES.watch,
  component: lazyRouteComponent(() => import('./viewer/watch-page.tsx'), 'WatchPage'),
});

/** Around every page of the dashboard: navigation, and the sign-in when there is no session. */
const DashboardLayout = lazyRouteComponent(() => import('./dashboard/dashboard-layout.tsx'), 'DashboardLayout');

const dashboard = createRoute({
  getParentRoute: () => root,
  id: 'dashboard',
  // Beside the page that it goes around, not after it: whoever has to sign in sees nothing else. A recording that was
  // shared has no layout.
  loader: ({ location }) => (location.hash === '' ? DashboardLayout.preload?.() : undefined),
  component: () => (useFileToken() ? <Outlet /> : <DashboardLayout />),
});

const SharedRecording = lazyRouteComponent(() => import('./viewer/recording-page.tsx'), 'RecordingPage');
const OwnRecording = lazyRouteComponent(() => import('./dashboard/egress/recording-page.tsx'), 'Page');

/** A recording has one address: with the token of its file behind it for everybody, without for its owner. */
const recording = createRoute({
  getParentRoute: () => dashboard,
  path: PAGES.recording,
  component: () => {
    const token = useFileToken();
    const { recordingId } = recording.useParams();
    return token ? <SharedRecording recordingId={recordingId} token={token} /> : <OwnRecording />;
  },
});

/** What follows the # of a recording's address. */
function useFileToken(): string {
  return useRouterState({
    select: ({ location, matches }) =>
      matches.some(({ routeId }) => routeId === recording.id) ? location.hash.replace(/^#/, '') : '',
  });
}

const page = (path: string, load: () => Promise<{ Page: ComponentType }>) =>
  createRoute({ getParentRoute: () => dashboard, path, component: lazyRouteComponent(load, 'Page') });

const dashboardPages = [
  page(PAGES.home, () => import('./dashboard/overview-page.tsx')),
  page(PAGES.rooms, () => import('./dashboard/rooms-page.tsx')),
  page(PAGES.newRoom, () => import('./dashboard/new-room/new-room-page.tsx')),
  page(PAGES.room, () => import('./dashboard/room-page.tsx')),
  page(PAGES.sessions, () => import('./dashboard/sessions-page.tsx')),
  page(PAGES.session, () => import('./dashboard/session/session-page.tsx')),
  page(PAGES.recordings, () => import('./dashboard/egress/recordings-page.tsx')),
  page(PAGES.hlsStreams, () => import('./dashboard/egress/hls-streams-page.tsx')),
  page(PAGES.hlsStream, () => import('./dashboard/egress/hls-stream-page.tsx')),
  page(PAGES.livestreams, () => import('./dashboard/egress/livestreams-page.tsx')),
  page(PAGES.livestream, () => import('./dashboard/egress/livestream-page.tsx')),
  page(PAGES.webhooks, () => import('./dashboard/webhooks/deliveries-page.tsx')),
  page(PAGES.webhookEndpoints, () => import('./dashboard/webhooks/endpoints-page.tsx')),
  page(PAGES.webhookTools, () => import('./dashboard/webhooks/tools-page.tsx')),
  page(PAGES.delivery, () => import('./dashboard/webhooks/delivery-page.tsx')),
  page(PAGES.keys, () => import('./dashboard/keys-page.tsx')),
  page(PAGES.tokens, () => import('./dashboard/tokens-page.tsx')),
  page(PAGES.system, () => import('./dashboard/system-page.tsx')),
];

export const router = createRouter({
  routeTree: root.addChildren([meeting, watch, dashboard.addChildren([...dashboardPages, recording])]),
  defaultPreload: 'intent',
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
