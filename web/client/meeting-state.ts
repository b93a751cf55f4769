// What a page can see of a meeting: immutable, replaced where something changes.
import type { LeaveReason, StreamKind } from '../../src/protocol/signaling.ts';
import type { Source } from './local-media.ts';
import type { Quality } from './quality.ts';
import type { SentPicture } from './sizing.ts';

export interface Stream {
  track: MediaStreamTrack;
  /** Absent for the own streams. */
  consumerId: string | undefined;
  picture: SentPicture;
}

export interface Participant {
  id: string;
  name: string;
  isMe: boolean;
  /** What is on, whether or not its stream has arrived yet. */
  on: Readonly<Record<StreamKind, boolean>>;
  streams: Readonly<Partial<Record<StreamKind, Stream>>>;
  quality: Quality;
}

export interface ChatMessage {
  id: string;
  senderId: string;
  senderName: string;
  text: string;
  at: Date;
}

export type OutputKind = 'recording' | 'hls' | 'livestream';

export interface Output {
  /** The last word of the server's status: STARTING, STARTED, STOPPING, STOPPED. */
  status: string;
  /** When it was heard of as started. */
  since: Date | undefined;
  playbackUrl: string | undefined;
}

export interface MeetingState {
  /**
   * idle → connecting → (waiting) → joined ⇄ reconnecting → left. `waiting` is for somebody inside to decide; from
   * every state there is a way to `left`, and none from there.
   */
  phase: 'idle' | 'connecting' | 'waiting' | 'joined' | 'reconnecting' | 'left';
  /** The own one first, then by arrival. */
  participants: readonly Participant[];
  activeSpeakerId: string | undefined;
  /** Who of the others spoke last, whether or not they still do. */
  lastSpeakerId: string | undefined;
  pinnedId: string | undefined;
  /** People who ask to be let in. */
  entryRequests: readonly { id: string; name: string }[];
  /** What somebody who moderates asks to be switched on. */
  deviceRequest: { source: Source; byId: string } | undefined;
  chat: readonly ChatMessage[];
  /** Ids of people with a raised hand, the first one first. */
  hands: readonly string[];
  outputs: Readonly<Partial<Record<OutputKind, Output>>>;
  /** Why it was left; set in `left`. */
  reason: LeaveReason | undefined;
  /** Something that went wrong and did not end the meeting. */
  notice: { id: number; text: string } | undefined;
}

export const INITIAL: MeetingState = {
  phase: 'idle',
  participants: [],
  activeSpeakerId: undefined,
  lastSpeakerId: undefined,
  pinnedId: undefined,
  entryRequests: [],
  deviceRequest: undefined,
  chat: [],
  hands: [],
  outputs: {},
  reason: undefined,
  notice: undefined,
};

export const ALL_OFF: Participant['on'] = { audio: false, video: false, share: false, shareAudio: false };

export function newParticipant(id: string, name: string, isMe = false): Participant {
  return { id, name: name || id, isMe, on: ALL_OFF, streams: {}, quality: 'good' };
}

/** Old and new messages in the order they were sent, each once. */
export function mergeChat(known: readonly ChatMessage[], arrived: readonly ChatMessage[]): readonly ChatMessage[] {
  const ids = new Set(known.map((it) => it.id));
  const fresh = arrived.filter((it) => !ids.has(it.id));
  if (fresh.length === 0) return known;
  return [...known, ...fresh].sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** Hands after somebody raised or lowered theirs. */
export function withHand(hands: readonly string[], id: string, raised: boolean): readonly string[] {
  if (hands.includes(id) === raised) return hands;
  return raised ? [...hands, id] : hands.filter((it) => it !== id);
}
