// What the parent says, checked before it is believed.
import { type Static, Type } from 'typebox';
import { fits } from '../../kit/validate.ts';
import { EgressParticipant, EgressStream, Id, type ToChild } from '../ipc.ts';

const Path = Type.String({ minLength: 1, maxLength: 4096 });

/** 28 bytes. */
const SrtpKey = Type.String({ pattern: '^[A-Za-z0-9+/]{38}==$' });

const Sink = Type.Union([
  Type.Object({ id: Id, kind: Type.Literal('file'), format: Type.Enum(['mp4', 'webm']), path: Path }),
  Type.Object({ id: Id, kind: Type.Literal('hls'), folder: Path }),
  Type.Object({ id: Id, kind: Type.Literal('rtmp'), url: Path }),
]);

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
});

const Bound = Type.Integer({ minimum: 1 });

const Page = Type.Object({
  url: Type.String({ minLength: 1, maxLength: 8192 }),
  browser: Path,
  ownHosts: Type.Array(Type.String({ maxLength: 512 }), { maxItems: 1000 }),
  certificates: Type.Array(Type.String({ pattern: '^[A-Za-z0-9+/=]{44}$' }), { maxItems: 100 }),
  sandboxed: Type.Boolean(),
  bounds: Type.Object({ memoryBytes: Bound, diskBytes: Bound, threads: Bound }),
});

const Message = Type.Union([
  Type.Object({
    type: Type.Literal('start'),
    egressId: Id,
    config: Config,
    page: Type.Optional(Page),
    isSecure: Type.Optional(Type.Boolean()),
    sinks: Type.Array(Sink, { maxItems: 32 }),
    outboundAllow: Type.Optional(Type.Array(Type.String({ maxLength: 256 }))),
  }),
  Type.Object({ type: Type.Literal('secure'), keys: Type.Object({ send: SrtpKey, receive: SrtpKey }) }),
  Type.Object({ type: Type.Literal('participants'), participants: Type.Array(EgressParticipant, { maxItems: 2000 }) }),
  Type.Object({ type: Type.Literal('active-speaker'), participantId: Type.Union([Id, Type.Null()]) }),
  Type.Object({ type: Type.Literal('add-stream'), stream: EgressStream }),
  Type.Object({ type: Type.Literal('remove-stream'), streamId: Id }),
  Type.Object({ type: Type.Literal('stream-paused'), streamId: Id, paused: Type.Boolean() }),
  Type.Object({ type: Type.Literal('add-sink'), sink: Sink }),
  Type.Object({ type: Type.Literal('remove-sink'), sinkId: Id }),
  Type.Object({ type: Type.Literal('stop') }),
]);

/** Every message the parent may send is one that is understood here. */
type Understood = Static<typeof Message>['type'];
const allUnderstood: Understood extends ToChild['type'] ? (ToChild['type'] extends Understood ? true : never) : never =
  true;

/** The message, or nothing when it is not one. */
export function readMessage(value: unknown): ToChild | undefined {
  return allUnderstood && fits(Message, value) ? (value as ToChild) : undefined;
}
