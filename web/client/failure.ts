/** A refusal of the server, or a failure of the way to it; `code` is a number of the protocol's own list. */
export class MeetingError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = 'MeetingError';
    this.code = code;
  }
}

/** The client's own numbers, where the server gave none. */
export const UNREACHABLE = 3047;
export const REQUEST_TIMED_OUT = 3079;
