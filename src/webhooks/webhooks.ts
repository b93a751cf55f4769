// Webhooks as the rest of the server asks for them: delivery in the background, and what the API shows and changes.
import {
  conflict,
  destinationForbidden,
  invalidApiKey,
  invalidInput,
  notFound,
  tooManyWebhookTests,
} from '../errors.ts';
import { InFlight } from '../kit/in-flight.ts';
import type { Service } from '../kit/lifecycle.ts';
import { ForbiddenDestination } from '../kit/outbound/failures.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import type { Logger } from '../log.ts';
import { eventFilterProblems, readEventFilter } from '../protocol/event-filters.ts';
import type { EventType } from '../protocol/events.ts';
import { newObjectId } from '../protocol/ids.ts';
import { attemptPost, type Poster } from './attempt.ts';
import { Deliverer, type DelivererMetrics } from './deliverer.ts';
import type { DeliveryStore } from './delivery.ts';
import type {
  Delivery,
  DeliveryFilter,
  EndpointHealth,
  KeyWebhook,
  LoggedAttempt,
  WebhookLog,
} from './delivery-log.ts';
import { sampleData } from './sample.ts';
import { newSigningKey, Signer, webhookBody } from './signature.ts';

/** Whose call it is. */
export interface WebhooksCaller {
  apiKey: string;
  ownerId: string;
}

export interface WebhooksDeps {
  queue: DeliveryStore;
  store: WebhookLog;
  outbound: Poster & { checkUrl(url: string): unknown };
  log: Logger;
  /** The same after a restart. */
  nodeId: string;
  limits?: Limits;
  metrics?: DelivererMetrics | undefined;
}

export interface DeliveryDetail extends Delivery {
  /** The body as it is sent. */
  body: { webhookType: string; data: unknown };
  attemptLog: LoggedAttempt[];
}

export interface KeySettings extends Partial<KeyWebhook> {
  signingSecret: string;
}

export interface TestResult {
  /** What the receiver was sent. */
  body: unknown;
  ok: boolean;
  status: number | null;
  error: string | null;
  responseBody: string | null;
  durationMs: number;
}

export class Webhooks implements Service {
  readonly #store: WebhookLog;
  readonly #outbound: WebhooksDeps['outbound'];
  readonly #signer: Signer;
  readonly #deliverer: Deliverer;
  readonly #mostTests: number;
  /** Test deliveries under way, by owner. */
  readonly #tests: InFlight;

  private constructor(deps: WebhooksDeps, signer: Signer) {
    const { queue, store, outbound, log, nodeId, limits = DEFAULT_LIMITS, metrics } = deps;
    this.#mostTests = limits.webhookTestsPerOwner;
    this.#tests = new InFlight({ perKey: this.#mostTests });
    this.#store = store;
    this.#outbound = outbound;
    this.#signer = signer;
    const ownLog = log.child({ part: 'webhooks' });
    this.#deliverer = new Deliverer({ store: queue, outbound, signer, log: ownLog, nodeId, limits, metrics });
  }

  static async create(deps: WebhooksDeps): Promise<Webhooks> {
    return new Webhooks(deps, new Signer(await deps.store.signingKey(newSigningKey)));
  }

  /** Begins delivering. The other calls do not need it. */
  start(): Promise<void> {
    return this.#deliverer.start();
  }

  stop(): Promise<void> {
    return this.#deliverer.stop();
  }

  /** PEM of the key that verifies `videosdk-signature`. */
  publicKeyPem(): string {
    return this.#signer.publicKeyPem();
  }

  /** A page of the delivery log, newest first. */
  deliveries(
    caller: WebhooksCaller,
    filter: DeliveryFilter,
    paging: { page: number; perPage: number },
  ): Promise<{ deliveries: Delivery[]; total: number }> {
    return this.#store.list(caller.ownerId, filter, paging);
  }

  /** One delivery with what was sent and every attempt. */
  async delivery(caller: WebhooksCaller, id: string): Promise<DeliveryDetail> {
    const delivery = await this.#find(caller, id);
    const data = await this.#store.eventData(delivery.eventId);
    const attemptLog = await this.#store.attempts(id);
    return { ...delivery, body: { webhookType: delivery.type, data: JSON.parse(data) }, attemptLog };
  }

