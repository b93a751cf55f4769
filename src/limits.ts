// Every bound that an operator may change: whom it holds, its default, and what crossing it costs. `docs/limits.md` is
// kept equal to this list by a test. Bounds that nobody needs to change are named constants where they are used.

/** Who is held by a bound, and pays for crossing it. */
export type LimitScope = 'connection' | 'participant' | 'room' | 'owner' | 'node';

interface Limit {
  setting: `ROOMFUL_LIMIT_${string}`;
  default: number;
  scope: LimitScope;
  /** What is counted, with its unit. */
  meaning: string;
  /** What whoever crosses it is answered, and what happens then. */
  crossed: string;
}

export const LIMITS = {
  socketRequestsPerSecond: {
    setting: 'ROOMFUL_LIMIT_SOCKET_REQUESTS',
    default: 200,
    scope: 'connection',
    meaning: 'Requests per second on a signaling or pub/sub socket, averaged over ten seconds.',
    crossed: '`TOO_MANY_REQUESTS`; at five times the rate the connection is cut.',
  },
  socketNoticesPerSecond: {
    setting: 'ROOMFUL_LIMIT_SOCKET_NOTICES',
    default: 50,
    scope: 'connection',
    meaning: 'Those of them that everybody in the room is told of, such as a new name or stream.',
    crossed: '`TOO_MANY_REQUESTS`.',
  },
  socketBytesPerSecond: {
    setting: 'ROOMFUL_LIMIT_SOCKET_BYTES',
    default: 512 * 1024,
    scope: 'connection',
    meaning: 'Bytes per second that a socket sends to the server, averaged over ten seconds.',
    crossed: 'The connection is cut.',
  },
  socketBufferBytes: {
    setting: 'ROOMFUL_LIMIT_SOCKET_BUFFER',
    default: 8 * 1024 * 1024,
    scope: 'connection',
    meaning: 'Bytes that wait for a client that does not read its socket.',
    crossed: 'The connection is cut; the client may reconnect.',
  },
  pubsubSockets: {
    setting: 'ROOMFUL_LIMIT_PUBSUB_SOCKETS',
    default: 3,
    scope: 'participant',
    meaning: 'Pub/sub sockets at once.',
    crossed: 'The oldest is closed (1008).',
  },
  observedKeys: {
    setting: 'ROOMFUL_LIMIT_OBSERVED_KEYS',
    default: 1_000,
    scope: 'participant',
    meaning: 'Keys of the realtime store that are observed.',
    crossed: '`TOO_MANY_KEYS` (4045).',
  },
  participants: {
    setting: 'ROOMFUL_LIMIT_PARTICIPANTS',
    default: 5_000,
    scope: 'room',
    meaning: 'Participants, with those who are let in and have not joined yet.',
    crossed: '`ROOM_FULL`.',
  },
  entryRequests: {
    setting: 'ROOMFUL_LIMIT_ENTRY_REQUESTS',
    default: 500,
    scope: 'room',
    meaning: 'People who wait to be let in.',
    crossed: '`ROOM_FULL`.',
  },
  topics: {
    setting: 'ROOMFUL_LIMIT_TOPICS',
    default: 2_000,
    scope: 'room',
    meaning: 'Pub/sub topics that somebody listens to.',
    crossed: 'The subscription is refused.',
  },
  keptMessageBytes: {
    setting: 'ROOMFUL_LIMIT_KEPT_MESSAGES',
    default: 64 * 1024 * 1024,
    scope: 'room',
    meaning: 'Bytes of pub/sub messages with `persist` in one session.',
    crossed: 'The message is refused.',
  },
  liveRooms: {
    setting: 'ROOMFUL_LIMIT_LIVE_ROOMS',
    default: 5_000,
    scope: 'owner',
    meaning: 'Rooms with people in them, per node.',
    crossed: '`TOO_MANY_ROOMS`.',
  },
  ownerSockets: {
    setting: 'ROOMFUL_LIMIT_OWNER_SOCKETS',
    default: 10_000,
    scope: 'owner',
    meaning: 'Signaling sockets, per node.',
    crossed: '`TOO_MANY_CONNECTIONS`.',
  },
  nodeSockets: {
    setting: 'ROOMFUL_LIMIT_NODE_SOCKETS',
    default: 20_000,
    scope: 'node',
    meaning: 'Signaling and pub/sub sockets.',
    crossed: '503 with `Retry-After` instead of a socket.',
  },
  unknownSockets: {
    setting: 'ROOMFUL_LIMIT_UNKNOWN_SOCKETS',
    default: 1_000,
    scope: 'node',
    meaning: 'Sockets whose token has not been checked yet.',
    crossed: '503 with `Retry-After` instead of a socket.',
  },
  uploadsAtOnce: {
    setting: 'ROOMFUL_LIMIT_UPLOADS',
    default: 16,
    scope: 'node',
    meaning: 'Finished files that are uploaded at the same time.',
    crossed: 'The others wait; owners take turns.',
  },
  uploadsPerOwner: {
    setting: 'ROOMFUL_LIMIT_UPLOADS_PER_OWNER',
    default: 4,
    scope: 'owner',
    meaning: 'Finished files of one owner that are uploaded at the same time.',
    crossed: 'The others of that owner wait.',
  },
  uploadsPerHost: {
    setting: 'ROOMFUL_LIMIT_UPLOADS_PER_HOST',
    default: 2,
    scope: 'owner',
    meaning: 'Finished files of one owner that are uploaded to the same host at the same time.',
    crossed: 'The others of that owner to that host wait.',
  },
  uploadStallSeconds: {
    setting: 'ROOMFUL_LIMIT_UPLOAD_STALL',
    default: 30,
    scope: 'owner',
    meaning: 'Seconds in which no byte of an upload moves. How long an upload takes in all has no bound.',
    crossed: 'The attempt fails and is made again later, for three days.',
  },
  egressesWaiting: {
    setting: 'ROOMFUL_LIMIT_EGRESSES_WAITING',
    default: 1_000,
    scope: 'node',
    meaning: 'Recordings, HLS streams and livestreams that wait for a slot of one node.',
    crossed: 'Status 429, `EGRESS_QUEUE_FULL`; what auto-start asks for fails, with its event.',
  },
  egressesWaitingPerOwner: {
    setting: 'ROOMFUL_LIMIT_EGRESSES_WAITING_PER_OWNER',
    default: 250,
    scope: 'owner',
    meaning: 'Recordings, HLS streams and livestreams of one owner that wait for a slot.',
    crossed: 'Status 429, `EGRESS_QUEUE_FULL`; what auto-start asks for fails, with its event.',
  },
  diskFreeBytes: {
    setting: 'ROOMFUL_LIMIT_DISK_FREE',
    default: 512 * 1024 * 1024,
    scope: 'node',
    meaning:
      "Bytes of the data folder's disk that new recordings and HLS streams leave free, or a twentieth of a small disk.",
    crossed: 'They fail with status 503, until there is room again; what runs goes on as long as it can.',
  },
  webhooksAtOnce: {
    setting: 'ROOMFUL_LIMIT_WEBHOOKS',
    default: 256,
    scope: 'node',
    meaning: 'Webhook deliveries that are attempted at the same time.',
    crossed: 'The others wait; owners take turns.',
  },
  webhooksPerOwner: {
    setting: 'ROOMFUL_LIMIT_WEBHOOKS_PER_OWNER',
    default: 64,
    scope: 'owner',
    meaning: 'Webhook deliveries of one owner that are attempted at the same time.',
    crossed: 'The others of that owner wait.',
  },
  webhooksPerHost: {
    setting: 'ROOMFUL_LIMIT_WEBHOOKS_PER_HOST',
    default: 32,
    scope: 'node',
    meaning: 'Webhook deliveries that are attempted at one host at the same time, three quarters of them of one owner.',
    crossed: 'The others to that host wait.',
  },
  webhooksPending: {
    setting: 'ROOMFUL_LIMIT_WEBHOOKS_PENDING',
    default: 100_000,
    scope: 'owner',
    meaning: 'Webhook deliveries of one owner that wait for their receivers.',
    crossed: 'The oldest become dead letters, which can be replayed.',
  },
  webhookTestsPerOwner: {
    setting: 'ROOMFUL_LIMIT_WEBHOOK_TESTS',
    default: 4,
    scope: 'owner',
    meaning: 'Test deliveries that one owner has under way at the same time.',
    crossed: 'Status 429, `TOO_MANY_WEBHOOK_TESTS`.',
  },
  dashboardStreams: {
    setting: 'ROOMFUL_LIMIT_DASHBOARD_STREAMS',
    default: 50,
    scope: 'owner',
    meaning: 'Open dashboard pages of one owner that are sent changes as they happen.',
    crossed: 'The oldest is cut; its page connects again.',
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMITS;

/** The bounds in force, by name. */
export type Limits = Readonly<Record<LimitName, number>>;

/** Every bound at its default. */
export const DEFAULT_LIMITS: Limits = Object.freeze(
  Object.fromEntries(Object.entries(LIMITS).map(([name, limit]) => [name, limit.default])) as Record<LimitName, number>,
);
