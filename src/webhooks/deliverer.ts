// Takes due deliveries from the queue, posts each, and writes down how it went.
//
// Every delivery is on its own: claims and completions are made for as many as have come together meanwhile, but none
// waits for the slowest of a batch. Order within a stream is the queue's doing: it offers one delivery at a time.
import { setTimeout as sleep } from 'node:timers/promises';
import { Batcher } from '../kit/batcher.ts';
import { inBackground } from '../kit/in-background.ts';
import { Lifecycle, type Service } from '../kit/lifecycle.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import { type Attempt, attemptPost, type HeaderSigner, type Poster } from './attempt.ts';
import type { ClaimedDelivery, DeliveryStore, FinishedAttempt } from './delivery.ts';
import { EndpointWatch } from './endpoint-watch.ts';
import { type PlaceLimits, Places, usedUp } from './places.ts';
import { type Lane, type NextStep, nextStep } from './retry.ts';
import { webhookBody } from './signature.ts';

export interface DelivererMetrics {
  attempted(facts: { ok: boolean; lane: Lane; durationMs: number }): void;
}

export interface DelivererParts {
  store: DeliveryStore;
  outbound: Poster;
  signer: HeaderSigner;
  log: Logger;
  /** The same after a restart, so that this node finds its own claims again. */
  nodeId: string;
  limits?: PlaceLimits & Pick<Limits, 'webhooksPending'>;
  metrics?: DelivererMetrics | undefined;
}

/** An attempt takes at most 12 s (10 s for the answer, 2 s for its body); the rest is for writing it down. */
const LEASE_MS = 60_000;
/** Finds what no notification told of: retries left by an earlier life, or by a node that died. */
const POLL_MS = 5_000;
/** An owner whose receiver is dead has some thousand more by then, at most. */
const EXCESS_LOOK_MS = 60_000;
const MAX_FINISH_BATCH = 200;
const DATABASE_RETRY_MS = 1_000;
const STOP_TIMEOUT_MS = 15_000;

