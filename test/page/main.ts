// The page of a participant: the official SDK as an app would use it, driven and observed by a test.

// After the line above, which has to see the SDK's connections being made.
import { type Meeting, type Participant, type Stream, VideoSDK } from '@videosdk.live/js-sdk';
import {
  type ConnectionView,
  EVENT_BINDING,
  type MeetingView,
  type Outcome,
  type ParticipantView,
  type SdkEvent,
  type SdkPageApi,
  type Target,
} from '../harness/sdk-page-api.ts';
import { statistics } from './connections.ts';
import { onFrame, playSound, screenOf, soundOf } from './screens.ts';

// biome-ignore lint/suspicious/noExplicitAny: the SDK's methods are called by name
type Loose = any;

const POLL_MS = 50;

const MEETING_EVENTS = [
  'recording-state-changed',
  'hls-state-changed',
  'livestream-state-changed',
  'participant-joined',
  'participant-left',
  'participant-mode-changed',
  'speaker-changed',
  'presenter-changed',
  'main-participant-changed',
  'entry-requested',
  'entry-responded',
  'mic-requested',
  'webcam-requested',
  'switch-meeting',
  'meeting-joined',
  'meeting-left',
  'pin-state-changed',
  'meeting-state-changed',
  'socket-state-changed',
  'error',
  'paused-all-streams',
  'resumed-all-streams',
  'data',
];

const PARTICIPANT_EVENTS = ['stream-enabled', 'stream-disabled', 'media-status-changed', 'video-quality-changed'];

let meeting: Meeting | undefined;
let joinCalled: number | undefined;
let firstFrame: number | undefined;
let eventCount = 0;
const answerable = new Map<number, Loose>();
const listeners = new Map<string, Loose>();
const followed = new WeakSet<object>();

onFrame(() => {
  firstFrame ??= Date.now();
});

function theMeeting(): Meeting {
  if (!meeting) throw new Error('open a meeting first');
  return meeting;
}

function tell(name: string, of: string, args: unknown[]): void {
  eventCount += 1;
  const [first] = args;
  if (first !== null && typeof first === 'object') answerable.set(eventCount, first);
  const event: SdkEvent = { number: eventCount, name, of, data: args.map((arg) => plain(arg)), at: Date.now() };
  void (globalThis as Loose)[EVENT_BINDING](event);
}

/** What a test can use of an argument of an event: the SDK's objects by their facts, the rest as JSON has it. */
function plain(value: Loose): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? 'function' : value;
  if (value.streams instanceof Map) return viewOf(value);
  if (value.track instanceof MediaStreamTrack) return { id: value.id, kind: value.kind, paused: value.paused };
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

function viewOf(participant: Participant): ParticipantView {
  const { id, displayName, mode, metaData, micOn, webcamOn, screenShareOn, pinState, quality } = participant;
  const streams = [...participant.streams.values()].map(({ kind, paused }) => ({ kind, paused: Boolean(paused) }));
  return { id, displayName, mode, metaData, micOn, webcamOn, screenShareOn, pinState, quality, streams };
}

function follow(participant: Participant): void {
  if (followed.has(participant)) return;
  followed.add(participant);
  const { id } = participant;
  for (const name of PARTICIPANT_EVENTS) {
    (participant as Loose).on(name, (...args: unknown[]) => tell(name, id, args));
  }
  if (participant.local) return;
  const play = (stream: Stream, track: MediaStreamTrack | undefined) => {
    if (stream.kind === 'video' || stream.kind === 'share') screenOf(id, stream.kind).show(track);
    else playSound(id, stream.kind, track);
  };
  participant.on('stream-enabled', (stream: Stream) => play(stream, stream.track));
  participant.on('stream-disabled', (stream: Stream) => play(stream, undefined));
  for (const stream of participant.streams.values()) play(stream, stream.track);
}

