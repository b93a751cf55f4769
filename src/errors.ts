// Every error the product answers with. They are made here and nowhere else, of what `protocol/error-codes.ts` declares; `http/error-handler.ts` and
// `signaling/ack.ts` turn them into answers, and anything that is not an `AppError` becomes a masked 500.

import { clip } from './kit/text.ts';
import { lackOf } from './kit/unavailable.ts';
import type { Problem } from './kit/validate.ts';
import type { EgressKind } from './protocol/egress.ts';
import type { CodeWith, ErrorCode, NumberOf, StatusOf } from './protocol/error-codes.ts';

/** Who has to act: the caller, the destination the caller named (their web server, their bucket), or us. */
export type Blame = 'caller' | 'destination' | 'us';

/** When most of what is too much has gone by. */
const SOON_S = 1;
/** A full disk takes somebody's hand, or an upload that ends. */
const WHEN_CLEARED_S = 60;
/** Longest piece of what a caller sent that is repeated in a message. */
const MAX_ECHO = 60;

interface AppErrorFacts<C extends ErrorCode> {
  /** Stable name for programs, such as `ROOM_NOT_FOUND`. */
  code: C;
  /** HTTP status. */
  status: StatusOf<C>;
  /** Number of the browser SDK's own error list (signalling answers), 5000 when it knows none. */
  signalingCode: NumberOf<C>;
  message: string;
  details?: Problem[] | undefined;
  cause?: unknown;
  blame?: Blame;
  /** When it makes sense to ask again; HTTP says so in `Retry-After`. */
  retryAfterS?: number | undefined;
  /** Content codings that would be taken; HTTP says so in `Accept-Encoding`. */
  acceptEncoding?: string;
}

export class AppError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C;
  readonly status: number;
  readonly signalingCode: number;
  readonly details: Problem[] | undefined;
  readonly blame: Blame;
  readonly retryAfterS: number | undefined;
  readonly acceptEncoding: string | undefined;

  constructor(facts: AppErrorFacts<C>) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'AppError';
    this.code = facts.code;
    this.status = facts.status;
    this.signalingCode = facts.signalingCode;
    this.details = facts.details;
    this.blame = facts.blame ?? 'caller';
    this.retryAfterS = facts.retryAfterS;
    this.acceptEncoding = facts.acceptEncoding;
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

/** `what` is a sentence about what came: the claim, its value and the right one. */
export function invalidToken(what: string, cause?: unknown): AppError {
  const message = tokenSentence(what);
  return new AppError({ code: 'INVALID_TOKEN', status: 401, signalingCode: 4002, message, cause });
}

/** Nothing is wrong with the token but that its time is over. */
export class TokenExpired extends AppError {
  constructor(exp: number) {
    const message = tokenSentence(`the claim exp is ${instant(exp)}, which is past.`);
    super({ code: 'INVALID_TOKEN', status: 401, signalingCode: 4002, message });
  }
}

export function tokenFromTheFuture(claim: 'nbf' | 'iat', time: number): AppError {
  return invalidToken(`the claim ${claim} is ${instant(time)}, which is still to come: compare the clocks.`);
}

export function invalidApiKey(apiKey: string): AppError {
  const message = tokenSentence(
    `the claim apikey is "${apiKey}", which is no API key of this server; 'roomful keys list' shows them.`,
  );
  return new AppError({ code: 'INVALID_API_KEY', status: 401, signalingCode: 4001, message });
}

export function wrongSecret(apiKey: string): AppError {
  return invalidToken(`the claim apikey is "${apiKey}", but the token is not signed with the secret of that key.`);
}

export function apiKeyDisabled(apiKey: string): AppError {
  const message = tokenSentence(`the claim apikey is "${apiKey}", and this API key has been disabled.`);
  return new AppError({ code: 'API_KEY_DISABLED', status: 401, signalingCode: 4053, message });
}

/** Begins as VideoSDK's does, which callers compare with. */
function tokenSentence(what: string): string {
  return `Token is invalid or expired: ${what} The server's time is ${instant(Date.now() / 1000)}.`;
}

/** A time of a claim as people read it, with the number beside. */
function instant(seconds: number): string {
  const time = new Date(seconds * 1000);
  const whole = Math.floor(seconds);
  return Number.isNaN(time.getTime()) ? String(seconds) : `${time.toISOString().replace(/\.\d+Z$/, 'Z')} (${whole})`;
}

export function invalidPermissions(message: string): AppError {
  return new AppError({ code: 'INVALID_PERMISSIONS', status: 403, signalingCode: 4008, message });
}

