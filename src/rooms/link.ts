import type { LeaveReason, Notification, ServerRequests } from '../protocol/signaling.ts';

/** The connection to one client, as the rooms see it. */
export interface ParticipantLink {
  /** Tells the client something. */
  notify(notification: Notification): void;
  /** Asks the client something; rejects when it refuses or does not answer in time. */
  request<N extends keyof ServerRequests>(name: N, data: ServerRequests[N]): Promise<void>;
  /** Says why, then closes: the client leaves and does not come back by itself. */
  close(reason: LeaveReason): void;
  /** Whether the client answers within so many milliseconds. */
  isAlive(timeoutMs: number): Promise<boolean>;
  /** True when the client's page was closed or left: it does not come back by itself. */
  readonly wentAway: boolean;
  /** Breaks the connection without a word: the client reconnects and joins again. */
  drop(): void;
}
