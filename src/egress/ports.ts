// What egress needs from the rest of the server, in its own words; app.ts fulfils it.
import type { Egress, EgressKind, EgressPlan, EgressStatus, Gap, WebhookSummary } from '../protocol/egress.ts';
import type { Paging } from '../protocol/rest/common.ts';
import type { Notification } from '../protocol/signaling.ts';
import type { EgressParticipant, EgressStream, StreamKind, WantedStream } from './ipc.ts';

/** A stream that somebody in the session sends; what it is made of only the media tap knows. */
export interface SourceStream {
  participantId: string;
  kind: StreamKind;
  publication: unknown;
}

/** A session that lives on this node, as a composition sees it. */
export interface SessionSource {
  readonly sessionId: string;
  readonly roomId: string;
  participants(): EgressParticipant[];
  streams(): SourceStream[];
  activeSpeaker(): string | null;
  /** Whoever joins under this id is seen by nobody; until the answer is called, which sends it away. */
  expectObserver(participantId: string): () => void;
}

/** A way out of the SFU to one port of the loopback. */
export interface Tap {
  /** All that is sent in the session now; what is gone stops, what is new may be wanted. */
  offer(streams: SourceStream[]): void;
  /** All that the picture shows and the sound mixes now. */
  want(streams: WantedStream[]): void;
  close(): void;
}

export interface TapOptions {
  port: number;
  /** Told before its first packet. */
  onStream(stream: EgressStream): void;
  onStreamGone(streamId: string): void;
  onStreamPaused(streamId: string, paused: boolean): void;
}

export type OpenTap = (options: TapOptions) => Tap;

/** Everything that one egress tells its meeting. */
export type Tell = (sessionId: string, notification: Notification) => void;

/** The room of a caller, as far as egress cares. */
export interface EgressRoom {
  roomId: string;
  ownerId: string;
  /** Whether several of one kind may run at once. */
  multiComposition: { recording?: unknown; hls?: unknown; rtmp?: unknown } | null;
}

export interface EgressCaller {
  apiKey: string;
  ownerId: string;
  /** Either id of the one room that the token is for. */
  roomId?: string;
}

export interface EgressRooms<C extends EgressCaller = EgressCaller> {
  get(caller: C, roomId: string): Promise<EgressRoom>;
  /** The live session of a room, if there is one. */
  liveIn(roomId: string): Promise<string | undefined>;
}

/** The parts of the store's own shapes that are handed in here. */
export interface AutoStartWish {
  id: string;
  kind: 'recording' | 'hls' | 'composite';
  request: unknown;
}

export interface NewUpload {
  target: 'storage' | 'presigned';
  url: string | null;
}

export interface MoveFacts {
  at: Date;
  reason?: string;
  compositionId?: string;
  file?: NonNullable<Egress['file']>;
  uploads?: NewUpload[];
}

export interface NewEgress {
  sessionId: string;
  plan: EgressPlan;
  folder: string | null;
  at: Date;
  beside: boolean;
  requestId?: string | undefined;
}

export type EgressCommand = { command: 'start-egress' | 'stop-egress'; egressId: string };

/** Every move is one transaction with its event; see the store. */
export interface EgressStore {
  create(wish: NewEgress): Promise<Egress>;
  /** Answers nothing when the move is not (any more) possible. */
  move(id: string, to: EgressStatus, facts: MoveFacts): Promise<Egress | undefined>;
  playable(id: string, at: Date): Promise<Egress | undefined>;
  addGap(id: string, gap: Gap): Promise<void>;
  wishes(sessionId: string): Promise<AutoStartWish[]>;
  refuseWish(wish: AutoStartWish, session: { sessionId: string; roomId: string }, at: Date): Promise<void>;
  sendTo(nodeId: string, job: EgressCommand): Promise<void>;
  get(id: string): Promise<Egress | undefined>;
  find(ownerId: string, kind: EgressKind, id: string): Promise<Egress | undefined>;
  list(
    ownerId: string,
    filter: { kind: EgressKind; rooms: readonly string[]; sessionId?: string | undefined },
    paging: Paging,
  ): Promise<{ egresses: Egress[]; total: number }>;
  unfinishedIn(roomId: string, kind: EgressKind): Promise<Egress[]>;
  unfinishedOn(nodeId: string): Promise<Egress[]>;
  /** On nodes that have not been seen since. */
  unfinishedOnLost(since: Date): Promise<Egress[]>;
  byFolder(folder: string): Promise<Egress | undefined>;
  byFileToken(token: string): Promise<Egress | undefined>;
  delete(id: string, at: Date): Promise<void>;
  webhookSummary(egress: Egress): Promise<WebhookSummary>;
}
