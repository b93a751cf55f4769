// What becomes of a meeting's state after each thing that happens. Pure.
import type { LeaveReason } from '../../../src/protocol/leave-reasons.ts';
import type { Notification, PeerInfo, ServerRequests } from '../../../src/protocol/signaling.ts';
import type { StreamKind } from '../../../src/protocol/stream-kinds.ts';
import { HAND_DOWN } from './discussion.ts';
import type { Source } from './local-media.ts';
import {
  isRunning,
  type MeetingState,
  mergeChat,
  newParticipant,
  type OutputKind,
  type OutputStatus,
  type Participant,
  type Stream,
  withHand,
  withOutput,
  withPlayable,
  withProblem,
} from './meeting-state.ts';
import type { TopicMessage } from './pubsub-frames.ts';
import { type Quality, qualityOf, scoreIn } from './quality.ts';

export interface Context {
  ownId: string;
  now: Date;
}

export type NotificationOf<M, N extends Notification = Notification> = N extends { method: infer Methods }
  ? M extends Methods
    ? N
    : never
  : never;

/** Returns the state after a notification; the same object if it changes nothing. */
export function afterNotification(state: MeetingState, notification: Notification, context: Context): MeetingState {
  const reaction = REACTIONS[notification.method] as (typeof REACTIONS)['error'];
  return reaction(state, notification as NotificationOf<'error'>, context);
}

type Reactions = {
  [M in Notification['method']]: (state: MeetingState, it: NotificationOf<M>, context: Context) => MeetingState;
};

const unchanged = (state: MeetingState) => state;

const REACTIONS: Reactions = {
  entryRequested: (state, { id, name }, { ownId }) => {
    if (id === ownId) return state;
    const { entryRequests } = withoutEntryRequest(state, id);
    return { ...state, entryRequests: [...entryRequests, { id, name: name || id }] };
  },
  entryResponded: (state, { id }) => withoutEntryRequest(state, id),
  newPeer: (state, { id, displayName }) => ({
    ...state,
    participants: [...state.participants.filter((it) => it.id !== id), newParticipant(id, displayName)],
  }),
  peerClosed: (state, { peerId }) => ({
    ...state,
    participants: state.participants.filter((it) => it.id !== peerId),
    hands: withHand(state.hands, peerId, false),
    pinnedId: state.pinnedId === peerId ? undefined : state.pinnedId,
    activeSpeakerId: state.activeSpeakerId === peerId ? undefined : state.activeSpeakerId,
  }),
  participantMediaStateChanged: (state, { peerId, kind, newState }, { ownId }) =>
    // The own devices are known at first hand.
    peerId === ownId ? state : updated(state, peerId, (it) => ({ ...it, on: { ...it.on, [kind]: newState } })),
  consumerClosed: (state, { consumerId }) => {
    const found = findStream(state, consumerId);
    return found ? withStream(state, found.participant.id, found.kind, undefined) : state;
  },
  consumerScore: (state, { consumerId, score }) => withScore(state, consumerId, scoreIn(score)),
  // A pause between two sentences says null: only after a while nobody is the speaker, see `withoutSpeaker`.
  activeSpeaker: (state, { peerId }, { ownId }) => {
    if (peerId === null) return state;
    return { ...state, activeSpeakerId: peerId, lastSpeakerId: peerId === ownId ? state.lastSpeakerId : peerId };
  },
  peerDisplayNameChanged: (state, { peerId, displayName }) =>
    updated(state, peerId, (it) => ({ ...it, name: displayName })),
  recordingStateChanged: (state, it, { now }) => outputMoved(state, 'recording', it, now),
  hlsStateChanged: (state, it, { now }) => outputMoved(state, 'hls', it, now),
  livestreamStateChanged: (state, it, { now }) => outputMoved(state, 'livestream', it, now),
  hlsPlayableStateChanged: (state, { playbackHlsUrl }) => ({
    ...state,
    outputs: withPlayable(state.outputs, playbackHlsUrl),
  }),
  error: (state, { code, message }) => {
    const kind = OUTPUT_FAILURES[code];
    const outputs = kind ? withProblem(state.outputs, kind, message) : state.outputs;
    return withNotice({ ...state, outputs }, message);
  },
  consumerPaused: unchanged,
  consumerResumed: unchanged,
  consumerLayersChanged: unchanged,
  producerScore: unchanged,
  dataConsumerClosed: unchanged,
  peerModeChanged: unchanged,
  unsupportedCodecAdded: unchanged,
  realtimeStoreValueChanged: unchanged,
};

/** Numbers of the errors that say why an output ended. */
const OUTPUT_FAILURES: Record<number, OutputKind> = { 5001: 'recording', 5002: 'livestream', 5003: 'hls' };

// Phases

export function joined(
  state: MeetingState,
  me: { id: string; name: string },
  peers: readonly PeerInfo[],
): MeetingState {
  const own = participantIn(state, me.id) ?? newParticipant(me.id, me.name, true);
  const others = peers.map(({ id, displayName }) => newParticipant(id, displayName));
  return { ...state, phase: 'joined', participants: [own, ...others] };
}

