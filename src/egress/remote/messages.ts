// What the node that a session lives on and a node that composes it say to each other. Any message may be lost; so each
// side tells its whole state whenever it changes, and the follower every few seconds besides, which is answered.
import { type Static, Type } from 'typebox';
import { EgressParticipant, EgressStream, Id, StreamKind } from '../ipc.ts';

const Key = Type.String({ maxLength: 128 });
const Count = Type.Number({ minimum: 0 });
const MAX_STREAMS = 5000;
/** As many media workers as a node may have. */
const MAX_MEDIA_HOSTS = 512;

const TappedStream = Type.Object({ ...EgressStream.properties, isPaused: Type.Boolean() });
export type TappedStream = Static<typeof TappedStream>;

/** Where streams are to be sent to, encrypted, and which. */
const WantedTap = Type.Object({
  id: Id,
  ip: Type.String({ maxLength: 64 }),
  port: Type.Integer({ minimum: 1, maximum: 65535 }),
  /** What the feedback from there is encrypted with. */
  key: Key,
  streams: Type.Array(Type.Object({ participantId: Id, kind: StreamKind, width: Count, height: Count }), {
    maxItems: MAX_STREAMS,
  }),
});
export type WantedTap = Static<typeof WantedTap>;

/** To the node that has the session. */
export const ToHost = Type.Union([
  Type.Object({
    type: Type.Literal('follow'),
    sessionId: Id,
    taps: Type.Array(WantedTap, { maxItems: 100 }),
    /** Who may come in without being seen: the pages that are filmed. */
    observers: Type.Array(Id, { maxItems: 100 }),
  }),
  Type.Object({ type: Type.Literal('unfollow'), sessionId: Id }),
  /** For everybody in the meeting. */
  Type.Object({
    type: Type.Literal('tell'),
    sessionId: Id,
    notification: Type.Object({ method: Type.String({ maxLength: 64 }) }, { additionalProperties: Type.Unknown() }),
  }),
]);
export type ToHost = Static<typeof ToHost>;

/** To a node that follows a session. */
export const ToFollower = Type.Union([
  Type.Object({
    type: Type.Literal('scene'),
    sessionId: Id,
    roomId: Id,
    participants: Type.Array(EgressParticipant, { maxItems: MAX_STREAMS }),
    speakerId: Type.Union([Id, Type.Null()]),
    /** Not sent by nodes of earlier versions. */
    mediaHosts: Type.Optional(Type.Array(Type.String({ maxLength: 512 }), { maxItems: MAX_MEDIA_HOSTS })),
  }),
  /** What is sent through a tap, and what it is encrypted with. */
  Type.Object({
    type: Type.Literal('tapped'),
    sessionId: Id,
    tapId: Id,
    key: Key,
    streams: Type.Array(TappedStream, { maxItems: MAX_STREAMS }),
  }),
  /** There is no such session here, any more. */
  Type.Object({ type: Type.Literal('over'), sessionId: Id }),
]);
export type ToFollower = Static<typeof ToFollower>;

/** Brings a message to a node, or loses it. */
export type Send = (nodeId: string, message: ToHost | ToFollower) => void;

/** How often a follower says that it still is one, and for how long that counts. */
export const RENEW_MS = 5_000;
export const LEASE_MS = 20_000;
