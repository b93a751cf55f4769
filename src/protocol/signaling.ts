// The realtime protocol of the official browser SDK: requests a client makes (schema by method), notifications and
// requests a server makes. Source: behaviour of js-sdk 1.1.1.
import { type Static, type TObject, Type } from 'typebox';
import { BoundedJson, BoundedMessage, BoundedObject } from './bounded-json.ts';
import type { NumberOf } from './error-codes.ts';
import {
  DtlsParameters,
  RtpCapabilities,
  RtpParameters,
  SctpCapabilities,
  SctpStreamParameters,
} from './media-parameters.ts';

export const MODES = ['SEND_AND_RECV', 'RECV_ONLY', 'SIGNALLING_ONLY'] as const;
export type Mode = (typeof MODES)[number];

/** Modes as apps may still write them, with the present name of each. */
const OLD_MODES: Record<string, Mode> = { CONFERENCE: 'SEND_AND_RECV', VIEWER: 'SIGNALLING_ONLY' };

/** The present name of a mode, or nothing for an unknown one; no mode at all means the default. */
export function toMode(text: string | undefined): Mode | undefined {
  if (!text) return 'SEND_AND_RECV';
  return OLD_MODES[text] ?? MODES.find((mode) => mode === text);
}

/** Names the room in the address of a socket when what the SDK makes of its id could not be read; see `init-config`. */
export const ROOM_PARAMETER = 'room';

/** Longest text of a name, key or id on the socket. */
const SHORT = 256;
/** KiB of free-form JSON: what an app says of a participant goes to everybody in the room, the rest to one. */
const META_DATA_KIB = 16;
const APP_DATA_KIB = 4;
const PAYLOAD_KIB = 16;
const Text = (maxLength = SHORT) => Type.String({ maxLength });
/** What people are called, and what they say: repaired where a program has cut it within an emoji. */
const Name = (maxLength = SHORT) => Type.String({ maxLength, 'x-text': 'name' });
const Id = Type.String({ minLength: 1, maxLength: SHORT });
const oneOf = <const T extends string[]>(values: readonly [...T]) => Type.Enum([...values] as [...T]);

/** Streams as `pauseAllConsumers` and the media state name them. */
export const STREAM_KINDS = ['audio', 'video', 'share', 'shareAudio'] as const;
export type StreamKind = (typeof STREAM_KINDS)[number];

export type ReasonKey = keyof typeof LEAVE_REASONS;

/** Why somebody left: `close.reason` and `peerClosed.reason`; apps compare codes. */
export const LEAVE_REASONS = {
  WEBSOCKET_DISCONNECTED: { code: 1001, message: 'The connection was lost.' },
  REMOVE_PEER: { code: 1002, message: 'The participant was removed from the meeting.' },
  SWITCH_ROOM: { code: 1005, message: 'The participant went to another meeting.' },
  ROOM_CLOSE: { code: 1006, message: 'The meeting was ended.' },
  UNKNOWN: { code: 1007, message: 'The participant left for an unknown reason.' },
  REMOVE_ALL: { code: 1008, message: 'All participants were removed from the meeting.' },
  MEETING_END_API: { code: 1009, message: 'The meeting was ended through the API.' },
  REMOVE_PEER_API: { code: 1010, message: 'The participant was removed through the API.' },
  DUPLICATE_PARTICIPANT: { code: 1011, message: 'The same participant joined from elsewhere.' },
  MANUAL_LEAVE_CALLED: { code: 1101, message: 'The participant left.' },
  WEBSOCKET_CONNECTION_ATTEMPTS_EXHAUSTED: { code: 1102, message: 'The connection could not be restored.' },
  JOIN_ROOM_FAILED: { code: 1103, message: 'Joining the meeting failed.' },
  SWITCH_ROOM_FAILED: { code: 1104, message: 'Going to the other meeting failed.' },
} as const;

export interface LeaveReason {
  code: number;
  message: string;
}

/** Looks up a reason by the key a client sends; an unknown key reads as `UNKNOWN`. */
export function leaveReason(key: string): LeaveReason {
  return Object.hasOwn(LEAVE_REASONS, key) ? LEAVE_REASONS[key as ReasonKey] : LEAVE_REASONS.UNKNOWN;
}

const ConsumerRef = Type.Object({ consumerId: Id });
const ProducerRef = Type.Object({ producerId: Id });
const PeerRef = Type.Object({ peerId: Id });
const Nothing = Type.Object({});
/** Options of a recording or stream: checked where it is planned, in the words of the REST API. */
const EgressOptions = BoundedMessage(PAYLOAD_KIB);
const AppData = Type.Optional(BoundedObject(APP_DATA_KIB));
const Agent = Type.Optional(BoundedJson(APP_DATA_KIB));
const DeviceText = Type.Optional(Type.Union([Name(), Type.Number()]));