export function connectionLost(state: MeetingState): MeetingState {
  return {
    ...state,
    phase: state.phase === 'joined' ? 'reconnecting' : state.phase,
    participants: state.participants.map((it) => (it.isMe ? it : { ...it, streams: {} })),
    // The server sends what still runs after a reconnection.
    outputs: state.outputs.filter((it) => !isRunning(it)),
    entryRequests: [],
    activeSpeakerId: undefined,
  };
}

export function left(state: MeetingState, reason: LeaveReason): MeetingState {
  return { ...state, phase: 'left', reason, participants: [], entryRequests: [], deviceRequest: undefined };
}

// Requests of the server

export function deviceRequested(state: MeetingState, source: Source, byId: string): MeetingState {
  return { ...state, deviceRequest: { source, byId } };
}

export function pinned(state: MeetingState, pin: ServerRequests['pinStateChanged']): MeetingState {
  if (pin.state.cam || pin.state.share) return { ...state, pinnedId: pin.peerId };
  return state.pinnedId === pin.peerId ? { ...state, pinnedId: undefined } : state;
}

export function withStream(
  state: MeetingState,
  id: string,
  kind: StreamKind,
  stream: Stream | undefined,
): MeetingState {
  return updated(state, id, (it) => {
    const { [kind]: _, ...others } = it.streams;
    const streams = stream ? { ...others, [kind]: stream } : others;
    // A stream shows that it is on as well as the notification does, which may come later.
    return { ...it, streams, on: { ...it.on, [kind]: stream !== undefined } };
  });
}

// Topics

export function chatReceived(state: MeetingState, messages: readonly TopicMessage[]): MeetingState {
  const arrived = messages.map(({ id, senderId, senderName, message, timestamp }) => ({
    id,
    senderId,
    senderName: senderName || senderId,
    text: message,
    at: new Date(timestamp),
  }));
  return { ...state, chat: mergeChat(state.chat, arrived) };
}

export function handsMoved(state: MeetingState, messages: readonly TopicMessage[]): MeetingState {
  let { hands } = state;
  for (const { senderId, message } of messages) {
    if (participantIn(state, senderId)) hands = withHand(hands, senderId, message !== HAND_DOWN);
  }
  return { ...state, hands };
}

// Parts of the state

export function withoutEntryRequest(state: MeetingState, id: string): MeetingState {
  return { ...state, entryRequests: state.entryRequests.filter((it) => it.id !== id) };
}

export function withoutSpeaker(state: MeetingState): MeetingState {
  return { ...state, activeSpeakerId: undefined };
}

export function withNotice(state: MeetingState, text: string): MeetingState {
  return { ...state, notice: { id: (state.notice?.id ?? 0) + 1, text } };
}

export function withQuality(state: MeetingState, id: string, quality: Quality): MeetingState {
  return participantIn(state, id)?.quality === quality ? state : updated(state, id, (it) => ({ ...it, quality }));
}

export function participantIn(state: MeetingState, id: string): Participant | undefined {
  return state.participants.find((it) => it.id === id);
}

export function updated(state: MeetingState, id: string, change: (it: Participant) => Participant): MeetingState {
  if (!participantIn(state, id)) return state;
  return { ...state, participants: state.participants.map((it) => (it.id === id ? change(it) : it)) };
}

function findStream({ participants }: MeetingState, consumerId: string) {
  for (const participant of participants) {
    for (const [kind, stream] of Object.entries(participant.streams) as [StreamKind, Stream | undefined][]) {
      if (stream?.consumerId === consumerId) return { participant, kind, stream };
    }
  }
  return undefined;
}

/** Most scores move within a word, those of everybody at once where the own connection varies: these change nothing. */
function withScore(state: MeetingState, consumerId: string, score: number | undefined): MeetingState {
  const found = findStream(state, consumerId);
  if (!found || score === undefined) return state;
  const { participant, kind, stream } = found;
  const quality = qualityOf({ score });
  if (quality === stream.quality) return state;
  const streams = { ...participant.streams, [kind]: { ...stream, quality } };
  const qualities = Object.values(streams).map((it) => it?.quality ?? 'good');
  return updated(state, participant.id, (it) => ({ ...it, streams, quality: worstOf(qualities) }));
}

function worstOf(qualities: readonly Quality[]): Quality {
  return qualities.includes('poor') ? 'poor' : qualities.includes('fair') ? 'fair' : 'good';
}

type OutputNotification = NotificationOf<'recordingStateChanged'>;

function outputMoved(state: MeetingState, kind: OutputKind, it: OutputNotification, now: Date): MeetingState {
  // `RECORDING_STARTED` and the like.
  const status = it.status.slice(it.status.lastIndexOf('_') + 1) as OutputStatus;
  return {
    ...state,
    outputs: withOutput(state.outputs, { id: it.id, kind, status, playbackUrl: it.playbackHlsUrl }, now),
  };
}
