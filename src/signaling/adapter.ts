// The seam between a generation of clients and the server: an adapter translates its wire to the model of
// protocol/signaling.ts and back, and decides nothing.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Limits } from '../limits.ts';
import type { ParticipantLink } from '../live/link.ts';
import type { Logger } from '../log.ts';
import type { PubsubCarrier, PubsubSession } from './pubsub-session.ts';
import type { WatchedSocket } from './watched-socket.ts';

export interface Adapter {
  /** Whether an upgrade is for this generation: by path, subprotocol or query. */
  takes(request: IncomingMessage): boolean;
  /** Takes the upgrade; the raw socket has an error listener already. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends every connection. */
  close(): Promise<void>;
}

export type CreateAdapter = (host: AdapterHost) => Adapter;

/** What the server offers to its adapters. */
export interface AdapterHost {
  /** The base of the addresses that clients are given. */
  readonly publicUrl: string;
  readonly limits: Limits;
  readonly log: Logger;
  /** Counts a socket, and bounds its traffic, from its first byte on. */
  watch(options: WatchOptions): WatchedSocket;
  /** Checks who opened a socket, and serves or refuses the client. Never rejects. */
  accept(socket: ClientSocket): Promise<void>;
}

export interface WatchOptions {
  /** Ends the connection, whatever waits to be read or written. */
  cut: () => void;
  /** The connection below, while nothing of the client is known; what it sends before it is identified is bounded. */
  unidentified?: Duplex;
  /** Facts for the log. */
  facts: object;
}

/** One client on its wire: rooms notify and ask it through the link. */
export interface ClientSocket extends ParticipantLink {
  /** The address it opened: room, participant, token and mode are in its query. */
  readonly address: string;
  readonly isOpen: boolean;
  readonly watched: WatchedSocket;
  /** Says to the client that it is accepted, and from now on hands over what it requests. */
  serve(client: Client): void;
  /** Ends the connection now; what has been answered may still reach the client. */
  cut(): void;
  /** What this generation's answer to `join` holds beside the model's. */
  joinExtras(membership: Membership): object;
}

/** What an adapter calls when something arrives from its client. */
export interface Client {
  /** `request` is undefined when it could not be read. `respond` is called once. */
  request(request: ClientRequest | undefined, respond: (response: Response) => void): void;
  /** The connection has ended; `hungUp` when the client said so itself, which is a leave without a reason. */
  gone(how: { hungUp: boolean; reason: string }): void;
}

export interface ClientRequest {
  method: string;
  data?: unknown;
}

export type Response = { ok: true; data: unknown } | { ok: false; code: number; message: string };

/** A participant who has joined, for what a generation carries beside its requests. */
export interface Membership {
  readonly roomId: string;
  readonly ownerId: string;
  readonly participantId: string;
  readonly isJoined: boolean;
  /** Calls back once, when the participant has left. */
  onGone(callback: () => void): void;
  /** Pub/sub over a socket of this participant; the caller closes it. */
  openPubsub(socket: PubsubCarrier): PubsubSession;
}
