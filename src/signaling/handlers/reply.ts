// What a handler answers, and what it does once the answer is on its way.
import type { RequestData, RequestName } from '../../protocol/signaling.ts';
import type { Connection } from '../connection.ts';

export class Reply {
  readonly answer: unknown;
  /** Runs after the answer was sent, for what the client must not get before it. */
  readonly afterwards: () => void;

  constructor(answer: unknown, afterwards: () => void) {
    this.answer = answer;
    this.afterwards = afterwards;
  }
}

/** Answers the request; a plain value is the answer, nothing is `{}`. */
export type Handler<N extends RequestName> = (connection: Connection, data: RequestData<N>) => unknown;

export type Handlers<N extends RequestName> = { [Name in N]: Handler<Name> };
