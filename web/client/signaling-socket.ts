// One connection to the signaling endpoint: requests with answers, and what the server says by itself.
import { io, type Socket } from 'socket.io-client';
import type {
  LeaveReason,
  Notification,
  RequestData,
  RequestName,
  ServerRequests,
} from '../../src/protocol/signaling.ts';
import { MeetingError, REQUEST_TIMED_OUT } from './failure.ts';

const ANSWER_TIMEOUT_MS = 20_000;
/** A lost place is kept for 15 s, so the first attempts come soon; the last ones cover a server's restart. */
const FIRST_RETRY_MS = 400;
const LAST_RETRY_MS = 4_000;
const RETRIES = 20;
const SOMETHING_WENT_WRONG = 5000;

export interface SignalingListener {
  /** The server takes requests: at first, and again after every reconnection. */
  connected(): void;
  /** The connection is lost; it is being tried again. */
  lost(): void;
  /** It could not be restored. */
  gaveUp(): void;
  notified(notification: Notification): void;
  /** Resolves to acknowledge; a rejection tells the server that it was not done. */
  asked<N extends keyof ServerRequests>(name: N, data: ServerRequests[N]): Promise<void>;
  /** The server ends it. */
  closed(reason: LeaveReason): void;
}

const SERVER_REQUESTS = [
  'newConsumer',
  'newDataConsumer',
  'enableMic',
  'disableMic',
  'enableWebcam',
  'disableWebcam',
  'pinStateChanged',
  'switchRoom',
] as const satisfies (keyof ServerRequests)[];

export interface SignalingAddress {
  /** `wss://host:port`, without a path. */
  origin: string;
  roomId: string;
  peerId: string;
  token: string;
}

export class SignalingSocket {
  readonly #socket: Socket;
  #ended = false;

  constructor(address: SignalingAddress, listener: SignalingListener) {
    const { origin, roomId, peerId, token } = address;
    this.#socket = io(origin, {
      transports: ['websocket'],
      query: { roomId, peerId, secret: token, mode: 'SEND_AND_RECV', lib: 'socket' },
      reconnectionDelay: FIRST_RETRY_MS,
      reconnectionDelayMax: LAST_RETRY_MS,
      reconnectionAttempts: RETRIES,
      forceNew: true,
    });
    this.#listen(listener);
  }

  /** Asks the server; rejects with its refusal. */
  async request<N extends RequestName>(method: N, data: RequestData<N>): Promise<Answer> {
    let answer: unknown;
    try {
      answer = await this.#socket.timeout(ANSWER_TIMEOUT_MS).emitWithAck('request', { method, request: true, data });
    } catch {
      throw new MeetingError(REQUEST_TIMED_OUT, 'The server did not answer in time.');
    }
    return readAnswer(answer);
  }

  /** Says that this was meant, then hangs up. */
  leave(): void {
    this.#ended = true;
    this.#socket.emit('request', {
      method: 'definePeerLeftReason',
      request: true,
      data: { leaveReason: 'MANUAL_LEAVE_CALLED' },
    });
    this.#socket.disconnect();
  }

  close(): void {
    this.#ended = true;
    this.#socket.disconnect();
  }

  #listen(listener: SignalingListener): void {
    const socket = this.#socket;
    socket.on('connectionSuccess', () => listener.connected());
    socket.on('notification', (it: Notification) => listener.notified(it));
    socket.on('batchNotification', ({ notifications }: { notifications: Notification[] }) => {
      for (const it of notifications) listener.notified(it);
    });
    socket.on('close', ({ reason }: { reason: LeaveReason }) => {
      this.close();
      listener.closed(reason);
    });
    socket.on('disconnect', (why) => {
      if (this.#ended) return;
      listener.lost();
      // socket.io takes this for the server's wish and would not try again; a wish comes as `close` before it.
      if (why === 'io server disconnect') socket.connect();
    });
    socket.io.on('reconnect_failed', () => {
      if (!this.#ended) listener.gaveUp();
    });
    for (const name of SERVER_REQUESTS) {
      socket.on(name, (data: ServerRequests[typeof name], ack: (answer?: unknown) => void) => {
        listener.asked(name, data).then(
          () => ack(),
          (error: Error) => ack({ errorCode: SOMETHING_WENT_WRONG, message: error.message, method: name }),
        );
      });
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: answers are of many shapes; whoever asks knows which
type Answer = any;

/** The result in an acknowledgement, or the refusal in it as an error. */
export function readAnswer(answer: unknown): Answer {
  const { data, error, errorCode } = (answer ?? {}) as Record<string, unknown>;
  if (error !== undefined) {
    throw new MeetingError(Number(errorCode ?? SOMETHING_WENT_WRONG), String((error as Error).message ?? error));
  }
  const refusal = data as { status?: unknown; errorCode?: unknown; message?: unknown } | undefined;
  if (refusal?.status === 'error') {
    throw new MeetingError(Number(refusal.errorCode), String(refusal.message));
  }
  return data ?? {};
}
