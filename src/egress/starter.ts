// Starts egresses in a session, as callers, participants and auto-start ask for them.
import { AppError } from '../errors.ts';
import { persist } from '../kit/persist.ts';
import type { Logger } from '../log.ts';
import type { Egress, EgressKind, EgressPlan } from '../protocol/egress.ts';
import { type Flag, isOn } from '../protocol/rest/common.ts';
import type { Dispatcher } from './dispatcher.ts';
import { noticesOf } from './notices.ts';
import { type CheckUrl, failedPlan, planOf, wantsFile, withoutEffect } from './plan.ts';
import type { AutoStartRequest, EgressRoom, EgressStore, NotBegun, Notify } from './ports.ts';
import type { Storage } from './storage/storage.ts';

export interface StarterDeps {
  store: Pick<EgressStore, 'autoStartRequests' | 'keepFailed'>;
  dispatcher: Pick<Dispatcher, 'begin'>;
  storage: Pick<Storage, 'maxKeyBytes'>;
  checkUrl: CheckUrl;
  notify: Notify;
  /** Aborted when nothing is tried again any more. */
  stopping: AbortSignal;
  log: Logger;
}

/** A session that something is started in. */
export interface LiveSession {
  sessionId: string;
  room: EgressRoom;
}

export class Starter {
  readonly #deps: StarterDeps;

  constructor(deps: StarterDeps) {
    this.#deps = deps;
  }

  /** Rejects with what is wrong with a request. */
  plan(kind: EgressKind, request: unknown): EgressPlan {
    return planOf(kind, request, this.#deps.checkUrl, this.#deps.storage.maxKeyBytes);
  }

  /** Resolves when it has begun or waits in the queue. `request` is what `plan` was made of. */
  async start(session: LiveSession, plan: EgressPlan, request: unknown, requestId?: string): Promise<Egress> {
    const { sessionId, room } = session;
    const beside = allowsSeveral(room, plan.kind);
    const egress = await this.#deps.dispatcher.begin({ sessionId, plan, beside, requestId });
    if (plan.kind !== 'recording' && wantsFile(request)) await this.#startFileToo(session, plan);
    return egress;
  }

  /** As a participant asked: no response can name which fields do nothing, so the log does. */
  async startFromMeeting(session: LiveSession, kind: EgressKind, request: unknown): Promise<void> {
    await this.start(session, this.plan(kind, request), request);
    const warnings = withoutEffect(kind, request);
    if (warnings.length === 0) return;
    this.#deps.log.info({ sessionId: session.sessionId, kind, warnings }, 'fields without effect');
  }

  /** Starts what the room starts by itself when a session begins. Failures are reported, and change nothing else. */
  async autoStart(session: LiveSession): Promise<void> {
    const { sessionId } = session;
    const log = this.#deps.log.child({ sessionId });
    const requests = await this.#retry(log, () => this.#deps.store.autoStartRequests(sessionId));
    await Promise.all(requests.map((request) => this.#autoStartOne(session, request)));
  }

  async #autoStartOne(session: LiveSession, { id, kind, request }: AutoStartRequest): Promise<void> {
    const log = this.#deps.log.child({ sessionId: session.sessionId, kind });
    if (kind === 'composite') {
      log.warn('composite recordings are not served');
      return this.#keepFailed(session, { requestId: id, kind, reason: 'Composite recordings are not served.' });
    }
    let plan: EgressPlan | undefined;
    try {
      const made = this.plan(kind, request);
      plan = made;
      await this.#retry(log, () => this.start(session, made, request, id));
    } catch (error) {
      log.warn({ err: error }, 'auto-start failed');
      plan ??= failedPlan(kind, request, this.#deps.checkUrl);
      const reason = error instanceof AppError ? error.message : 'It could not be started.';
      await this.#keepFailed(session, { requestId: id, kind, plan, reason });
    }
  }

  /**
   * A stream may be recorded beside; where a recording runs already, there is one. What prevents it is a failure of that
   * recording, and none of the stream, which runs.
   */
  async #startFileToo(session: LiveSession, plan: EgressPlan): Promise<void> {
    const recording: EgressPlan = { ...plan, kind: 'recording', outputs: [] };
    try {
      await this.start(session, recording, {});
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      // What was begun and broke has its row, and has reported its own end.
      if (error.status === 409 || error.code === 'RECORDING_NOT_STARTED') return;
      await this.#keepFailed(session, { kind: 'recording', plan: recording, reason: error.message });
    }
  }

  /** What could not be begun is kept as failed, and the meeting is notified; what was, has reported its own end. */
  async #keepFailed({ sessionId }: LiveSession, notBegun: NotBegun): Promise<void> {
    const { store, notify, log } = this.#deps;
    const failed = await this.#retry(log, () => store.keepFailed(notBegun, sessionId, new Date()));
    for (const notice of failed ? noticesOf(failed) : []) notify(sessionId, notice);
  }

  #retry<T>(log: Logger, work: () => Promise<T>): Promise<T> {
    return retryUntilDecided(work, { log, stopping: this.#deps.stopping });
  }
}

function allowsSeveral({ multiComposition }: EgressRoom, kind: EgressKind): boolean {
  if (!multiComposition) return false;
  return isOn((kind === 'livestream' ? multiComposition.rtmp : multiComposition[kind]) as Flag | undefined);
}

/** Repeats work that no caller waits for until it succeeds or is refused: the database may be away for a moment. */
export function retryUntilDecided<T>(
  work: () => Promise<T>,
  { log, stopping }: { log: Logger; stopping: AbortSignal },
): Promise<T> {
  return persist(work, {
    isAnswer: (error) => error instanceof AppError,
    onFailure: (error, delayMs) => log.warn({ err: error, delayMs }, 'egress not begun yet, trying again'),
    signal: stopping,
  });
}
