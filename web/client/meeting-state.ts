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

export type OutputStatus = 'STARTING' | 'STARTED' | 'STOPPING' | 'STOPPED';

/** A recording, HLS stream or livestream of the meeting, also when it has ended. */
export interface Output {
  id: string;
  kind: OutputKind;
  status: OutputStatus;
  /** When it began, as far as one knows. */
  since: Date | undefined;
  /** Of an HLS stream: where it plays, and whether there is enough of it to begin with. */
  playbackUrl: string | undefined;
  playable: boolean;
  /** Why it failed. */
  problem: string | undefined;
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
  /** In the order they were heard of. */
  outputs: readonly Output[];
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
  outputs: [],
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

/** What a server tells of an output. */
export interface OutputNotice {
  id: string;
  kind: OutputKind;
  status: OutputStatus;
  playbackUrl: string | undefined;
}

/** Outputs after one of them has moved. */
export function withOutput(outputs: readonly Output[], notice: OutputNotice, now: Date): readonly Output[] {
  const known = outputs.find(({ id }) => id === notice.id);
  const since = notice.status === 'STARTED' && !known?.since ? beginOf(notice.id, known, now) : known?.since;
  const playbackUrl = notice.playbackUrl ?? known?.playbackUrl;
  const moved: Output = { playable: false, problem: undefined, ...known, ...notice, since, playbackUrl };
  return known ? outputs.map((it) => (it === known ? moved : it)) : [...outputs, moved];
}

/** Whoever comes later was not there when it began; ids begin with the second they were made in. */
function beginOf(id: string, known: Output | undefined, now: Date): Date {
  const made = Number.parseInt(id.slice(0, 8), 16) * 1000;
  return known || Number.isNaN(made) || made > now.getTime() ? now : new Date(made);
}

/** The stream that plays at an address can be played. */
export function withPlayable(outputs: readonly Output[], playbackUrl: string): readonly Output[] {
  return outputs.map((it) => (it.playbackUrl === playbackUrl ? { ...it, playable: true } : it));
}

/** Why the one that ended last of its kind did; its end is told just before. */
export function withProblem(outputs: readonly Output[], kind: OutputKind, problem: string): readonly Output[] {
  const failed = outputs.findLast((it) => it.kind === kind && it.status === 'STOPPED');
  return outputs.map((it) => (it === failed ? { ...it, problem } : it));
}

export function isRunning({ status }: Output): boolean {
  return status !== 'STOPPED';
}
