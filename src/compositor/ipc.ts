// What the server and a compositor process send each other, over the child's IPC channel as JSON: the server sends
// commands, the compositor sends events. Each end checks what it receives; a message that does not fit ends the process.
import { type Static, type TObject, type TSchema, type TUnion, Type } from 'typebox';
import { findProblems, fits } from '../kit/validate.ts';

export const Id = Type.String({ maxLength: 256 });
const Path = Type.String({ minLength: 1, maxLength: 4096 });
const Whole = Type.Integer({ minimum: 0, maximum: 0xffffffff });
const Count = Type.Number({ minimum: 0 });
const Bound = Type.Integer({ minimum: 1 });
const PayloadType = Type.Integer({ minimum: 0, maximum: 127 });
const Reason = Type.String({ maxLength: 4096 });

/** Absent, or `undefined` until it is sent, which JSON leaves out. */
const Maybe = <S extends TSchema>(schema: S) => Type.Optional(Type.Union([schema, Type.Undefined()]));

/** Kinds of streams that a participant sends. */
export const StreamKind = Type.Enum(['audio', 'video', 'share', 'shareAudio']);
export type StreamKind = Static<typeof StreamKind>;

/** Who has to mend a failure: the destination (an RTMP server, a full disk, a page) or Roomful. */
export const Blame = Type.Enum(['destination', 'us']);
export type Blame = Static<typeof Blame>;

/** A participant of the session, as the picture shows them. */
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

/** One RTP stream that the media node will send to the compositor's port. */
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
  rtxPayloadType: Maybe(PayloadType),
  rtxSsrc: Maybe(Whole),
  /** Header extension ids by URI: video orientation, abs-send-time. */
  headerExtensions: Type.Record(Type.String(), Type.Integer({ minimum: 1, maximum: 255 })),
  /** RTCP CNAME: streams of one participant share a clock. */
  cname: Type.String({ maxLength: 256 }),
});
export type EgressStream = Static<typeof EgressStream>;

/** 28 bytes: a key of 16 and its salt, base64. */
const SrtpKey = Type.String({ pattern: '^[A-Za-z0-9+/]{38}==$' });

/** Keys of both directions, as the receiver of the streams uses them: RFC 7714, AEAD_AES_128_GCM. */
const SrtpKeys = Type.Object({
  /** What feedback is encrypted with. */
  send: SrtpKey,
  /** What streams are encrypted with. */
  receive: SrtpKey,
});
export type SrtpKeys = Static<typeof SrtpKeys>;

/** One output: a file, the folder of an HLS stream, or an RTMP server. */
const SinkSpec = Type.Union([
  Type.Object({ id: Id, kind: Type.Literal('file'), format: Type.Enum(['mp4', 'webm']), path: Path }),
  Type.Object({ id: Id, kind: Type.Literal('hls'), folder: Path }),
  Type.Object({ id: Id, kind: Type.Literal('rtmp'), url: Path }),
]);
export type SinkSpec = Static<typeof SinkSpec>;

const Config = Type.Object({
  layout: Type.Object({
    type: Type.Enum(['GRID', 'SPOTLIGHT', 'SIDEBAR']),
    priority: Type.Enum(['SPEAKER', 'PIN']),
    gridSize: Type.Integer({ minimum: 0, maximum: 100 }),
  }),
  theme: Type.Enum(['DARK', 'LIGHT', 'DEFAULT']),
  mode: Type.Enum(['video-and-audio', 'audio']),
  quality: Type.Enum(['low', 'med', 'high']),
  orientation: Type.Enum(['landscape', 'portrait']),
  templateUrl: Type.Union([Type.String(), Type.Null()]),
});

/** What a page may use of the machine. */
const PageBounds = Type.Object({
  memoryBytes: Bound,
  /** Of its cookies, caches and databases. */
  diskBytes: Bound,
  /** Of all processes of its browser. */
  threads: Bound,
});
export type PageBounds = Static<typeof PageBounds>;

/** A page that is captured instead of composing the meeting, and the browser for it. */
const PageSpec = Type.Object({
  url: Type.String({ minLength: 1, maxLength: 8192 }),
  /** Path of the browser. */
  browser: Path,
  /** `host:port` of this installation's own addresses, which the page may reach although they are private. */
  ownHosts: Type.Array(Type.String({ maxLength: 512 }), { maxItems: 1000 }),
  /** SHA-256 of the public keys of this installation's own certificates, base64. */
  certificates: Type.Array(Type.String({ pattern: '^[A-Za-z0-9+/=]{44}$' }), { maxItems: 100 }),
  /** Whether the browser has to have its sandbox. */
  sandboxed: Type.Boolean(),
  bounds: PageBounds,
});
export type PageSpec = Static<typeof PageSpec>;

