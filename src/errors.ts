// Every error the product tells somebody of. They are made here and nowhere else; `http/error-handler.ts` and
// `signaling/ack.ts` turn them into answers, and anything that is not an `AppError` becomes a masked 500.

import { lackOf } from './kit/unavailable.ts';
import type { Problem } from './kit/validate.ts';
import type { EgressKind } from './protocol/egress.ts';

/** Who has to act: the caller, the destination the caller named (their web server, their bucket), or us. */
export type Blame = 'caller' | 'destination' | 'us';

/** When most of what is too much has gone by. */
const SOON_S = 1;
/** A full disk takes somebody's hand, or an upload that ends. */
const WHEN_CLEARED_S = 60;

interface AppErrorFacts {
  /** Stable name for programs, such as `ROOM_NOT_FOUND`. */
  code: string;
  /** HTTP status. */
  status: number;
  /** Number of the browser SDK's own error list (signalling answers), 5000 when it knows none. */
  signalingCode: number;
  message: string;
  details?: Problem[];
  cause?: unknown;
  blame?: Blame;
  /** When it makes sense to ask again; HTTP says so in `Retry-After`. */
  retryAfterS?: number;
}

export class AppError extends Error {
  readonly code: string;
  readonly status: number;
  readonly signalingCode: number;
  readonly details: Problem[] | undefined;
  readonly blame: Blame;
  readonly retryAfterS: number | undefined;

  constructor(facts: AppErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'AppError';
    this.code = facts.code;
    this.status = facts.status;
    this.signalingCode = facts.signalingCode;
    this.details = facts.details;
    this.blame = facts.blame ?? 'caller';
    this.retryAfterS = facts.retryAfterS;
  }
}

/**
 * The error as the product says it: itself when it is one of ours, or that the server cannot do it now when it comes
 * from a database, disk or descriptors that are lacking. Undefined for what only the log may know.
 */
export function asAppError(error: unknown): AppError | undefined {
  if (error instanceof AppError) return error;
  const lack = lackOf(error);
  if (lack === undefined) return undefined;
  return lack === 'full' ? diskFull(error) : serverBusy('The server cannot do this now; try again in a moment.', error);
}

export function invalidInput(problems: Problem[]): AppError {
  const message = problems.map((p) => `${p.field}: ${p.allowed}, but got ${p.got}.`).join(' ');
  return new AppError({
    code: 'INVALID_INPUT',
    status: 400,
    signalingCode: 5000,
    message,
    details: problems,
  });
}

export function invalidToken(message = 'Token is invalid or expired', cause?: unknown): AppError {
  return new AppError({ code: 'INVALID_TOKEN', status: 401, signalingCode: 4002, message, cause });
}

/** Nothing is wrong with the token but that its time is over. */
export class TokenExpired extends AppError {
  constructor() {
    super({ code: 'INVALID_TOKEN', status: 401, signalingCode: 4002, message: 'Token is invalid or expired' });
  }
}

export function invalidApiKey(): AppError {
  const message =
    "Token is invalid: its apikey claim names no API key of this server. Check the key with 'roomful keys list'.";
  return new AppError({ code: 'INVALID_API_KEY', status: 401, signalingCode: 4001, message });
}

export function apiKeyDisabled(): AppError {
  const message = 'This API key has been disabled.';
  return new AppError({ code: 'API_KEY_DISABLED', status: 401, signalingCode: 4053, message });
}

export function invalidPermissions(message: string): AppError {
  return new AppError({ code: 'INVALID_PERMISSIONS', status: 403, signalingCode: 4008, message });
}

export function invalidInvite(cause?: unknown): AppError {
  const message = 'This invitation is not valid, or no longer. Ask whoever sent it for a new one.';
  return new AppError({ code: 'INVALID_INVITE', status: 403, signalingCode: 4002, message, cause });
}

export function roleNotAllowed(needed: 'crawler' | 'rtc'): AppError {
  const use = needed === 'crawler' ? 'call the REST API' : 'join a room';
  const message = `The token's roles do not allow it to ${use}; that takes the role "${needed}" (or no roles claim).`;
  return new AppError({ code: 'ROLE_NOT_ALLOWED', status: 403, signalingCode: 4024, message });
}