async function outcome(call: () => unknown): Promise<Outcome> {
  try {
    return { value: plain(await call()) };
  } catch (error) {
    const { name, code, message } = error as Loose;
    return { error: { name: String(name), code, message: String(message ?? error) } };
  }
}

function participantOf(id: string): Participant {
  const { localParticipant, participants } = theMeeting();
  const participant = id === localParticipant.id ? localParticipant : participants.get(id);
  if (!participant) throw new Error(`no participant ${id}`);
  return participant;
}

function targetOf(target: Target): Loose {
  switch (target.on) {
    case 'sdk':
      return VideoSDK;
    case 'meeting':
      return theMeeting();
    case 'participant':
      return participantOf(target.id);
    case 'stream':
      return [...participantOf(target.id).streams.values()].find((stream) => stream.kind === target.kind);
    default:
      return theMeeting()[target.on];
  }
}

const api: SdkPageApi = {
  async open({ token, meeting: options, camera }) {
    VideoSDK.config(token);
    const customCameraVideoTrack = camera && (await VideoSDK.createCameraVideoTrack(camera));
    meeting = VideoSDK.initMeeting({ ...options, ...(customCameraVideoTrack && { customCameraVideoTrack }) });
    for (const name of MEETING_EVENTS) {
      (meeting as Loose).on(name, (...args: Loose[]) => {
        if (name === 'participant-joined') follow(args[0]);
        if (name === 'meeting-joined') follow(theMeeting().localParticipant);
        tell(name, args[0]?.streams instanceof Map ? args[0].id : '', args);
      });
    }
  },

  call(target, method, args) {
    if (target.on === 'meeting' && method === 'join') {
      joinCalled = Date.now();
      firstFrame = undefined;
    }
    return outcome(() => targetOf(target)[method](...args));
  },

  answer: (eventNumber, method) => outcome(() => answerable.get(eventNumber)[method]()),

  subscribe(topic, options) {
    const listener = {
      onMessageReceived: (message: unknown) => tell('message', topic, [message]),
      onOldMessagesReceived: (messages: unknown, info: unknown) => tell('old-messages', topic, [messages, info]),
    };
    listeners.set(topic, listener);
    return outcome(() => theMeeting().pubSub.subscribe(topic, listener, options));
  },

  unsubscribe: (topic) => outcome(() => theMeeting().pubSub.unsubscribe(topic, listeners.get(topic))),

  observe: (key) =>
    outcome(() => theMeeting().realtimeStore.observe(key, (...args: unknown[]) => tell('value', key, args))),

  view(): MeetingView {
    const { id, localParticipant, participants, activeSpeakerId, mainParticipantId } = theMeeting();
    const others = [...participants.values()].filter((other) => other.id !== localParticipant.id);
    others.sort((a, b) => (a.id < b.id ? -1 : 1));
    return { id, local: viewOf(localParticipant), others: others.map(viewOf), activeSpeakerId, mainParticipantId };
  },

  picture: (id, kind) => screenOf(id, kind).picture,

  awaitFrames: (wanted) => screenOf(wanted.id, wanted.kind).awaitFrames(wanted),

  async awaitSound(id, kind, above) {
    for (;;) {
      const track = soundOf(id, kind);
      for await (const report of statistics()) {
        for (const entry of report.values()) {
          const heard = entry.type === 'inbound-rtp' && entry.trackIdentifier === track?.id;
          if (heard && entry.totalAudioEnergy > above) return entry.totalAudioEnergy;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  },

  async connections() {
    const found: ConnectionView[] = [];
    for await (const report of statistics()) {
      for (const transport of report.values()) {
        if (transport.type !== 'transport' || transport.dtlsState !== 'connected') continue;
        const pair = report.get(transport.selectedCandidatePairId);
        const { protocol } = report.get(pair?.remoteCandidateId) ?? {};
        found.push({ protocol, iceUsername: transport.iceLocalUsernameFragment });
      }
    }
    return found;
  },

  timings: () => ({ joinCalled, firstFrame }),
};

(globalThis as Loose).sdkPage = api;
