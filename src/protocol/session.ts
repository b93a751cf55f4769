// A session, past or live, as the parts of the server hand it to each other; the wire's shapes are built from it.

export const MEDIA_SPAN_KINDS = ['mic', 'webcam', 'screenShare', 'screenShareAudio'] as const;
export type MediaSpanKind = (typeof MEDIA_SPAN_KINDS)[number];

/** `end` is null while it lasts. */
export interface Span {
  start: Date;
  end: Date | null;
}

export interface SessionParticipant {
  /** Object id of this participant in this session. */
  id: string;
  participantId: string;
  name: string;
  mode: string;
  /** One entry per stay. */
  timelog: Span[];
  modeChanges: { id: string; mode: string; at: Date }[];
  /** When each kind of media was sent. */
  events: Record<MediaSpanKind, Span[]>;
  deviceInfo: unknown;
}

export interface Session {
  id: string;
  roomId: string;
  customRoomId: string | null;
  ownerId: string;
  apiKey: string;
  /** Region it ran in. */
  region: string;
  startedAt: Date;
  endedAt: Date | null;
  participants: SessionParticipant[];
}

/** A session as lists have it: with its first participants, in the order they came. */
export interface ListedSession extends Session {
  /** How many there were, where that is more than are listed; else null. */
  participantsCount: number | null;
}
