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
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMITS;

/** The bounds in force, by name. */
export type Limits = Readonly<Record<LimitName, number>>;

/** Every bound at its default. */
export const DEFAULT_LIMITS: Limits = Object.freeze(
  Object.fromEntries(Object.entries(LIMITS).map(([name, limit]) => [name, limit.default])) as Record<LimitName, number>,
);