/** What a client says of the device it runs on; browsers and phones describe themselves in members of their own. */
export const DeviceInfo = Type.Object({
  sdkType: DeviceText,
  sdkVersion: DeviceText,
  platform: DeviceText,
  browserUserAgent: Agent,
  deviceUserAgent: Agent,
});

/** Every request a client may make and the shape of its `data`. */
export const REQUESTS = {
  requestEntry: Type.Object({ name: Type.Optional(Name()), reconnectSecret: Type.Optional(Text(64)) }),
  respondEntry: Type.Object({ id: Id, decision: oneOf(['allowed', 'denied']) }),
  getRouterRtpCapabilities: Nothing,
  createWebRtcTransport: Type.Object({
    preferredProtocol: Type.Optional(oneOf(['UDP_OVER_TCP', 'UDP_ONLY', 'TCP_ONLY'])),
    producing: Type.Optional(Type.Boolean()),
    consuming: Type.Optional(Type.Boolean()),
  }),
  connectWebRtcTransport: Type.Object({ transportId: Id, dtlsParameters: DtlsParameters }),
  restartIce: Type.Object({ transportId: Id }),
  iceRestarted: Type.Object({ transportId: Id }),
  join: Type.Object({
    displayName: Type.Optional(Name()),
    rtpCapabilities: Type.Optional(RtpCapabilities),
    sctpCapabilities: Type.Optional(SctpCapabilities),
    deviceInfo: Type.Optional(DeviceInfo),
    autoConsume: Type.Optional(Type.Boolean()),
    batchingEnabled: Type.Optional(Type.Boolean()),
    metaData: Type.Optional(BoundedObject(META_DATA_KIB)),
    mode: Type.Optional(Text(32)),
    switchingRoom: Type.Optional(Type.Boolean()),
  }),
  produce: Type.Object({
    transportId: Id,
    kind: oneOf(['audio', 'video']),
    rtpParameters: RtpParameters,
    appData: AppData,
  }),
  closeProducer: ProducerRef,
  pauseProducer: ProducerRef,
  resumeProducer: ProducerRef,
  produceError: Type.Object({ mediaType: Type.Optional(Text(32)), message: Type.Optional(BoundedJson(APP_DATA_KIB)) }),
  produceData: Type.Object({
    transportId: Id,
    sctpStreamParameters: SctpStreamParameters,
    label: Text(),
    protocol: Type.Optional(Text()),
    appData: AppData,
  }),
  setConsumerPreferredLayers: Type.Object({
    consumerId: Id,
    spatialLayer: Type.Integer({ minimum: 0, maximum: 16 }),
    temporalLayer: Type.Optional(Type.Integer({ minimum: 0, maximum: 16 })),
  }),
  setConsumerPriority: Type.Object({ consumerId: Id, priority: Type.Integer({ minimum: 1, maximum: 255 }) }),
  requestConsumerKeyFrame: ConsumerRef,
  pauseConsumer: ConsumerRef,
  resumeConsumer: ConsumerRef,
  pauseAllConsumers: Type.Object({ kind: Type.Optional(oneOf(['all', ...STREAM_KINDS])) }),
  resumeAllConsumers: Type.Object({ kind: Type.Optional(oneOf(['all', ...STREAM_KINDS])) }),
  consumeVideoStreams: PeerRef,
  consumeAudioStreams: PeerRef,
  stopConsumingVideoStreams: PeerRef,
  stopConsumingAudioStreams: PeerRef,
  enableAdaptiveSubscription: Nothing,
  disableAdaptiveSubscription: Nothing,
  getTransportStats: Type.Object({ peerId: Type.Optional(Id), transportId: Type.Optional(Id) }),
  getDataProducerStats: Type.Object({ dataProducerId: Id }),
  getDataConsumerStats: Type.Object({ dataConsumerId: Id }),
  definePeerLeftReason: Type.Object({ leaveReason: Text(64) }),
  changeMode: Type.Object({ mode: Text(32) }),
  changeDisplayName: Type.Object({ displayName: Name() }),
  enablePeerMic: PeerRef,
  disablePeerMic: PeerRef,
  enablePeerWebcam: PeerRef,
  disablePeerWebcam: PeerRef,
  removePeer: PeerRef,
  closeRoom: Nothing,
  pinStateChanged: Type.Object({
    peerId: Id,
    state: Type.Object({ cam: Type.Optional(Type.Boolean()), share: Type.Optional(Type.Boolean()) }),
  }),
  realtimeStoreSet: Type.Object({
    key: Id,
    value: Type.Union([Type.String({ maxLength: 4096, 'x-text': 'text' }), Type.Null()]),
  }),
  realtimeStoreGet: Type.Object({ key: Id }),
  realtimeStoreObserve: Type.Object({ key: Id }),
  realtimeStoreStopObserve: Type.Object({ key: Id }),
  switchToMeeting: Type.Object({
    meetingId: Id,
    participantId: Type.Optional(Id),
    secret: Type.Optional(Type.String({ maxLength: 8192 })),
  }),
  switchPeerRoom: Type.Object({
    roomId: Id,
    peerId: Id,
    payload: Type.Optional(BoundedJson(PAYLOAD_KIB)),
    token: Type.Optional(Type.String({ maxLength: 8192 })),
  }),
  startRecording: EgressOptions,
  stopRecording: Nothing,
  startLivestream: EgressOptions,
  stopLivestream: Nothing,
  startHls: EgressOptions,
  stopHls: Nothing,
} as const satisfies Record<string, TObject | typeof EgressOptions>;