  /** Sends one delivery again, under the same id, with a whole schedule of retries before it. */
  async replay(caller: WebhooksCaller, id: string): Promise<Delivery> {
    const { url } = await this.#find(caller, id);
    if ((await this.#store.replay(caller.ownerId, { id })) === 0) {
      if (await this.#store.isDisabled(caller.ownerId, url)) throw endpointDisabled(url);
      throw conflict('DELIVERY_IN_PROGRESS', `Delivery ${id} is queued or being attempted already.`);
    }
    return this.#find(caller, id);
  }

  /** Sends many again, dead ones unless asked otherwise; those to disabled endpoints are left out. */
  async replayAll(caller: WebhooksCaller, filter: DeliveryFilter): Promise<number> {
    return this.#store.replay(caller.ownerId, { status: 'dead', ...filter });
  }

  endpoints(caller: WebhooksCaller): Promise<EndpointHealth[]> {
    return this.#store.endpoints(caller.ownerId);
  }

  /** Lets an endpoint that answered 410 get events again; what died meanwhile has to be replayed. */
  async enableEndpoint(caller: WebhooksCaller, url: string): Promise<void> {
    if (!(await this.#store.enableEndpoint(caller.ownerId, url))) throw notFound('Disabled endpoint', url);
  }

  async settings(caller: WebhooksCaller): Promise<KeySettings> {
    const found = await this.#store.settings(caller.apiKey);
    if (!found) throw invalidApiKey(caller.apiKey);
    return { ...found.webhook, signingSecret: found.signingSecret };
  }

  /** Sets the receiver of all events of the API key's rooms; without `endPoint` there is none. */
  async changeSettings(caller: WebhooksCaller, wish: Partial<KeyWebhook>): Promise<KeySettings> {
    const { endPoint } = wish;
    const events = wish.events?.map(readEventFilter);
    if (endPoint) this.#requireAllowed(endPoint);
    const problems = eventFilterProblems('events', events ?? []);
    if (problems.length > 0) throw invalidInput(problems);
    await this.#store.setWebhook(caller.apiKey, endPoint ? { endPoint, ...(events && { events }) } : null);
    return this.settings(caller);
  }

  /** Sends a made-up event now, once, and tells what came of it; nothing of it is kept. */
  async test(caller: WebhooksCaller, url: string, type: EventType): Promise<TestResult> {
    const { ownerId } = caller;
    if (this.#tests.enter(ownerId)) throw tooManyWebhookTests(this.#mostTests);
    try {
      return await this.#test(caller, url, type);
    } finally {
      this.#tests.leave(ownerId);
    }
  }

  async #test(caller: WebhooksCaller, url: string, type: EventType): Promise<TestResult> {
    this.#requireAllowed(url);
    const { signingSecret } = await this.settings(caller);
    const now = new Date();
    const body = webhookBody(type, JSON.stringify(sampleData(type, now)));
    const message = { eventId: newObjectId(now), sequence: 1, body, secret: signingSecret };
    const { outcome, durationMs, responseBody } = await attemptPost(this.#outbound, this.#signer, url, message);
    const status = outcome.stage === 'answered' ? outcome.status : null;
    const error = outcome.stage === 'answered' ? null : outcome.error;
    const ok = status !== null && status >= 200 && status < 300;
    return { body: JSON.parse(body), ok, status, error, responseBody, durationMs };
  }

  async #find(caller: WebhooksCaller, id: string): Promise<Delivery> {
    const delivery = await this.#store.find(caller.ownerId, id);
    if (!delivery) throw notFound('Delivery', id);
    return delivery;
  }

  #requireAllowed(url: string): void {
    try {
      this.#outbound.checkUrl(url);
    } catch (error) {
      if (error instanceof ForbiddenDestination) throw destinationForbidden(`${url}: ${error.message}.`);
      throw error;
    }
  }
}

function endpointDisabled(url: string): Error {
  return conflict('ENDPOINT_DISABLED', `${url} is disabled; POST /v2/webhooks/endpoints/enable first.`);
}
