// Around every page of the dashboard: navigation, who is signed in, and the sign-in form when nobody is.
import '@mantine/charts/styles.css';
import {
  ActionIcon,
  Anchor,
  AppShell,
  Badge,
  Box,
  Burger,
  Center,
  Divider,
  Group,
  Loader,
  Menu,
  NavLink,
  ScrollArea,
  Stack,
  Text,
  Tooltip,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import {
  IconApi,
  IconChevronDown,
  IconDoor,
  IconGauge,
  IconHistory,
  IconKey,
  IconLogout,
  IconMoon,
  IconServer2,
  IconSun,
  IconTicket,
  IconVideo,
  IconWebhook,
  type TablerIcon,
} from '@tabler/icons-react';
import { QueryClientProvider, useMutation, useQuery } from '@tanstack/react-query';
import { Link, Outlet, useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';
import type { SignedInBody } from '../../src/protocol/rest/dashboard.ts';
import { pathTo } from '../paths.ts';
import logo from '../ui/roomful.svg';
import { api, queryClient } from './api.ts';
import { type LiveState, useLive } from './live.ts';
import { Failure } from './parts/failure.tsx';
import classes from './parts/parts.module.css';
import { Toasts, tell } from './parts/toasts.tsx';
import { me } from './queries.ts';
import { SignIn } from './sign-in.tsx';

export function DashboardLayout() {
  return (
    <QueryClientProvider client={queryClient}>
      <Entrance />
      <Toasts />
    </QueryClientProvider>
  );
}

function Entrance() {
  const { data, error, refetch } = useQuery(me);
  if (error) {
    return (
      <Center mih="100vh" p="md" component="main">
        <Failure error={error} retry={refetch} />
      </Center>
    );
  }
  if (data === undefined) {
    return (
      <Center mih="100vh" component="main">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  return data ? <Shell who={data} /> : <SignIn />;
}

interface PlaceLink {
  name: string;
  to: string;
  /** Pages elsewhere that belong to it. */
  also?: string[];
  icon: TablerIcon;
}

const LINKS: PlaceLink[] = [
  { name: 'Overview', to: pathTo('home'), icon: IconGauge },
  { name: 'Rooms', to: pathTo('rooms'), icon: IconDoor },
  { name: 'Sessions', to: pathTo('sessions'), icon: IconHistory },
  {
    name: 'Recordings',
    to: pathTo('recordings'),
    also: [pathTo('hlsStreams'), pathTo('livestreams')],
    icon: IconVideo,
  },
  { name: 'Webhooks', to: pathTo('webhooks'), icon: IconWebhook },
  { name: 'API keys', to: pathTo('keys'), icon: IconKey },
  { name: 'Token builder', to: pathTo('tokens'), icon: IconTicket },
];
const OPERATOR_LINKS: PlaceLink[] = [{ name: 'System', to: pathTo('system'), icon: IconServer2 }];

function Shell({ who }: { who: SignedInBody }) {
  const [opened, { toggle, close }] = useDisclosure();
  const live = useLive(true);
  const path = useRouterState({ select: ({ location }) => location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: on a narrow screen, going somewhere closes the menu
  useEffect(close, [path]);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'md', md: 'xl' }}
    >
      <a href="#content" className={classes.skip}>
        Skip to the content
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label="Navigation" />
            <Anchor component={Link} to={pathTo('home')} underline="never" c="inherit">
              <Group gap={10} wrap="nowrap">
                <img src={logo} alt="" width={26} height={26} />
                <Text fw={700} fz="1.0625rem" component="span">
                  Roomful
                </Text>
              </Group>
            </Anchor>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <LiveMark state={live} />
            <ColorSchemeToggle />
            <Account who={who} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs">
        <AppShell.Section grow component={ScrollArea}>
          <Stack gap={2} component="nav" aria-label="Main">
            {[...LINKS, ...(who.operator ? OPERATOR_LINKS : [])].map((link) => (
              <PageLink key={link.to} {...link} path={path} />
            ))}
          </Stack>
        </AppShell.Section>
        <AppShell.Section>
          <Divider my="xs" />
          <NavLink
            component="a"
            href="/docs"
            label="API reference"
            leftSection={<IconApi size={18} stroke={1.7} />}
            className={classes.navLink}
          />
          <Text size="xs" c="dimmed" px="sm" py={6}>
            Roomful {who.version}
          </Text>
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} style={{ outline: 'none' }}>
        <Box maw="80rem" mx="auto">
          <Outlet />
        </Box>
      </AppShell.Main>
    </AppShell>
  );
}

function PageLink({ name, to, also = [], icon: Icon, path }: PlaceLink & { path: string }) {
  const active = [to, ...also].some((it) => path === it || (it !== '/' && path.startsWith(`${it}/`)));
  return (
    <NavLink
      component={Link}
      to={to}
      label={name}
      active={active}
      {...(active && { 'aria-current': 'page' as const })}
      leftSection={<Icon size={18} stroke={1.7} />}
      className={classes.navLink}
    />
  );
}

function LiveMark({ state }: { state: LiveState }) {
  const words = {
    live: { label: 'Live', color: 'teal', hint: 'What you see changes by itself.' },
    connecting: { label: 'Connecting', color: 'gray', hint: 'Connecting for live updates.' },
    lost: { label: 'Reconnecting', color: 'orange', hint: 'The connection was lost; what you see may be old.' },
  }[state];
  return (
    <Tooltip label={words.hint}>
      <Badge
        variant="transparent"
        c={`var(--mantine-color-${words.color}-text)`}
        tt="none"
        role="status"
        leftSection={<span className={state === 'live' ? classes.pulse : classes.dot} aria-hidden />}
      >
        <Box component="span" visibleFrom="xs">
          {words.label}
        </Box>
      </Badge>
    </Tooltip>
  );
}

function ColorSchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme('light') === 'dark';
  const label = isDark ? 'Use light colours' : 'Use dark colours';
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={label}
        onClick={() => setColorScheme(isDark ? 'light' : 'dark')}
      >
        {isDark ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}

function Account({ who }: { who: SignedInBody }) {
  const signOut = useMutation({
    mutationFn: () => api('POST', '/sign-out'),
    onSuccess: () => {
      queryClient.setQueryData(['me'], null);
      // What was seen is not kept for whoever signs in next.
      queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'me' });
    },
    onError: tell.failed,
  });
  return (
    <Menu position="bottom-end" width={280} withinPortal>
      <Menu.Target>
        <UnstyledButton className={classes.account} aria-label={`Account ${who.keyName}`}>
          <IconKey size={16} aria-hidden />
          <Text size="sm" fw={550} truncate maw={140} visibleFrom="xs" component="span">
            {who.keyName}
          </Text>
          <IconChevronDown size={14} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Box px="sm" py="xs">
          <Text size="sm" fw={600}>
            {who.keyName}
          </Text>
          <Text className={classes.mono} c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {who.apiKey}
          </Text>
        </Box>
        <Menu.Divider />
        <Menu.Item component={Link} to={pathTo('keys')} leftSection={<IconKey size={16} />}>
          API keys
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => signOut.mutate()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