export const INVALID_INVITE = 'INVALID_INVITE';

export function invalidInvite(cause?: unknown): AppError {
  const message = 'This invitation is not valid, or no longer. Ask whoever sent it for a new one.';
  return new AppError({ code: INVALID_INVITE, status: 403, signalingCode: 4002, message, cause });
}

/** `alternative` continues the sentence with what else would do. */
export function roleNotAllowed(needed: 'crawler' | 'rtc', roles: readonly string[], alternative = ''): AppError {
  const has = roles.length === 0 ? 'no roles claim that counts' : `the roles ${JSON.stringify(roles)}`;
  const use = needed === 'crawler' ? 'This call' : 'Joining a room';
  const message = `${use} takes a token whose roles claim is ["${needed}"]${alternative}; this one has ${has}.`;
  return new AppError({ code: 'ROLE_NOT_ALLOWED', status: 403, signalingCode: 4024, message });
}

export function wrongRoomForToken(roomId: string): AppError {
  const message = `The token's roomId claim names another room; this takes "${roomId}" there, or no roomId claim.`;
  return new AppError({ code: 'TOKEN_FOR_OTHER_ROOM', status: 403, signalingCode: 4022, message });
}

/** A token for one participant and no room reaches only the rooms that they are in. */
export function participantNotInRoom(roomId: string): AppError {
  const message =
    `The token's participantId claim names a participant who is not in room ${roomId} now; this takes a roomId claim ` +
    `"${roomId}" beside it, or a token whose roles claim is ["crawler"].`;
  return new AppError({ code: 'TOKEN_FOR_OTHER_ROOM', status: 403, signalingCode: 4022, message });
}

