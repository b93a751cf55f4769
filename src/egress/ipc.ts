// What the server and an egress child say to each other, over the child's IPC channel as JSON. Both ends import only
// this; a message that does not fit ends the conversation.
import { type Static, Type } from 'typebox';
import type { CompositionConfig } from '../protocol/composition.ts';

export const Id = Type.String({ maxLength: 256 });

const Whole = Type.Integer({ minimum: 0, maximum: 0xffffffff });
const PayloadType = Type.Integer({ minimum: 0, maximum: 127 });

/** Kinds of streams that a participant sends. */
export const StreamKind = Type.Enum(['audio', 'video', 'share', 'shareAudio']);
export type StreamKind = Static<typeof StreamKind>;

/** Somebody in the session, as the picture shows them. */
export const EgressParticipant = Type.Object({
  id: Id,
  name: Type.String({ maxLength: 1024 }),
  micOn: Type.Boolean(),
  camOn: Type.Boolean(),
  shareOn: Type.Boolean(),
  pinned: Type.Boolean(),
  /** Milliseconds since the epoch; who came first stands first. */
  joinedAt: Type.Number(),
});
export type EgressParticipant = Static<typeof EgressParticipant>;

/** One RTP stream that the media node will send to the child's port. */
export const EgressStream = Type.Object({
  /** The consumer's id on the media node. */
  id: Id,
  participantId: Id,
  kind: StreamKind,
  /** `video/VP8`, `audio/opus`, … */
  mimeType: Type.String({ maxLength: 64 }),
  clockRate: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  channels: Type.Integer({ minimum: 0, maximum: 8 }),
  payloadType: PayloadType,
  ssrc: Whole,
  rtxPayloadType: Type.Optional(Type.Union([PayloadType, Type.Undefined()])),
  rtxSsrc: Type.Optional(Type.Union([Whole, Type.Undefined()])),
  /** Header extension ids by URI: video orientation, abs-send-time. */
  headerExtensions: Type.Record(Type.String(), Type.Integer({ minimum: 1, maximum: 255 })),
  /** RTCP CNAME: streams of one participant share a clock. */
  cname: Type.String({ maxLength: 256 }),
});
export type EgressStream = Static<typeof EgressStream>;

/** Keys (with salt, base64) of both directions, as the receiver of the streams uses them: RFC 7714, AEAD_AES_128_GCM. */
export interface SrtpKeys {
  /** What feedback is encrypted with. */
  send: string;
  /** What streams are encrypted with. */
  receive: string;
}

/** One output of a composition. */
export type SinkSpec =
  | { id: string; kind: 'file'; format: 'mp4' | 'webm'; path: string }
  | { id: string; kind: 'hls'; folder: string }
  | { id: string; kind: 'rtmp'; url: string };

/** A page that is filmed instead of composing the meeting, and what films it. */
export interface PageSpec {
  url: string;
  /** Path of the browser. */
  browser: string;
  /** `host:port` of this installation's own addresses, which the page may reach although they are private. */
  ownHosts: string[];
  /** SHA-256 of the public keys of this installation's own certificates, base64. */
  certificates: string[];
  /** Whether the browser has to have its sandbox. */
  sandboxed: boolean;
  bounds: PageBounds;
}

/** What a page may use of the machine. */
export interface PageBounds {
  memoryBytes: number;
  /** Of its cookies, caches and databases. */
  diskBytes: number;
  /** Of all processes of its browser. */
  threads: number;
}

export type ToChild =
  | {
      type: 'start';
      egressId: string;
      config: CompositionConfig;
      page?: PageSpec | undefined;
      /** Streams come from another machine, encrypted; `secure` follows. */
      isSecure?: boolean | undefined;
      sinks: SinkSpec[];
      /** `ROOMFUL_OUTBOUND_ALLOW`: given, the child checks where RTMP connects to each time it does. */
      outboundAllow?: string[];
    }
  /** The other machine has connected, or has done so anew. */
  | { type: 'secure'; keys: SrtpKeys }
  | { type: 'participants'; participants: EgressParticipant[] }
  | { type: 'active-speaker'; participantId: string | null }
  | { type: 'add-stream'; stream: EgressStream }
  | { type: 'remove-stream'; streamId: string }
  | { type: 'stream-paused'; streamId: string; paused: boolean }
  | { type: 'add-sink'; sink: SinkSpec }
  /** Finishes one output; the others go on. */
  | { type: 'remove-sink'; sinkId: string }
  /** Finishes every output, tells of each, then the child ends. */
  | { type: 'stop' };

/** A stream the layout shows now, and how large; the media node picks the simulcast layer for it. */
export interface WantedStream {
  participantId: string;
  kind: StreamKind;
  /** Pixels on the canvas; 0 for sound. */
  width: number;
  height: number;
}

const Count = Type.Number({ minimum: 0 });

/** What a finished file is. */
export const FileFacts = Type.Object({
  /** Bytes. */
  size: Count,
  /** Seconds. */
  duration: Count,
  width: Type.Optional(Count),
  height: Type.Optional(Count),
  path: Type.String({ maxLength: 4096 }),
});
export type FileFacts = Static<typeof FileFacts>;

export const FromChild = Type.Union([
  /**
   * There is something to record. RTP and RTCP (multiplexed) go to this UDP port, of the loopback unless they come from
   * another machine; a page that is filmed takes none.
   */
  Type.Object({ type: Type.Literal('ready'), port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })) }),
  Type.Object({
    type: Type.Literal('wanted'),
    streams: Type.Array(
      Type.Object({
        participantId: Id,
        kind: Type.Enum(['audio', 'video', 'share', 'shareAudio']),
        width: Count,
        height: Count,
      }),
    ),
  }),
  /** The first picture or sound has been written (file), the server accepted the stream (rtmp). */
  Type.Object({ type: Type.Literal('sink-started'), sinkId: Id }),
  /** A player that fetches the playlist now would play. */
  Type.Object({ type: Type.Literal('sink-playable'), sinkId: Id }),
  Type.Object({ type: Type.Literal('sink-finished'), sinkId: Id, file: Type.Optional(FileFacts) }),
  /** `blame` says whose fault: the destination's (an RTMP server, a full disk) or ours. */
  Type.Object({
    type: Type.Literal('sink-failed'),
    sinkId: Id,
    reason: Type.String({ maxLength: 4096 }),
    blame: Type.Enum(['destination', 'us']),
  }),
  Type.Object({
    type: Type.Literal('stats'),
    /** CPU seconds used since the last one, per second. */
    cpu: Count,
    droppedTicks: Count,
    encodedFrames: Count,
    /** Milliseconds that the sound is ahead of the picture. */
    driftMs: Type.Number(),
    rssBytes: Count,
  }),
  Type.Object({
    type: Type.Literal('log'),
    level: Type.Enum(['debug', 'info', 'warn', 'error']),
    msg: Type.String(),
    facts: Type.Unknown(),
  }),
  /** Nothing can be produced any more; the child ends after it. */
  Type.Object({
    type: Type.Literal('fatal'),
    reason: Type.String({ maxLength: 4096 }),
    blame: Type.Enum(['destination', 'us']),
  }),
]);
export type FromChild = Static<typeof FromChild>;
