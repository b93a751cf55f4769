// What egress needs from the rest of the server, in its own words; app.ts fulfils it.
import type {
  Continuation,
  Egress,
  EgressKind,
  EgressPlan,
  EgressStatus,
  Gap,
  WebhookSummary,
} from '../protocol/egress.ts';
import type { Paging } from '../protocol/rest/common.ts';
import type { Notification } from '../protocol/signaling.ts';
import type { EgressParticipant, EgressStream, SrtpKeys, WantedStream } from './ipc.ts';

/** A session as a composition sees it, wherever it lives. */
export interface SessionSource {
  readonly sessionId: string;
  readonly roomId: string;
  /** False once it is over. */
  readonly live: boolean;
  /** On another node: its streams arrive encrypted. */
  readonly isElsewhere: boolean;
  participants(): EgressParticipant[];
  activeSpeaker(): string | null;
  /** `host:port` that clients in it send their media to, by TCP. */
  mediaHosts(): string[];
  openTap(options: TapOptions): Tap;
  /** Whoever joins under this id is seen by nobody; until the answer is called, which sends it away. */
  expectObserver(participantId: string): () => void;
}

/** Sessions by the node that they live on. */
export interface Sessions {
  /** Nothing when there is no such session (any more). */
  open(sessionId: string, nodeId: string): Promise<SessionSource | undefined>;
  /** Nothing of it is composed here any more. */
  release(sessionId: string): void;
}

/** A way out of the SFU to one port: of the loopback, unless it says otherwise. */
export interface Tap {
  /** What is sent in the session has changed: what is gone stops, what is new may be wanted. */
  refresh(): void;
  /** All that the picture shows and the sound mixes now. */
  want(streams: WantedStream[]): void;
  close(): void;
}

export interface TapOptions {
  port: number;
  /** Another machine, and the key (base64) that feedback from there is encrypted with. */
  elsewhere?: { ip: string; sendKey: string };
  /** Told before any stream, and again when all begins anew: what the receiver has to use. */
  onSecured?(keys: SrtpKeys): void;
  /** Told before its first packet. */
  onStream(stream: EgressStream): void;
  onStreamGone(streamId: string): void;
  onStreamPaused(streamId: string, paused: boolean): void;
}

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

/** What nobody waits for an answer to and could not be begun, and why; the plan, where one could be made. */
export interface NotBegun {
  /** The auto-start request it comes from. */
  requestId?: string | undefined;
  kind: AutoStartWish['kind'];
  plan?: EgressPlan | undefined;
  reason: string;
}

export interface NewUpload {
  target: 'storage' | 'presigned';
  url: string | null;
}

export interface MoveFacts {
  at: Date;
  /** Given, the move is only possible while the egress is that node's. */
  nodeId?: string;
  reason?: string;
  compositionId?: string;
  file?: NonNullable<Egress['file']>;
  uploads?: NewUpload[];
  /** It was stopped before it had begun: no failure that anything follows from. */
  isCalledOff?: boolean;
}

export interface NewEgress {
  sessionId: string;
  plan: EgressPlan;
  folder: string | null;
  at: Date;
  beside: boolean;
  needs: EgressNeeds;
  requestId?: string | undefined;
  /** The one that broke off, and that this one takes the place of; there is one at most. */
  continues?: string | undefined;
}

/** What a node must have to run an egress. */
export interface EgressNeeds {
  slots: number;
  browser: boolean;
}

export type EgressCommand = {
  command: 'start-egress' | 'stop-egress' | 'continue-egress' | 'delete-egress';
  egressId: string;
};

/** Every move is one transaction with its event; see the store. */
export interface EgressStore {
  create(wish: NewEgress): Promise<Egress>;
  /** Gives what waits to a node that has room for it, if there is one, and lets it start there. */
  handOver(id: string, needs: EgressNeeds, at: Date): Promise<Egress | undefined>;
  /** Answers nothing when the move is not (any more) possible. */
  move(id: string, to: EgressStatus, facts: MoveFacts): Promise<Egress | undefined>;
  playable(id: string, at: Date): Promise<Egress | undefined>;
  addGap(id: string, gap: Gap): Promise<void>;
  wishes(sessionId: string): Promise<AutoStartWish[]>;
  /** Returns the failed egress that it became, unless it was settled already or is of a kind that there is none of. */
  keepFailed(notBegun: NotBegun, sessionId: string, at: Date): Promise<Egress | undefined>;
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
  runningIn(sessionId: string): Promise<Egress[]>;
  /** Those that were to go on in live sessions of a node, and run on others that have not been seen since. */
  brokenOff(sessionNodeId: string, since: Date): Promise<Egress[]>;
  /** Place among those that wait on its node, from 1. */
  positionOf(egress: Egress): Promise<number>;
  /** On nodes that have not been seen since. */
  unfinishedOnLost(since: Date): Promise<Egress[]>;
  hls(id: string): Promise<Egress | undefined>;
  continuation(id: string): Promise<Continuation>;
  byFolder(folder: string): Promise<Egress | undefined>;
  byFileToken(token: string): Promise<Egress | undefined>;
  /** Deletes one that has ended, and queues the removal of its files. Returns false when it has not, or is gone. */
  delete(egress: Egress, facts: { isStoredElsewhere: boolean; at: Date }): Promise<boolean>;
  webhookSummary(egress: Egress): Promise<WebhookSummary>;
}