/** An invite gives no more than its maker has. */
export function permissionNotHeld(permission: string): AppError {
  const message = `An invite with "${permission}" takes a token whose permissions claim names "${permission}".`;
  return new AppError({ code: 'PERMISSION_NOT_HELD', status: 403, signalingCode: 4008, message });
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

/** A client was let in and waits for ever: for an answer to another id than it came under. */
export function joinTimeout(participantId: string): AppError {
  const message =
    `Participant ${participantId} was let in, and did not join. An SDK that was given an id with = or % in it comes under ` +
    'another one, and waits; give it an id of letters, digits, dots and dashes.';
  return new AppError({ code: 'JOIN_TIMEOUT', status: 408, signalingCode: 4004, message });
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

/** A customRoomId that is the roomId or object id of another room of its owner: whichever was meant, one is never found. */
export function customRoomIdTaken(customRoomId: string): AppError {
  const message = `customRoomId ${JSON.stringify(customRoomId)} is the roomId or id of another room of yours; choose another one.`;
  return new AppError({ code: 'CUSTOM_ROOM_ID_TAKEN', status: 409, signalingCode: 5000, message });
}

const NOT_FOUND_CODES = {
  'API key': 'API_KEY_NOT_FOUND',
  Consumer: 'CONSUMER_NOT_FOUND',
  Delivery: 'DELIVERY_NOT_FOUND',
  'Disabled endpoint': 'DISABLED_ENDPOINT_NOT_FOUND',
  Egress: 'EGRESS_NOT_FOUND',
  'Entry request of': 'ENTRY_REQUEST_NOT_FOUND',
  File: 'FILE_NOT_FOUND',
  HLS: 'HLS_NOT_FOUND',
  Livestream: 'LIVESTREAM_NOT_FOUND',
  Node: 'NODE_NOT_FOUND',
  Participant: 'PARTICIPANT_NOT_FOUND',
  Playlist: 'PLAYLIST_NOT_FOUND',
  Recording: 'RECORDING_NOT_FOUND',
  Session: 'SESSION_NOT_FOUND',
  Stream: 'STREAM_NOT_FOUND',
} as const satisfies Record<string, CodeWith<404, 5000>>;

export function notFound(what: keyof typeof NOT_FOUND_CODES, id: string): AppError {
  const code = NOT_FOUND_CODES[what];
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

export function conflict(code: CodeWith<409, 5000>, message: string): AppError {
  return new AppError({ code, status: 409, signalingCode: 5000, message });
}

export function badRequest(code: CodeWith<400, 5000>, message: string): AppError {
  return new AppError({ code, status: 400, signalingCode: 5000, message });
}

export function notYetReady(message: string): AppError {
  return serverBusy(message);
}

/** Refused early so that what runs goes on: too much at once, or a database that is slow or away. */
export function serverBusy(message: string, cause?: unknown): AppError {
  const facts = { code: 'NOT_READY', status: 503, signalingCode: 5000, retryAfterS: SOON_S } as const;
  return new AppError({ ...facts, message, cause, blame: 'us' });
}

export function diskFull(cause?: unknown): AppError {
  const message = 'The server has no space left to keep this.';
  const facts = { code: 'DISK_FULL', status: 507, signalingCode: 5000, retryAfterS: WHEN_CLEARED_S } as const;
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

/** The bytes of the body are not what its headers say. */
export function malformedBody(message: string): AppError {
  return badRequest('MALFORMED_BODY', message);
}

/** A body of a type or charset that is not read; the message says which one to send. */
export function unsupportedMedia(message: string): AppError {
  return new AppError({ code: 'UNSUPPORTED_MEDIA_TYPE', status: 415, signalingCode: 5000, message });
}

/** `acceptEncoding` lists the content codings that are taken. */
export function unsupportedEncoding(coding: string, acceptEncoding: string): AppError {
  const message = `The Content-Encoding ${JSON.stringify(clip(coding, MAX_ECHO))} is not taken here; use one of ${acceptEncoding}.`;
  const facts = { code: 'UNSUPPORTED_CONTENT_ENCODING', status: 415, signalingCode: 5000 } as const;
  return new AppError({ ...facts, message, acceptEncoding });
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
  const facts = { code: 'NODE_DRAINING', status: 503, signalingCode: 5000, retryAfterS: SOON_S } as const;
  return new AppError({ ...facts, message, blame: 'us' });
}

/** Another node began the session in the same moment. */
export function roomLivesElsewhere(roomId: string): AppError {
  const message = `Room ${roomId} has a live session on another node; join again to be sent there.`;
  return new AppError({ code: 'ROOM_LIVES_ELSEWHERE', status: 409, signalingCode: 5000, message, blame: 'us' });
}

export const MEDIA_BROKEN = 'MEDIA_BROKEN';

/** What a client sent upset the media server, which has been set right; the client is disconnected. */
export function brokeMedia(cause?: unknown): AppError {
  const message = 'The media server could not read these parameters.';
  return new AppError({ code: MEDIA_BROKEN, status: 400, signalingCode: 5000, message, cause });
}

/** A refusal that the browser SDK has its own number for. */
export function refused<C extends CodeWith<400>>(signalingCode: NumberOf<C>, code: C, message: string): AppError {
  return new AppError({ code, status: 400, signalingCode, message });
}

/** The destination the caller named may not be reached; see the outbound guard. */
export function destinationForbidden(message: string, details?: Problem[]): AppError {
  const facts = { code: 'DESTINATION_FORBIDDEN', status: 400, signalingCode: 5000, message } as const;
  return new AppError({ ...facts, blame: 'destination', details });
}

/** Codes of the three kinds, and the browser SDK's numbers for them. */
const EGRESS_ERRORS = {
  recording: {
    alreadyRunning: 'RECORDING_ALREADY_RUNNING',
    stillFinishing: 'PREVIOUS_RECORDING_PROCESSING',
    notRunning: 'RECORDING_NOT_RUNNING',
    notStarted: 'RECORDING_NOT_STARTED',
    notEnded: 'RECORDING_NOT_ENDED',
    calledOff: 'RECORDING_CALLED_OFF',
    start: 4011,
    stop: 4012,
    previous: 4018,
  },
  livestream: {
    alreadyRunning: 'LIVESTREAM_ALREADY_RUNNING',
    stillFinishing: 'PREVIOUS_LIVESTREAM_PROCESSING',
    notRunning: 'LIVESTREAM_NOT_RUNNING',
    notStarted: 'LIVESTREAM_NOT_STARTED',
    notEnded: 'LIVESTREAM_NOT_ENDED',
    calledOff: 'LIVESTREAM_CALLED_OFF',
    start: 4013,
    stop: 4014,
    previous: 4019,
  },
  hls: {
    alreadyRunning: 'HLS_ALREADY_RUNNING',
    stillFinishing: 'PREVIOUS_HLS_PROCESSING',
    notRunning: 'HLS_NOT_RUNNING',
    notStarted: 'HLS_NOT_STARTED',
    notEnded: 'HLS_NOT_ENDED',
    calledOff: 'HLS_CALLED_OFF',
    start: 4016,
    stop: 4017,
    previous: 4020,
  },
} as const;

export function egressAlreadyRunning(kind: EgressKind): AppError {
  const message = `A ${kind} of this session is running already; stop it first.`;
  const { alreadyRunning: code, start: signalingCode } = EGRESS_ERRORS[kind];
  return new AppError({ code, status: 409, signalingCode, message });
}

export function egressStillFinishing(kind: EgressKind): AppError {
  const message = `The previous ${kind} is still being processed; try again in a few seconds.`;
  const { stillFinishing: code, previous: signalingCode } = EGRESS_ERRORS[kind];
  return new AppError({ code, status: 409, signalingCode, message });
}

/** Only what has ended can be deleted. */
export function egressNotEnded(kind: EgressKind, status: string): AppError {
  const message = `This ${kind} cannot be deleted while it is ${status}: stop it, and wait until it has ended.`;
  const { notEnded: code, stop: signalingCode } = EGRESS_ERRORS[kind];
  return new AppError({ code, status: 409, signalingCode, message });
}

export function egressNotRunning(kind: EgressKind, roomId: string): AppError {
  const message = `No ${kind} of room ${roomId} is running.`;
  const { notRunning: code, stop: signalingCode } = EGRESS_ERRORS[kind];
  return new AppError({ code, status: 404, signalingCode, message });
}

/** Too many wait for a slot already, of the caller or of the server that it would run on. */
export function egressQueueFull(kind: EgressKind, most: number): AppError {
  const message = `The ${kind} was not queued: ${most} recordings and streams wait for a free slot already. Try again when some of them have ended.`;
  const signalingCode = EGRESS_ERRORS[kind].start;
  return new AppError({ code: 'EGRESS_QUEUE_FULL', status: 429, signalingCode, message });
}

/** Whoever stopped it, or ended its session, came before it had begun. */
export function egressCalledOff(kind: EgressKind, reason: string): AppError {
  const message = `The ${kind} was not started: ${reason}`;
  const { calledOff: code, start: signalingCode } = EGRESS_ERRORS[kind];
  return new AppError({ code, status: 409, signalingCode, message });
}

/** It could not be started; `reason` is fit for the caller. */
export function egressNotStarted(kind: EgressKind, reason: string, blame: 'destination' | 'us' = 'us'): AppError {
  const message = `The ${kind} could not be started: ${reason}`;
  const { notStarted: code, start: signalingCode } = EGRESS_ERRORS[kind];
  const facts = blame === 'us' ? ({ status: 503, retryAfterS: SOON_S } as const) : ({ status: 400 } as const);
  return new AppError({ ...facts, code, signalingCode, message, blame });
}

/** As `error`, with the number that the browser SDK has for a start or stop of this kind where it had none. */
export function asEgressError(kind: EgressKind, what: 'start' | 'stop', error: unknown): unknown {
  if (!(error instanceof AppError) || error.signalingCode !== 5000) return error;
  const { code, message, blame, retryAfterS, details } = error;
  const facts = { code, message, blame, retryAfterS, details };
  // Its number is another one here than the table has, on purpose.
  const status = error.status as StatusOf<ErrorCode>;
  return new AppError({ ...facts, status, signalingCode: EGRESS_ERRORS[kind][what], cause: error });
}

/** A token for one room makes no other; a sample of the reference carries such a claim, and people paste it. */
export function noRoomsByToken(roomId: string): AppError {
  const message = `The token's roomId claim "${roomId}" limits it to that room; making one takes a token without a roomId claim.`;
  return new AppError({ code: 'TOKEN_FOR_OTHER_ROOM', status: 403, signalingCode: 4022, message });
}

/** For calls that concern everything an API key's owner has. */
export function tokenForOneRoom(roomId: string): AppError {
  const message = `The token's roomId claim "${roomId}" limits it to that room; this call takes a token without a roomId claim.`;
  return new AppError({ code: 'TOKEN_FOR_ONE_ROOM', status: 403, signalingCode: 4022, message });
}

export function metricsRefused(): AppError {
  const message = 'Send the token of ROOMFUL_METRICS_TOKEN, as Authorization: Bearer …';
  return new AppError({ code: 'METRICS_TOKEN_NEEDED', status: 401, signalingCode: 5000, message });
}

/** The browser was led here by a name that is not ours, which a page of somebody else may have pointed at us. */
export function hostNotKnown(host: string): AppError {
  const message =
    `Pages of this server are not under the name ${JSON.stringify(clip(host, 100))}. If it is a name of yours, set ` +
    'ROOMFUL_PUBLIC_URL to it; a proxy in front has to pass on the header Host.';
  return new AppError({ code: 'HOST_NOT_KNOWN', status: 421, signalingCode: 5000, message });
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
function limitCrossed(code: CodeWith<429, 5000>, message: string, retryAfterS = SOON_S): AppError {
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