export function wrongRoomForToken(roomId: string): AppError {
  const message = `The token is for another room, not for ${roomId}.`;
  return new AppError({ code: 'TOKEN_FOR_OTHER_ROOM', status: 403, signalingCode: 4022, message });
}

export function participantNotAllowed(message: string): AppError {
  return new AppError({ code: 'PARTICIPANT_NOT_ALLOWED', status: 403, signalingCode: 4023, message });
}

export function invalidParticipantId(): AppError {
  const message = 'participantId must be 1 to 128 characters without whitespace.';
  return new AppError({ code: 'INVALID_PARTICIPANT_ID', status: 400, signalingCode: 4004, message });
}

/** What only those in the meeting may do. */
export function notInMeeting(room: string): AppError {
  const message = `Only who has joined room ${room} with this token, and is still there, may do this.`;
  return new AppError({ code: 'NOT_IN_MEETING', status: 403, signalingCode: 4025, message });
}

/** Somebody is in the meeting under this id, and it is not shown that this is the same one. */
export function duplicateParticipant(participantId: string): AppError {
  const message =
    `Somebody is in the meeting as ${participantId}. Join under another id, or with a token whose participantId claim ` +
    'names this one.';
  return new AppError({ code: 'DUPLICATE_PARTICIPANT', status: 409, signalingCode: 4005, message });
}

/** `status` differs by call (reference: 400 for validate, 402 for deactivate, 404 elsewhere). */
export function roomNotFound(status: 400 | 402 | 404 = 404): AppError {
  return new AppError({ code: 'ROOM_NOT_FOUND', status, signalingCode: 4003, message: 'Room not found.' });
}

export function roomIdInvalid(): AppError {
  return new AppError({
    code: 'ROOM_ID_INVALID',
    status: 400,
    signalingCode: 4003,
    message: 'RoomId is invalid.',
  });
}

export function roomDisabled(roomId: string): AppError {
  const message = `Room ${roomId} has been deactivated; nobody can join it any more.`;
  return new AppError({ code: 'ROOM_DISABLED', status: 403, signalingCode: 4052, message });
}

export function notFound(what: string, id: string): AppError {
  const code = `${what.toUpperCase().replaceAll(' ', '_')}_NOT_FOUND`;
  return new AppError({ code, status: 404, signalingCode: 5000, message: `${what} ${id} not found.` });
}

export function noLiveSession(roomId: string): AppError {
  const message = `Room ${roomId} has no live session: somebody has to join it first.`;
  return new AppError({ code: 'NO_LIVE_SESSION', status: 400, signalingCode: 5000, message });
}

export function sessionAlreadyEnded(id: string): AppError {
  const message = `Session ${id} has already ended; pass "ignoreClosed": true to accept that.`;
  return new AppError({ code: 'SESSION_ALREADY_ENDED', status: 400, signalingCode: 5000, message });
}

export function conflict(code: string, message: string): AppError {
  return new AppError({ code, status: 409, signalingCode: 5000, message });
}

export function badRequest(code: string, message: string): AppError {
  return new AppError({ code, status: 400, signalingCode: 5000, message });
}

export function notYetReady(message: string): AppError {
  return serverBusy(message);
}

/** Refused early so that what runs goes on: too much at once, or a database that is slow or away. */
export function serverBusy(message: string, cause?: unknown): AppError {
  const facts = { code: 'NOT_READY', status: 503, signalingCode: 5000, retryAfterS: SOON_S };
  return new AppError({ ...facts, message, cause, blame: 'us' });
}

export function diskFull(cause?: unknown): AppError {
  const message = 'The server has no space left to keep this.';
  const facts = { code: 'DISK_FULL', status: 507, signalingCode: 5000, retryAfterS: WHEN_CLEARED_S };
  return new AppError({ ...facts, message, cause, blame: 'us' });
}

/** The body came too slowly, or not at all. */
export function bodyTooSlow(): AppError {
  const message = 'The body of the request did not arrive in time.';
  return new AppError({ code: 'REQUEST_TIMEOUT', status: 408, signalingCode: 5000, message });
}

