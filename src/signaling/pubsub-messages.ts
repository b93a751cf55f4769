// The protobuf messages of the pub/sub socket; field numbers are the official SDK's.
//
// Text that an app has written is read here as bytes, where the SDK has strings: half an emoji in it is no UTF-8, and a
// frame that cannot be read could not even be answered.
import protobuf from 'protobufjs';
import { repair } from '../kit/text.ts';

const PROTO = `
syntax = "proto3";
message Subscribe {
  bytes topic = 1; string peer_id = 2; int32 old_message_limit = 3; string realtime_overflow = 4;
  int32 queue_size = 5; string request_id = 6; int32 new_message_limit = 7;
}
message Unsubscribe { bytes topic = 1; string request_id = 2; }
message Publish {
  bytes topic = 1; bytes payload = 2; bytes message = 3; repeated bytes send_only = 4; string timestamp = 5;
  bytes sender_id = 6; bytes sender_name = 7; bool persist = 8; string message_id = 9; string request_id = 10;
}
message GetHistory { bytes topic = 1; string persist_msg_id = 2; uint32 batch_size = 3; string request_id = 4; }
message Pong { uint64 seq = 1; }
message ClientMessage {
  oneof kind { Subscribe subscribe = 1; Unsubscribe unsubscribe = 2; Publish publish = 3; GetHistory get_history = 4; Pong pong = 5; }
}
message ServerMessage {
  string message = 1; bytes payload = 2; string timestamp = 3; string sender_id = 4; string sender_name = 5;
  string persist_msg_id = 6; string message_id = 7; repeated string send_only = 8; uint64 seq_num = 9;
}
message ServerBatch {
  string topic = 1; repeated bytes payloads = 2; string batch_type = 3; uint64 start_seq = 4; uint64 end_seq = 5;
  bool is_last = 6; uint64 batch_seq = 7; string request_id = 8;
}
message Ack { string request_id = 1; bool ok = 2; string error = 3; string message_id = 4; }
message Welcome { uint32 ping_interval_ms = 1; }
message Ping { uint64 seq = 1; }
message ServerEnvelope { oneof kind { ServerBatch batch = 1; Ack ack = 2; Welcome welcome = 3; Ping ping = 4; } }
`;

const { root } = protobuf.parse(PROTO, { keepCase: false });
const ClientMessageType = root.lookupType('ClientMessage');
const ServerMessageType = root.lookupType('ServerMessage');
const ServerEnvelopeType = root.lookupType('ServerEnvelope');

/** Texts that are no UTF-8 are undefined where they name something, and repaired where they say something. */
export interface Subscribe {
  topic: string | undefined;
  oldMessageLimit: number;
  realtimeOverflow: string;
  queueSize: number;
  requestId: string;
  newMessageLimit: number;
}

export interface Publish {
  topic: string | undefined;
  payload: Uint8Array;
  message: string;
  sendOnly: (string | undefined)[];
  timestamp: string;
  persist: boolean;
  messageId: string;
  requestId: string;
}

export type ClientMessage =
  | { kind: 'subscribe'; subscribe: Subscribe }
  | { kind: 'unsubscribe'; unsubscribe: { topic: string | undefined; requestId: string } }
  | { kind: 'publish'; publish: Publish }
  | { kind: 'getHistory'; getHistory: { topic: string | undefined; batchSize: number; requestId: string } }
  | { kind: 'pong'; pong: object };

/** Reads a frame; throws on anything that is not one. */
export function decodeClientMessage(frame: Uint8Array): ClientMessage | undefined {
  const message = ClientMessageType.toObject(ClientMessageType.decode(frame), {
    defaults: true,
    arrays: true,
    oneofs: true,
    longs: Number,
  }) as { kind?: string } & Record<string, Record<string, unknown>>;
  if (message.kind === undefined) return undefined;
  const request = message[message.kind] ?? {};
  if ('topic' in request) request.topic = exactText(request.topic as Uint8Array);
  if ('message' in request) request.message = repairedText(request.message as Uint8Array);
  if ('sendOnly' in request) request.sendOnly = (request.sendOnly as Uint8Array[]).map(exactText);
  return message as unknown as ClientMessage;
}

const exact = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
/** What becomes of half a surrogate pair, which some programs write as three bytes. */
const HALF = /\ufffd{3}/g;

function exactText(bytes: Uint8Array): string | undefined {
  try {
    return exact.decode(bytes);
  } catch {
    return undefined;
  }
}

function repairedText(bytes: Uint8Array): string {
  return repair(exactText(bytes) ?? lenient.decode(bytes).replace(HALF, '\ufffd'));
}

export interface ServerMessage {
  message: string;
  payload: Uint8Array;
  timestamp: string;
  senderId: string;
  senderName: string;
  persistMsgId: string;
  messageId: string;
  sendOnly: string[];
}

export type ServerEnvelope =
  | { batch: { topic: string; payloads: Uint8Array[]; batchType: string; isLast: boolean; requestId: string } }
  | { ack: { requestId: string; ok: boolean; error?: string; messageId?: string } }
  | { welcome: { pingIntervalMs: number } }
  | { ping: { seq: number } };

export function encodeServerMessage(message: ServerMessage): Uint8Array {
  return ServerMessageType.encode(ServerMessageType.create({ ...message })).finish();
}

export function encodeEnvelope(envelope: ServerEnvelope): Uint8Array {
  return ServerEnvelopeType.encode(ServerEnvelopeType.create(envelope)).finish();
}
