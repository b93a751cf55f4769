// What a test can ask of a page with the official SDK, and what the page tells: the words both sides share.

export interface Opening {
  token: string;
  /** Options of `initMeeting`. */
  meeting: Record<string, unknown> & { meetingId: string; signalingBaseUrl: string };
  /** Options of `createCameraVideoTrack` for a camera other than the SDK's own choice. */
  camera?: Record<string, unknown> | undefined;
}

/** An event of the meeting or of one of its participants, with what can be told of its arguments. */
export interface SdkEvent {
  /** Position among the events of the page. */
  number: number;
  name: string;
  /** Participant, topic or key that it is about; empty for the meeting itself. */
  of: string;
  data: unknown[];
  /** Milliseconds since 1970. */
  at: number;
}

export type Target =
  | { on: 'meeting' | 'pubSub' | 'realtimeStore' | 'sdk' }
  | { on: 'participant'; id: string }
  | { on: 'stream'; id: string; kind: StreamKind };

export type StreamKind = 'audio' | 'video' | 'share' | 'shareAudio';

/** Either what a call of the SDK answered or what it threw. */
export interface Outcome {
  value?: unknown;
  error?: { name: string; code: number | undefined; message: string };
}

export interface StreamView {
  kind: StreamKind;
  paused: boolean;
}

export interface ParticipantView {
  id: string;
  displayName: string;
  mode: string;
  metaData: unknown;
  micOn: boolean;
  webcamOn: boolean;
  screenShareOn: boolean;
  pinState: unknown;
  quality: string;
  streams: StreamView[];
}

export interface MeetingView {
  id: string;
  local: ParticipantView;
  /** Without the local one, by id. */
  others: ParticipantView[];
  activeSpeakerId: string | null;
  mainParticipantId: string | null;
}

/** What a <video> element has really shown. */
export interface Picture {
  frames: number;
  width: number;
  height: number;
}

export interface FramesWanted {
  id: string;
  kind: 'video' | 'share';
  /** This many new ones, of this width where one is given, in a row. */
  frames: number;
  width?: number | undefined;
}

export interface ConnectionView {
  protocol: 'udp' | 'tcp';
  /** Changes when ICE is restarted. */
  iceUsername: string;
}

/** Moments of a join, in milliseconds since 1970. */
export interface Timings {
  joinCalled: number | undefined;
  /** The first frame of anybody else since then. */
  firstFrame: number | undefined;
}

export interface SdkPageApi {
  open(opening: Opening): Promise<void>;
  call(target: Target, method: string, args: unknown[]): Promise<Outcome>;
  /** Calls a function that came with an event, such as `allow` of an entry request. */
  answer(eventNumber: number, method: string): Promise<Outcome>;
  /** Messages arrive as events `message` and `old-messages` of the topic. */
  subscribe(topic: string, options: Record<string, unknown>): Promise<Outcome>;
  unsubscribe(topic: string): Promise<Outcome>;
  /** Changes arrive as events `value` of the key. */
  observe(key: string): Promise<Outcome>;
  view(): MeetingView;
  picture(id: string, kind: 'video' | 'share'): Picture;
  awaitFrames(wanted: FramesWanted): Promise<Picture>;
  /** Energy of all sound of a participant that was decoded and played; waits until it exceeds `above`. */
  awaitSound(id: string, kind: 'audio' | 'shareAudio', above: number): Promise<number>;
  /** The connections that are in use for media. */
  connections(): Promise<ConnectionView[]>;
  timings(): Timings;
}

/** Name under which the page finds the function that takes its events. */
export const EVENT_BINDING = 'tellTest';