/** From the server to the compositor. */
export const CompositorCommand = Type.Union([
  Type.Object({
    type: Type.Literal('start'),
    egressId: Id,
    config: Config,
    page: Maybe(PageSpec),
    /** Streams come from another machine, encrypted; `secure` follows. */
    isSecure: Maybe(Type.Boolean()),
    sinks: Type.Array(SinkSpec, { maxItems: 32 }),
    /** `ROOMFUL_OUTBOUND_ALLOW`: when set, the address of an RTMP server is checked at each connection. */
    outboundAllow: Maybe(Type.Array(Type.String({ maxLength: 256 }))),
  }),
  /** The other machine has connected, or reconnected. */
  Type.Object({ type: Type.Literal('secure'), keys: SrtpKeys }),
  Type.Object({ type: Type.Literal('participants'), participants: Type.Array(EgressParticipant, { maxItems: 2000 }) }),
  Type.Object({ type: Type.Literal('active-speaker'), participantId: Type.Union([Id, Type.Null()]) }),
  Type.Object({ type: Type.Literal('add-stream'), stream: EgressStream }),
  Type.Object({ type: Type.Literal('remove-stream'), streamId: Id }),
  Type.Object({ type: Type.Literal('stream-paused'), streamId: Id, paused: Type.Boolean() }),
  Type.Object({ type: Type.Literal('add-sink'), sink: SinkSpec }),
  /** Finishes one output; the others go on. */
  Type.Object({ type: Type.Literal('remove-sink'), sinkId: Id }),
  /** Finishes every output, reports each, then exits. */
  Type.Object({ type: Type.Literal('stop') }),
]);
export type CompositorCommand = Static<typeof CompositorCommand>;

/** A stream the layout shows now, and how large; the media node picks the simulcast layer for it. */
const WantedStream = Type.Object({
  participantId: Id,
  kind: StreamKind,
  /** Pixels on the canvas; 0 for sound. */
  width: Count,
  height: Count,
});
export type WantedStream = Static<typeof WantedStream>;

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

/** From the compositor to the server. */
export const CompositorEvent = Type.Union([
  /**
   * There is something to record. RTP and RTCP (multiplexed) go to this UDP port, of the loopback unless they come from
   * another machine; a captured page takes none.
   */
  Type.Object({ type: Type.Literal('ready'), port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })) }),
  Type.Object({ type: Type.Literal('wanted'), streams: Type.Array(WantedStream) }),
  /** The first picture or sound has been written (file), the server accepted the stream (rtmp). */
  Type.Object({ type: Type.Literal('sink-started'), sinkId: Id }),
  /** A player that fetches the playlist now would play. */
  Type.Object({ type: Type.Literal('sink-playable'), sinkId: Id }),
  Type.Object({ type: Type.Literal('sink-finished'), sinkId: Id, file: Type.Optional(FileFacts) }),
  Type.Object({ type: Type.Literal('sink-failed'), sinkId: Id, reason: Reason, blame: Blame }),
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
  /** Nothing can be produced any more; the compositor exits after it. */
  Type.Object({ type: Type.Literal('fatal'), reason: Reason, blame: Blame }),
]);
export type CompositorEvent = Static<typeof CompositorEvent>;

/** Returns the command that a received value is. Throws with the reason when it is none. */
export function readCommand(value: unknown): CompositorCommand {
  if (fits(CompositorCommand, value)) return value;
  throw new Error(whyInvalid(CompositorCommand, value));
}

/** Returns the event that a received value is. Throws with the reason when it is none. */
export function readEvent(value: unknown): CompositorEvent {
  if (fits(CompositorEvent, value)) return value;
  throw new Error(whyInvalid(CompositorEvent, value));
}

/** Names the field, never its value, which may be a stream key. */
function whyInvalid(union: TUnion<TObject[]>, value: unknown): string {
  const { type } = (value ?? {}) as { type?: unknown };
  const kind = union.anyOf.find(({ properties }) => (properties.type as { const?: unknown }).const === type);
  if (!kind) return 'a message of an unknown type';
  const [problem] = findProblems(kind, value, 'message');
  return `${String(type)}: ${problem?.field} ${problem?.allowed}`;
}
