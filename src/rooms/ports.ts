// What live rooms need from the rest of the server, in their own words.
import type { LeaveReason, Mode } from '../protocol/signaling.ts';

/** The part of a stored room that a session depends on. */
export interface RoomFacts {
  roomId: string;
  ownerId: string;
  apiKey: string;
  autoCloseConfig?: { type?: string | undefined; duration?: number | undefined } | null | undefined;
  autoStartConfig?: unknown;
}

/** What the token allows its bearer in the room. */
export interface JoinGrant {
  ownerId: string;
  entry: 'allowed' | 'ask';
  moderator: boolean;
  /** The one participant id that the token is for. */
  participantId?: string;
}

export type EndReason =
  | 'everyone-left'
  | 'closed'
  | 'ended-by-api'
  | 'auto-closed'
  | 'deactivated'
  | 'node-lost'
  | 'node-stopped';

export type MediaSpanKind = 'mic' | 'webcam' | 'screenShare' | 'screenShareAudio';

/** How a session ends in the store: its row, the leaves of everybody still in it, and its events, in one transaction. */
export interface SessionEnd {
  sessionId: string;
  reason: EndReason;
  leaveCode: number;
  at: Date;
}

/** Something auto-start asks for when a session begins. */
export interface AutoStartRequest {
  kind: 'recording' | 'hls' | 'composite';
  request: unknown;
}

export interface JoinRecord {
  room: RoomFacts;
  /** Present when this join begins the session. */
  begin: { closesAt: Date; autoStart: AutoStartRequest[] } | undefined;
  sessionId: string;
  participantId: string;
  name: string;
  mode: Mode;
  deviceInfo: unknown;
  metaData: unknown;
  /** Hash of the token that they joined with. */
  tokenHash: string;
  at: Date;
  /**
   * How it relates to a stay that is still open: `resume` goes on with one whose connection was lost, `replace` ends
   * one that another connection holds and begins a new one.
   */
  previous: 'none' | 'resume' | 'replace';
}

/** Every method commits one transaction: the rows, the events that tell of them, and the jobs that follow. */
export interface LiveStore {
  /**
   * Returns the participant's row id, and the hash of the token that the id was last joined with in this session. Throws
   * when the room is disabled or has a live session elsewhere.
   */
  join(record: JoinRecord): Promise<{ row: string; lastTokenHash: string | null }>;
  leave(leave: {
    sessionId: string;
    participant: string;
    reason: LeaveReason;
    at: Date;
    end?: SessionEnd;
  }): Promise<void>;
  endSession(end: SessionEnd): Promise<void>;
  /** Notes that a connection was lost and queues the decision that is due when it has not come back. */
  disconnect(lost: {
    sessionId: string;
    participant: string;
    participantId: string;
    at: Date;
    graceMs: number;
  }): Promise<void>;
  changeMode(participant: string, mode: Mode, at: Date): Promise<void>;
  rename(participant: string, name: string): Promise<void>;
  openSpan(participant: string, kind: MediaSpanKind, at: Date): Promise<void>;
  closeSpan(participant: string, kind: MediaSpanKind, at: Date): Promise<void>;
}

/** A published message, as topics keep and carry it. */
export interface TopicMessage {
  id: string;
  message: string;
  payload: Uint8Array;
  timestamp: string;
  senderId: string;
  senderName: string;
  sendOnly: string[];
  /** Position among the topic's kept messages, empty when it was not kept. */
  persistId: string;
}

export interface TopicStore {
  keep(sessionId: string, topic: string, message: TopicMessage): Promise<string>;
  /**
   * The latest `limit` messages that `participantId` may see, oldest first. Private ones up to `privateAfter` are left out:
   * they were for another who held that id.
   */
  history(
    sessionId: string,
    topic: string,
    participantId: string,
    limit: number,
    privateAfter?: string,
  ): Promise<TopicMessage[]>;
  /** Position of the latest message that a session keeps. */
  latest(sessionId: string): Promise<string>;
}
