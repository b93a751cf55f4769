import { LEAVE_REASONS, type LeaveReason } from '../../../src/protocol/leave-reasons.ts';

/** A refusal of the server, or a failure of the way to it; `code` is a number of the protocol's own list. */
export class MeetingError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'MeetingError';
    this.code = code;
  }
}

/** Not let in by those inside; the protocol has no leave reason for it. */
export const ENTRY_DENIED: LeaveReason = { code: 4025, message: 'You were not let in.' };

/** The client's own numbers, where the server gave none. */
export const UNREACHABLE = 3047;
export const REQUEST_TIMED_OUT = 3079;

/** Why a meeting that failed with this error was left. */
export function reasonOf(error: unknown): LeaveReason {
  if (error instanceof MeetingError) return { code: error.code, message: error.message };
  return { code: LEAVE_REASONS.JOIN_ROOM_FAILED.code, message: `Joining failed: ${(error as Error).message}` };
}
