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
    default: 100,
    scope: 'connection',
    meaning: 'Signaling requests per second, averaged over ten seconds.',
    crossed: '`TOO_MANY_REQUESTS`; who goes on at twice the rate is disconnected.',
  },
  socketBufferBytes: {
    setting: 'ROOMFUL_LIMIT_SOCKET_BUFFER',
    default: 4 * 1024 * 1024,
    scope: 'connection',
    meaning: 'Bytes that wait for a client that does not read its signaling or pub/sub socket.',
    crossed: 'The connection is cut; the client may reconnect.',
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMITS;

/** The bounds in force, by name. */
export type Limits = Readonly<Record<LimitName, number>>;

/** Every bound at its default. */
export const DEFAULT_LIMITS: Limits = Object.freeze(
  Object.fromEntries(Object.entries(LIMITS).map(([name, limit]) => [name, limit.default])) as Record<LimitName, number>,
);