export type RequestName = keyof typeof REQUESTS;
export type RequestData<N extends RequestName> = Static<(typeof REQUESTS)[N]>;

const NOTICES: readonly string[] = [
  'requestEntry',
  'respondEntry',
  'join',
  'produce',
  'produceData',
  'closeProducer',
  'pauseProducer',
  'resumeProducer',
  'changeMode',
  'changeDisplayName',
  'pinStateChanged',
  'realtimeStoreSet',
  'removePeer',
] satisfies RequestName[];

/** Whether a request is told to everybody in the room: it costs as much as there are people. */
export function isNotice(method: string): boolean {
  return NOTICES.includes(method);
}

/** Requests that the protocol knows and this server does not serve, with the code the SDK shows for each. */
export const UNSERVED_REQUESTS = {
  startTranscription: 4031,
  stopTranscription: 4032,
  startTranslation: 4042,
  stopTranslation: 4043,
  changeTranslationLanguage: 4044,
  startWhiteboard: 4054,
  stopWhiteboard: 4055,
  mediaRelayRequestSent: 4078,
  respondToMediaRelayRequest: 4079,
  mediaRelayRequestStop: 4084,
} as const satisfies Record<string, NumberOf<'NOT_SERVED'>>;

/** A participant as others see it, in `newPeer` and in the answer of `join`. */
export interface PeerInfo {
  id: string;
  displayName: string;
  mode: Mode;
  metaData: Record<string, unknown>;
}

/** What a server tells without waiting for an answer; `method` names it on the wire. */
export type Notification =
  | {
      method: 'entryResponded';
      id: string;
      decision: 'allowed' | 'denied';
      sessionId: string;
      switchingRoomId?: string;
    }
  | { method: 'entryRequested'; id: string; name: string }
  | ({ method: 'newPeer' } & PeerInfo)
  | { method: 'peerClosed'; peerId: string; reason: LeaveReason }
  | { method: 'participantMediaStateChanged'; peerId: string; kind: StreamKind; newState: boolean }
  | { method: 'consumerClosed' | 'consumerPaused' | 'consumerResumed'; consumerId: string }
  | {
      method: 'consumerLayersChanged';
      consumerId: string;
      spatialLayer: number | null;
      temporalLayer: number | null;
    }
  | { method: 'consumerScore'; consumerId: string; score: unknown }
  | { method: 'producerScore'; producerId: string; score: unknown }
  | { method: 'dataConsumerClosed'; dataConsumerId: string }
  | { method: 'activeSpeaker'; peerId: string | null }
  | { method: 'peerModeChanged'; peerId: string; mode: Mode }
  | { method: 'peerDisplayNameChanged'; peerId: string; displayName: string; oldDisplayName: string }
  | { method: 'unsupportedCodecAdded'; codec: string; consumerPeerId: string }
  | { method: 'realtimeStoreValueChanged'; key: string; value: string | null; updatedBy: string }
  | {
      method: 'recordingStateChanged' | 'livestreamStateChanged' | 'hlsStateChanged';
      /** `RECORDING_STARTING`, `HLS_STARTED`, … */
      status: string;
      id: string;
      sessionId: string;
      playbackHlsUrl?: string;
      livestreamUrl?: string;
      downstreamUrl?: string;
    }
  | {
      method: 'hlsPlayableStateChanged';
      isPlayable: boolean;
      playbackHlsUrl: string;
      livestreamUrl: string;
      downstreamUrl: string;
    }
  | { method: 'error'; code: number; message: string };

/** What a server asks of a client, as an event with an acknowledgement. */
export interface ServerRequests {
  newConsumer: {
    peerId: string;
    producerId: string;
    id: string;
    kind: string;
    rtpParameters: unknown;
    type: string;
    appData: Record<string, unknown>;
    producerPaused: boolean;
  };
  newDataConsumer: {
    peerId: string;
    dataProducerId: string;
    id: string;
    sctpStreamParameters: unknown;
    label: string;
    protocol: string;
    appData: Record<string, unknown>;
  };
  enableMic: { peerId: string };
  disableMic: { peerId: string };
  enableWebcam: { peerId: string };
  disableWebcam: { peerId: string };
  pinStateChanged: { peerId: string; state: PinState; pinnedBy: string };
  switchRoom: { roomId: string; peerId: string; payload: unknown; token: string | undefined };
}

export interface PinState {
  cam?: boolean | undefined;
  share?: boolean | undefined;
}