export class Deliverer implements Service {
  readonly #store: DeliveryStore;
  readonly #outbound: Poster;
  readonly #signer: HeaderSigner;
  readonly #log: Logger;
  readonly #nodeId: string;
  readonly #metrics: DelivererMetrics | undefined;
  readonly #lifecycle = new Lifecycle(
    () => this.#start(),
    () => this.#stop(),
  );
  readonly #places: Places;
  readonly #mostPending: number;
  readonly #endpoints = new EndpointWatch();
  readonly #finished = new Batcher<FinishedAttempt>((attempts) => this.#finish(attempts), MAX_FINISH_BATCH);
  readonly #retryTimers = new Set<NodeJS.Timeout>();
  /** `open` claims; `draining` lets attempts end; `closed` has given up on those that did not. */
  #state: 'new' | 'open' | 'draining' | 'closed' = 'new';
  #wanted = false;
  /** The last claim may have left due deliveries behind, for want of a place. */
  #moreDue = false;
  /** The last claim took all places: a place that is free is for whoever has waited longest, not for the same stream. */
  #isFull = false;
  #claiming: Promise<void> | undefined;
  /** Deliveries that this process has claimed and not finished. */
  readonly #held = new Set<string>();
  /** A database that was away may have claims of ours that we know nothing of. */
  #mustReconcile = false;
  #reconciling: Promise<void> | undefined;
  #finishing = 0;
  #listener: { close(): Promise<void> } | undefined;
  #timers: NodeJS.Timeout[] = [];
  #onIdle: () => void = () => undefined;

  constructor({ store, outbound, signer, log, nodeId, limits = DEFAULT_LIMITS, metrics }: DelivererParts) {
    this.#places = new Places(limits);
    this.#mostPending = limits.webhooksPending;
    this.#store = store;
    this.#outbound = outbound;
    this.#signer = signer;
    this.#log = log;
    this.#nodeId = nodeId;
    this.#metrics = metrics;
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  /** Claims nothing more, waits for attempts under way within a bound, and gives back the rest. */
  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  async #start(): Promise<void> {
    await this.#store.releaseClaims(this.#nodeId);
    this.#listener = await this.#store.listen(({ afterGap }) => {
      if (afterGap) this.#mustReconcile = true;
      this.#wake();
    });
    this.#state = 'open';
    const every = (ms: number, what: string, work: () => Promise<void>) =>
      setInterval(() => inBackground(this.#log, what, work), ms).unref();
    this.#timers = [
      every(POLL_MS, 'sweep of webhook claims', () => this.#sweep()),
      every(EXCESS_LOOK_MS, 'look for too many webhooks', () => this.#giveUpExcess()),
    ];
    this.#wake();
  }

  async #stop(): Promise<void> {
    const started = this.#state === 'open';
    this.#state = 'draining';
    for (const timer of this.#timers) clearInterval(timer);
    for (const timer of this.#retryTimers) clearTimeout(timer);
    await this.#listener?.close();
    await this.#claiming;
    await this.#idleWithin(STOP_TIMEOUT_MS);
    this.#state = 'closed';
    if (started) await this.#store.releaseClaims(this.#nodeId).catch((error) => this.#unavailable(error));
  }

  async #idleWithin(timeoutMs: number): Promise<void> {
    if (this.#places.taken === 0) return;
    const patience = new AbortController();
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    await Promise.race([idle, sleep(timeoutMs, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
  }

  async #sweep(): Promise<void> {
    try {
      await this.#store.releaseLapsedClaims();
      this.#wake();
    } catch (error) {
      this.#unavailable(error);
    }
  }

  async #giveUpExcess(): Promise<void> {
    try {
      const deliveries = await this.#store.giveUpExcess(this.#mostPending);
      if (deliveries > 0) this.#log.warn({ deliveries, most: this.#mostPending }, 'oldest pending webhooks given up');
    } catch (error) {
      this.#unavailable(error);
    }
  }

  #wake(): void {
    this.#wanted = true;
    if (this.#state !== 'open' || this.#claiming) return;
    this.#claiming = this.#claimWhileWanted().finally(() => {
      this.#claiming = undefined;
      // Somebody may have called between the last look at the flag and here.
      if (this.#wanted) this.#wake();
    });
  }

  async #claimWhileWanted(): Promise<void> {
    while (this.#wanted && this.#state === 'open') {
      this.#wanted = false;
      try {
        await this.#claim();
      } catch (error) {
        this.#unavailable(error);
        this.#wakeIn(DATABASE_RETRY_MS);
      }
    }
  }

  async #claim(): Promise<void> {
    await this.#reconcile();
    const room = this.#places.room();
    const options = { nodeId: this.#nodeId, leaseMs: LEASE_MS, ...room };
    const claimed = room.limit > 0 ? await this.#store.claim(options) : [];
    this.#isFull = claimed.length >= room.limit;
    this.#moreDue = usedUp(room, claimed);
    // What came too late for a stop is given back by it.
    if (this.#state === 'open') for (const delivery of claimed) this.#begin(delivery);
  }

  /**
   * Frees claims whose answer was lost with the database, or whose end was: their streams would stand still until they
   * lapse. Not while attempts are being written, which claim as well.
   */
  async #reconcile(): Promise<void> {
    if (!this.#mustReconcile || this.#finishing > 0) return;
    this.#reconciling = this.#store.releaseClaims(this.#nodeId, [...this.#held]);
    try {
      await this.#reconciling;
      this.#mustReconcile = false;
    } finally {
      this.#reconciling = undefined;
    }
  }

  #begin(delivery: ClaimedDelivery): void {
    this.#places.take(delivery);
    this.#held.add(delivery.id);
    this.#deliver(delivery)
      .catch((error) => this.#log.error({ err: error, deliveryId: delivery.id }, 'webhook delivery failed'))
      .finally(() => this.#end(delivery));
  }

  #end(delivery: ClaimedDelivery): void {
    this.#held.delete(delivery.id);
    this.#places.free(delivery);
    if (this.#places.taken === 0) this.#onIdle();
    // Mostly the stream's next delivery has taken the place already.
    if (this.#moreDue && this.#places.hasRoom(delivery)) this.#wake();
  }

  async #deliver(delivery: ClaimedDelivery): Promise<void> {
    const { url, seq, eventId, secret } = delivery;
    const body = webhookBody(delivery.type, delivery.data);
    const attempt = await attemptPost(this.#outbound, this.#signer, url, { eventId, sequence: seq, body, secret });
    const step = this.#decide(delivery, attempt);
    this.#tell(delivery, attempt, step);
    // Before the delivery ends, so that its end finds nothing alive that could move up.
    if (step.state === 'gone') await this.#disable(delivery, step.reason);
    await this.#finished.add(finishedAttempt(delivery, attempt, step));
    if (step.state === 'pending' && step.delayMs < POLL_MS) this.#wakeIn(step.delayMs);
  }

  #decide(delivery: ClaimedDelivery, { outcome }: Attempt): NextStep {
    const { lane, laneAttempts } = delivery;
    const progress = { lane, laneAttempts, endpointFailing: this.#endpoints.isFailing(delivery) };
    const step = nextStep(outcome, progress, Math.random());
    if (step.state === 'delivered') this.#endpoints.delivered(delivery);
    else this.#endpoints.failed(delivery);
    return step;
  }

  async #disable(delivery: ClaimedDelivery, reason: string): Promise<void> {
    try {
      await this.#store.disableEndpoint(delivery, reason);
    } catch (error) {
      // The next delivery will be answered 410 as well, and then it is tried again.
      this.#unavailable(error);
    }
  }

  /** Writes a batch of attempts, for as long as it takes; the claims lapse if that is too long. */
  async #finish(attempts: FinishedAttempt[]): Promise<void> {
    await this.#reconciling?.catch(() => undefined);
    this.#finishing += 1;
    while (this.#state !== 'closed') {
      try {
        const options = { nodeId: this.#nodeId, leaseMs: LEASE_MS, claimNext: this.#state === 'open' && !this.#isFull };
        const next = await this.#store.finish(attempts, options);
        for (const delivery of next) this.#begin(delivery);
        break;
      } catch (error) {
        this.#unavailable(error);
        await sleep(DATABASE_RETRY_MS);
      }
    }
    this.#finishing -= 1;
    if (this.#mustReconcile) this.#wake();
  }

  #tell(delivery: ClaimedDelivery, { outcome, durationMs }: Attempt, step: NextStep): void {
    const { id, eventId, sessionId, seq, type, url, lane } = delivery;
    const ok = step.state === 'delivered';
    this.#metrics?.attempted({ ok, lane, durationMs });
    const attempt = delivery.attempts + 1;
    const ageMs = Date.now() - delivery.createdAt.getTime();
    const { state: next, ...plan } = step;
    const facts = { deliveryId: id, eventId, sessionId, seq, type, url, lane, attempt, ageMs, durationMs };
    if (ok) this.#log.debug({ ...facts, ...outcome }, 'webhook.attempted');
    else this.#log.warn({ ...facts, ...outcome, next, plan, blame: 'destination' }, 'webhook.attempted');
  }

  #unavailable(error: unknown): void {
    this.#mustReconcile = true;
    this.#log.warn({ err: error }, 'webhook queue unavailable');
  }

  #wakeIn(ms: number): void {
    if (this.#state !== 'open') return;
    const timer = setTimeout(() => {
      this.#retryTimers.delete(timer);
      this.#wake();
    }, ms + 1);
    timer.unref();
    this.#retryTimers.add(timer);
  }
}

function finishedAttempt(delivery: ClaimedDelivery, attempt: Attempt, step: NextStep): FinishedAttempt {
  const { outcome } = attempt;
  const lane = step.state === 'pending' ? step.lane : delivery.lane;
  return {
    deliveryId: delivery.id,
    sessionId: delivery.sessionId,
    at: attempt.at,
    durationMs: attempt.durationMs,
    status: outcome.stage === 'answered' ? outcome.status : null,
    error: errorOf(attempt, step),
    responseBody: attempt.responseBody,
    state: step.state === 'gone' ? 'dead' : step.state,
    lane,
    delayMs: step.state === 'pending' ? step.delayMs : 0,
    freesStream: delivery.lane === 'fast' && !(step.state === 'pending' && lane === 'fast'),
  };
}

function errorOf({ outcome }: Attempt, step: NextStep): string | null {
  if (step.state === 'delivered') return null;
  const happened = outcome.stage === 'answered' ? `answered ${outcome.status}` : outcome.error;
  const isEnd = step.state === 'dead' && outcome.stage !== 'refused';
  return isEnd ? `${happened}; ${step.reason}` : happened;
}