export function bodyTooLarge(message: string): AppError {
  return new AppError({ code: 'BODY_TOO_LARGE', status: 413, signalingCode: 5000, message });
}

/** A quota of uploaded files is used up; it frees itself as files expire. */
export function filesQuotaExceeded(holder: 'room' | 'owner', bytes: number): AppError {
  const code = holder === 'room' ? 'ROOM_FILES_FULL' : 'OWNER_FILES_FULL';
  const whose = holder === 'room' ? 'this room' : 'this owner';
  const message = `The files of ${whose} would take more than the ${bytes} bytes that they may have together.`;
  return new AppError({ code, status: 413, signalingCode: 5000, message });
}

/** A node that is being taken out of service was asked to begin a session. */
export function nodeDraining(roomId: string): AppError {
  const message = `This server takes no new sessions, since it is draining; join room ${roomId} again to be sent elsewhere.`;
  const facts = { code: 'NODE_DRAINING', status: 503, signalingCode: 5000, retryAfterS: SOON_S };
  return new AppError({ ...facts, message, blame: 'us' });
}

export const MEDIA_BROKEN = 'MEDIA_BROKEN';

/** What a client sent upset the media server, which has been set right; the client is disconnected. */
export function brokeMedia(cause?: unknown): AppError {
  const message = 'The media server could not read these parameters.';
  return new AppError({ code: MEDIA_BROKEN, status: 400, signalingCode: 5000, message, cause });
}

/** A refusal that the browser SDK has its own number for. */
export function refused(signalingCode: number, code: string, message: string): AppError {
  return new AppError({ code, status: 400, signalingCode, message });
}

/** The destination the caller named may not be reached; see the outbound guard. */
export function destinationForbidden(message: string): AppError {
  return new AppError({
    code: 'DESTINATION_FORBIDDEN',
    status: 400,
    signalingCode: 5000,
    message,
    blame: 'destination',
  });
}

/** The browser SDK's numbers for the three kinds of egress. */
const EGRESS_CODES: Record<EgressKind, { start: number; stop: number; previous: number }> = {
  recording: { start: 4011, stop: 4012, previous: 4018 },
  livestream: { start: 4013, stop: 4014, previous: 4019 },
  hls: { start: 4016, stop: 4017, previous: 4020 },
};

export function egressAlreadyRunning(kind: EgressKind): AppError {
  const message = `A ${kind} of this session is running already; stop it first.`;
  const code = `${kind.toUpperCase()}_ALREADY_RUNNING`;
  return new AppError({ code, status: 409, signalingCode: EGRESS_CODES[kind].start, message });
}

export function egressStillFinishing(kind: EgressKind): AppError {
  const message = `The previous ${kind} is still being processed; try again in a few seconds.`;
  const code = `PREVIOUS_${kind.toUpperCase()}_PROCESSING`;
  return new AppError({ code, status: 409, signalingCode: EGRESS_CODES[kind].previous, message });
}

/** Only what has ended can be deleted. */
export function egressNotEnded(kind: EgressKind, status: string): AppError {
  const message = `This ${kind} cannot be deleted while it is ${status}: stop it, and wait until it has ended.`;
  const code = `${kind.toUpperCase()}_NOT_ENDED`;
  return new AppError({ code, status: 409, signalingCode: EGRESS_CODES[kind].stop, message });
}

export function egressNotRunning(kind: EgressKind, roomId: string): AppError {
  const message = `No ${kind} of room ${roomId} is running.`;
  const code = `${kind.toUpperCase()}_NOT_RUNNING`;
  return new AppError({ code, status: 404, signalingCode: EGRESS_CODES[kind].stop, message });
}

/** Too many wait for a slot already, of the caller or of the server that it would run on. */
export function egressQueueFull(kind: EgressKind, most: number): AppError {
  const message = `The ${kind} was not queued: ${most} recordings and streams wait for a free slot already. Try again when some of them have ended.`;
  return new AppError({ code: 'EGRESS_QUEUE_FULL', status: 429, signalingCode: EGRESS_CODES[kind].start, message });
}

