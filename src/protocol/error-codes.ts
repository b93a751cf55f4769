// Every error that the product answers with: the HTTP statuses it comes with, and its numbers in the browser SDK's own
// list, which sockets and `join()` answer (5000 where that list has none). `AppError` takes nothing that is not declared
// here; docs/errors.md has cause and remedy of each, and a test keeps both equal.

interface Declared {
  status: readonly number[];
  number: readonly number[];
}

export const ERROR_CODES = {
  // Requests as such.
  INVALID_INPUT: { status: [400], number: [5000] },
  MALFORMED_JSON: { status: [400], number: [5000] },
  MALFORMED_BODY: { status: [400], number: [5000] },
  UNSUPPORTED_MEDIA_TYPE: { status: [415], number: [5000] },
  UNSUPPORTED_CONTENT_ENCODING: { status: [415], number: [5000] },
  BAD_REQUEST: { status: [400], number: [5000] },
  BAD_URL: { status: [400, 414], number: [5000] },
  HOST_MISSING: { status: [400], number: [5000] },
  HEADERS_TOO_LARGE: { status: [431], number: [5000] },
  BODY_TOO_LARGE: { status: [413], number: [5000] },
  BODY_BROKEN_OFF: { status: [400], number: [5000] },
  REQUEST_TIMEOUT: { status: [408], number: [5000] },
  NOT_FOUND: { status: [404], number: [5000] },
  INTERNAL_ERROR: { status: [500], number: [5000] },
  NOT_READY: { status: [503], number: [5000] },
  NODE_DRAINING: { status: [503], number: [5000] },
  HOST_NOT_KNOWN: { status: [421], number: [5000] },
  METRICS_TOKEN_NEEDED: { status: [401], number: [5000] },

  // Tokens, keys and who may.
  INVALID_TOKEN: { status: [401], number: [4002] },
  INVALID_API_KEY: { status: [401], number: [4001] },
  API_KEY_DISABLED: { status: [401, 409], number: [4053, 5000] },
  NO_API_KEY: { status: [409], number: [5000] },
  INVALID_PERMISSIONS: { status: [403], number: [4008] },
  PERMISSION_NOT_HELD: { status: [403], number: [4008] },
  INVALID_INVITE: { status: [403], number: [4002] },
  ROLE_NOT_ALLOWED: { status: [403], number: [4024] },
  TOKEN_FOR_OTHER_ROOM: { status: [403], number: [4022] },
  TOKEN_FOR_ONE_ROOM: { status: [403], number: [4022] },
  PARTICIPANT_NOT_ALLOWED: { status: [403], number: [4023] },
  NOT_IN_MEETING: { status: [403], number: [4025] },
  TOO_MANY_ATTEMPTS: { status: [429], number: [5000] },

  // Rooms and sessions.
  ROOM_NOT_FOUND: { status: [404, 400, 402], number: [4003] },
  ROOM_ID_INVALID: { status: [400], number: [4003] },
  ROOM_DISABLED: { status: [403], number: [4052] },
  ROOM_LIVES_ELSEWHERE: { status: [409], number: [5000] },
  CUSTOM_ROOM_ID_TAKEN: { status: [409], number: [5000] },
  NO_LIVE_SESSION: { status: [400], number: [5000] },
  SESSION_ALREADY_ENDED: { status: [400], number: [5000] },
  ROOM_OR_SESSION_MISSING: { status: [400], number: [5000] },
  SESSION_NOT_FOUND: { status: [404], number: [5000] },
  PARTICIPANT_NOT_FOUND: { status: [404], number: [5000] },

  // In a meeting.
  INVALID_PARTICIPANT_ID: { status: [400], number: [4004] },
  DUPLICATE_PARTICIPANT: { status: [409], number: [4005] },
  ROOM_FULL: { status: [429], number: [5000] },
  JOIN_TIMEOUT: { status: [408], number: [4004] },
  NOT_ADMITTED: { status: [400], number: [5000] },
  NOT_JOINED: { status: [400], number: [5000] },
  NOT_SENDING: { status: [400], number: [5000] },
  SAME_ROOM: { status: [400], number: [5000] },
  CONNECTION_GONE: { status: [400], number: [5000] },
  INVALID_MODE: { status: [400], number: [5000] },
  INVALID_REQUEST: { status: [400], number: [5000] },
  UNKNOWN_METHOD: { status: [400], number: [5000] },
  NOT_SERVED: { status: [400], number: [4031, 4032, 4042, 4043, 4044, 4054, 4055, 4078, 4079, 4084] },
  ENTRY_REQUEST_NOT_FOUND: { status: [404], number: [5000] },
  CONSUMER_NOT_FOUND: { status: [404], number: [5000] },
  PRODUCER_NOT_FOUND: { status: [400], number: [404] },
  MEDIA_REFUSED: { status: [400], number: [5000] },
  MEDIA_BROKEN: { status: [400], number: [5000] },
  STORE_FULL: { status: [400], number: [4045] },
  TOO_MANY_KEYS: { status: [400], number: [4045] },

  // Recordings, HLS and livestreams.
  RECORDING_ALREADY_RUNNING: { status: [409], number: [4011] },
  HLS_ALREADY_RUNNING: { status: [409], number: [4016] },
  LIVESTREAM_ALREADY_RUNNING: { status: [409], number: [4013] },
  PREVIOUS_RECORDING_PROCESSING: { status: [409], number: [4018] },
  PREVIOUS_HLS_PROCESSING: { status: [409], number: [4020] },
  PREVIOUS_LIVESTREAM_PROCESSING: { status: [409], number: [4019] },
  RECORDING_NOT_RUNNING: { status: [404], number: [4012] },
  HLS_NOT_RUNNING: { status: [404], number: [4017] },
  LIVESTREAM_NOT_RUNNING: { status: [404], number: [4014] },
  RECORDING_NOT_STARTED: { status: [503, 400], number: [4011] },
  HLS_NOT_STARTED: { status: [503, 400], number: [4016] },
  LIVESTREAM_NOT_STARTED: { status: [503, 400], number: [4013] },
  RECORDING_CALLED_OFF: { status: [409], number: [4011] },
  HLS_CALLED_OFF: { status: [409], number: [4016] },
  LIVESTREAM_CALLED_OFF: { status: [409], number: [4013] },
  RECORDING_NOT_ENDED: { status: [409], number: [4012] },
  HLS_NOT_ENDED: { status: [409], number: [4017] },
  LIVESTREAM_NOT_ENDED: { status: [409], number: [4014] },
  EGRESS_QUEUE_FULL: { status: [429], number: [4011, 4013, 4016] },
  INVALID_LIVESTREAM_OUTPUTS: { status: [400], number: [4015] },
  DESTINATION_FORBIDDEN: { status: [400], number: [5000] },
  DISK_FULL: { status: [507], number: [5000] },
  RECORDING_NOT_FOUND: { status: [404], number: [5000] },
  HLS_NOT_FOUND: { status: [404], number: [5000] },
  LIVESTREAM_NOT_FOUND: { status: [404], number: [5000] },
  STREAM_NOT_FOUND: { status: [404], number: [5000] },
  PLAYLIST_NOT_FOUND: { status: [404], number: [5000] },
  FILE_NOT_FOUND: { status: [404], number: [5000] },
  MSN_MISSING: { status: [400], number: [5000] },
  MSN_TOO_FAR: { status: [400], number: [5000] },

  // Bounds.
  TOO_MANY_REQUESTS: { status: [429], number: [5000] },
  TOO_MANY_CONNECTIONS: { status: [429], number: [5000] },
  TOO_MANY_ROOMS: { status: [429], number: [5000] },
  ROOM_FILES_FULL: { status: [413], number: [5000] },
  OWNER_FILES_FULL: { status: [413], number: [5000] },

  // Webhooks.
  DELIVERY_NOT_FOUND: { status: [404], number: [5000] },
  DELIVERY_IN_PROGRESS: { status: [409], number: [5000] },
  ENDPOINT_DISABLED: { status: [409], number: [5000] },
  DISABLED_ENDPOINT_NOT_FOUND: { status: [404], number: [5000] },
  TOO_MANY_WEBHOOK_TESTS: { status: [429], number: [5000] },

  // The dashboard and the command line.
  SIGN_IN_REFUSED: { status: [401], number: [4002] },
  SIGN_IN_NEEDED: { status: [401], number: [4002] },
  CROSS_SITE_REQUEST: { status: [403], number: [5000] },
  OPERATORS_ONLY: { status: [403], number: [5000] },
  API_KEY_NOT_FOUND: { status: [404], number: [5000] },
  LAST_API_KEY: { status: [409], number: [5000] },
  SECRET_FROM_SETTINGS: { status: [409], number: [5000] },
  NODE_NOT_FOUND: { status: [404], number: [5000] },
  EGRESS_NOT_FOUND: { status: [404], number: [5000] },
  EXAMINATION_RUNS: { status: [409], number: [5000] },
} as const satisfies Record<string, Declared>;

type Table = typeof ERROR_CODES;

export type ErrorCode = keyof Table;
export type StatusOf<C extends ErrorCode> = Table[C]['status'][number];
export type NumberOf<C extends ErrorCode> = Table[C]['number'][number];

/** The codes that come with this status, and this number where one is given. */
export type CodeWith<S extends number, N extends number = number> = {
  [C in ErrorCode]: S extends StatusOf<C> ? (N extends NumberOf<C> ? C : number extends N ? C : never) : never;
}[ErrorCode];
