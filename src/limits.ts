// Every bound that an operator may change: whom it holds, its default, and what crossing it costs. `docs/limits.md` is
// kept equal to this list by a test. Bounds that nobody needs to change are named constants where they are used.

/** Who is held by a bound, and pays for crossing it. */
export type LimitScope = 'connection' | 'address' | 'participant' | 'room' | 'API key' | 'owner' | 'node';

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
  joinMs: {
    setting: 'ROOMFUL_LIMIT_JOIN_TIME',
    default: 30_000,
    scope: 'connection',
    meaning: 'Milliseconds in which a client that has been let in joins.',
    crossed: 'An error that says why that may be, `close` (1103), and the connection is closed.',
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
  connections: {
    setting: 'ROOMFUL_LIMIT_CONNECTIONS',
    default: 25_000,
    scope: 'node',
    meaning:
      'Connections open at once on each listener, sockets of meetings among them; fewer where the system allows fewer open files.',
    crossed: 'Further connections are closed as they come; those that are open stay.',
  },
  headersMs: {
    setting: 'ROOMFUL_LIMIT_HEADERS_TIME',
    default: 15_000,
    scope: 'connection',
    meaning: 'Milliseconds for the head of a request, and for the TLS handshake before it.',
    crossed: '408, and the connection is closed.',
  },
  bodyIdleMs: {
    setting: 'ROOMFUL_LIMIT_BODY_IDLE',
    default: 15_000,
    scope: 'connection',
    meaning: 'Milliseconds between two pieces of a request body.',
    crossed: '408 `REQUEST_TIMEOUT`, and the connection is closed.',
  },
  bodyBytesPerSecond: {
    setting: 'ROOMFUL_LIMIT_BODY_RATE',
    default: 256,
    scope: 'connection',
    meaning: 'Bytes per second that a request body comes with at least, averaged over a minute.',
    crossed: '408 `REQUEST_TIMEOUT`, and the connection is closed.',
  },
  restCalls: {
    setting: 'ROOMFUL_LIMIT_REST_CALLS',
    default: 50_000,
    scope: 'API key',
    meaning: 'REST calls in ten seconds.',
    crossed:
      '429 `TOO_MANY_REQUESTS` with `Retry-After`; every answer has `RateLimit-Limit`, `-Remaining` and `-Reset`.',
  },
  failedTokens: {
    setting: 'ROOMFUL_LIMIT_FAILED_TOKENS',
    default: 1_000,
    scope: 'address',
    meaning: 'Tokens, invites and sign-in cookies in a minute that are not valid, per IPv4 address or IPv6 /64.',
    crossed:
      '429 `TOO_MANY_ATTEMPTS` with `Retry-After` until the minute is over; tokens that have been checked before still work.',
  },
  ownerRequests: {
    setting: 'ROOMFUL_LIMIT_OWNER_REQUESTS',
    default: 1_000,
    scope: 'owner',
    meaning: 'REST calls of one owner under way at once.',
    crossed: '429 `TOO_MANY_REQUESTS` with `Retry-After`.',
  },
  ownerReads: {
    setting: 'ROOMFUL_LIMIT_OWNER_READS',
    default: 6,
    scope: 'owner',
    meaning: 'Calls of one owner that read, at work at once; fewer than the connections to the database.',
    crossed: 'Further ones wait their turn.',
  },
  nodeRequests: {
    setting: 'ROOMFUL_LIMIT_NODE_REQUESTS',
    default: 4_000,
    scope: 'node',
    meaning: 'REST calls of all owners under way at once.',
    crossed: '503 `NOT_READY` with `Retry-After`.',
  },
  openRequests: {
    setting: 'ROOMFUL_LIMIT_OPEN_REQUESTS',
    default: 500,
    scope: 'node',
    meaning: 'Requests without a token at work at once: pages, their files, links of viewers, invites, sign-in.',
    crossed: '503 `NOT_READY` with `Retry-After`.',
  },
  streamRequests: {
    setting: 'ROOMFUL_LIMIT_STREAM_REQUESTS',
    default: 2_000,
    scope: 'node',
    meaning: 'Requests of players under way at once, most of which wait for the next part of a stream.',
    crossed: '503 `NOT_READY` with `Retry-After`.',
  },
  eventLoopDelayMs: {
    setting: 'ROOMFUL_LIMIT_EVENT_LOOP_DELAY',
    default: 1_000,
    scope: 'node',
    meaning: 'Milliseconds by which everything is late, averaged over a second.',
    crossed: 'New requests are answered 503 `NOT_READY` with `Retry-After`, except health and metrics.',
  },
  heapPercent: {
    setting: 'ROOMFUL_LIMIT_HEAP',
    default: 90,
    scope: 'node',
    meaning: 'Percent of the memory that Node may use for objects.',
    crossed: 'New requests are answered 503 `NOT_READY` with `Retry-After`, except health and metrics.',
  },
  databaseWaiting: {
    setting: 'ROOMFUL_LIMIT_DATABASE_WAITING',
    default: 2_000,
    scope: 'node',
    meaning: 'Queries that wait for one of the 20 connections to the database.',
    crossed: '503 `NOT_READY` with `Retry-After`.',
  },
  databaseWaitMs: {
    setting: 'ROOMFUL_LIMIT_DATABASE_WAIT',
    default: 5_000,
    scope: 'node',
    meaning: 'Milliseconds that a query waits for a connection to the database.',
    crossed: '503 `NOT_READY` with `Retry-After`.',
  },
  statementMs: {
    setting: 'ROOMFUL_LIMIT_STATEMENT',
    default: 30_000,
    scope: 'node',
    meaning: 'Milliseconds that one statement may take in the database.',
    crossed: 'It is cancelled; 503 `NOT_READY` with `Retry-After`.',
  },
  uploads: {
    setting: 'ROOMFUL_LIMIT_FILE_UPLOADS',
    default: 50,
    scope: 'node',
    meaning: 'Files uploaded at once.',
    crossed: '503 `NOT_READY` with `Retry-After`.',
  },
  ownerUploads: {
    setting: 'ROOMFUL_LIMIT_OWNER_FILE_UPLOADS',
    default: 20,
    scope: 'owner',
    meaning: 'Files uploaded at once into the rooms of one owner.',
    crossed: '429 `TOO_MANY_REQUESTS` with `Retry-After`.',
  },
  roomFileBytes: {
    setting: 'ROOMFUL_LIMIT_ROOM_FILES',
    default: 1024 ** 3,
    scope: 'room',
    meaning: 'Bytes of uploaded files together, each counted as 4 KiB at least.',
    crossed: '413 `ROOM_FILES_FULL`.',
  },
  ownerFileBytes: {
    setting: 'ROOMFUL_LIMIT_OWNER_FILES',
    default: 10 * 1024 ** 3,
    scope: 'owner',
    meaning: 'Bytes of uploaded files together, each counted as 4 KiB at least.',
    crossed: '413 `OWNER_FILES_FULL`.',
  },
  fileDays: {
    setting: 'ROOMFUL_LIMIT_FILE_DAYS',
    default: 30,
    scope: 'room',
    meaning: 'Days that an uploaded file is kept.',
    crossed: 'It is deleted.',
  },
  freeDiskBytes: {
    setting: 'ROOMFUL_LIMIT_FREE_DISK',
    default: 512 * 1024 ** 2,
    scope: 'node',
    meaning:
      "Bytes free on the data folder's disk, or for recordings a twentieth of a small disk, below which nothing new is written.",
    crossed: 'Uploads get 507 `DISK_FULL`, recordings and HLS streams 503; what runs goes on as long as it can.',
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
  pageMemoryBytes: {
    setting: 'ROOMFUL_LIMIT_PAGE_MEMORY',
    default: 2 * 1024 ** 3,
    scope: 'room',
    meaning: 'Bytes of memory of the browser that records a page of `templateUrl`.',
    crossed: 'The browser is ended, and the recording or stream fails with the reason.',
  },
  pageDiskBytes: {
    setting: 'ROOMFUL_LIMIT_PAGE_DISK',
    default: 512 * 1024 ** 2,
    scope: 'room',
    meaning: 'Bytes that such a page stores: cookies, caches and databases of its browser.',
    crossed: 'The browser is ended, and the recording or stream fails with the reason.',
  },
  pageThreads: {
    setting: 'ROOMFUL_LIMIT_PAGE_THREADS',
    default: 1000,
    scope: 'room',
    meaning: 'Threads of all processes of such a browser; workers of a page are some of them.',
    crossed: 'The browser is ended, and the recording or stream fails with the reason.',
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMITS;

/** Names of the settings that bounds are changed by. */
export type LimitSetting = (typeof LIMITS)[LimitName]['setting'];

/** The bounds in force, by name. */
export type Limits = Readonly<Record<LimitName, number>>;

/** Every bound at its default. */
export const DEFAULT_LIMITS: Limits = Object.freeze(
  Object.fromEntries(Object.entries(LIMITS).map(([name, limit]) => [name, limit.default])) as Record<LimitName, number>,
);