/** Whoever stopped it, or ended its session, came before it had begun. */
export function egressCalledOff(kind: EgressKind, reason: string): AppError {
  const message = `The ${kind} was not started: ${reason}`;
  const code = `${kind.toUpperCase()}_CALLED_OFF`;
  return new AppError({ code, status: 409, signalingCode: EGRESS_CODES[kind].start, message });
}

/** It could not be started; `reason` is fit for the caller. */
export function egressNotStarted(kind: EgressKind, reason: string, blame: 'destination' | 'us' = 'us'): AppError {
  const message = `The ${kind} could not be started: ${reason}`;
  const code = `${kind.toUpperCase()}_NOT_STARTED`;
  const facts = blame === 'us' ? { status: 503, retryAfterS: SOON_S } : { status: 400 };
  return new AppError({ ...facts, code, signalingCode: EGRESS_CODES[kind].start, message, blame });
}

/** As `error`, with the number that the browser SDK has for a start or stop of this kind where it had none. */
export function asEgressError(kind: EgressKind, what: 'start' | 'stop', error: unknown): unknown {
  if (!(error instanceof AppError) || error.signalingCode !== 5000) return error;
  const { code, status, message, blame, retryAfterS } = error;
  const facts = { code, status, message, blame, ...(retryAfterS !== undefined && { retryAfterS }) };
  return new AppError({ ...facts, signalingCode: EGRESS_CODES[kind][what], cause: error });
}

/** For calls that concern everything an API key's owner has. */
export function tokenForOneRoom(): AppError {
  const message = 'The token is for one room only; this call takes a token without a roomId claim.';
  return new AppError({ code: 'TOKEN_FOR_ONE_ROOM', status: 403, signalingCode: 4022, message });
}

export function signInRefused(): AppError {
  const message = 'There is no such API key, or its secret is another one.';
  return new AppError({ code: 'SIGN_IN_REFUSED', status: 401, signalingCode: 4002, message });
}

export function signInNeeded(): AppError {
  const message = 'Nobody is signed in here, or the sign-in has expired.';
  return new AppError({ code: 'SIGN_IN_NEEDED', status: 401, signalingCode: 4002, message });
}

export function tooManyAttempts(waitSeconds: number): AppError {
  const message = `Too many failed attempts; try again in ${Math.ceil(waitSeconds / 60)} min.`;
  const retryAfterS = Math.ceil(waitSeconds);
  return new AppError({ code: 'TOO_MANY_ATTEMPTS', status: 429, signalingCode: 5000, message, retryAfterS });
}

/** More than a bound of `limits.ts` allows; what is refused may be tried again later. */
function limitCrossed(code: string, message: string, retryAfterS = SOON_S): AppError {
  return new AppError({ code, status: 429, signalingCode: 5000, message, retryAfterS });
}

/** `bound` says which one, such as `an owner may upload 20 files at once`. */
export function tooManyRequests(bound?: string, retryAfterS?: number): AppError {
  const message = `Too many requests${bound === undefined ? '' : `, since ${bound}`}; slow down.`;
  return limitCrossed('TOO_MANY_REQUESTS', message, retryAfterS);
}

export function tooManyConnections(): AppError {
  return limitCrossed('TOO_MANY_CONNECTIONS', 'The owner of this API key has as many connections as allowed.');
}

export function tooManyLiveRooms(): AppError {
  return limitCrossed('TOO_MANY_ROOMS', 'The owner of this API key has as many live rooms as allowed.');
}

export function roomFull(): AppError {
  return limitCrossed('ROOM_FULL', 'The room is full.');
}

export function tooManyWebhookTests(underWay: number): AppError {
  const message = `${underWay} test deliveries are under way already; wait for their answers.`;
  return limitCrossed('TOO_MANY_WEBHOOK_TESTS', message);
}

/** A page of somebody else made a browser ask. */
export function crossSiteRequest(): AppError {
  const message = 'This call is for the pages of this server only.';
  return new AppError({ code: 'CROSS_SITE_REQUEST', status: 403, signalingCode: 5000, message });
}

export function operatorsOnly(): AppError {
  const message = 'Only the owner of the first API key, who runs this server, may see this.';
  return new AppError({ code: 'OPERATORS_ONLY', status: 403, signalingCode: 5000, message });
}
