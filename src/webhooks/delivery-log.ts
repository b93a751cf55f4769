// The delivery log and the settings as this folder sees them, and the store it asks for them.

export interface DeliveryFilter {
  sessionId?: string | undefined;
  roomId?: string | undefined;
  status?: 'pending' | 'delivered' | 'dead' | undefined;
  type?: string | undefined;
  url?: string | undefined;
  /** Bounds of the time it was queued at. */
  from?: Date | undefined;
  to?: Date | undefined;
}

export interface Delivery {
  id: string;
  eventId: string;
  roomId: string;
  sessionId: string;
  sequence: number;
  type: string;
  url: string;
  source: 'room' | 'key' | 'operation';
  status: 'pending' | 'delivered' | 'dead';
  lane: 'fast' | 'slow';
  waiting: boolean;
  attempts: number;
  nextAttemptAt: Date | null;
  lastStatus: number | null;
  lastError: string | null;
  deliveredAt: Date | null;
  createdAt: Date;
}

export interface LoggedAttempt {
  at: Date;
  durationMs: number;
  status: number | null;
  error: string | null;
  responseBody: string | null;
}

export interface EndpointHealth {
  url: string;
  delivered: number;
  queued: number;
  retrying: number;
  dead: number;
  lastDeliveredAt: Date | null;
  lastError: string | null;
  disabled: { reason: string; at: Date } | null;
}

/** Receiver of all events of an API key's rooms. */
export interface KeyWebhook {
  endPoint: string;
  events?: string[] | undefined;
}

export interface WebhookLog {
  signingKey(create: () => Promise<string>): Promise<string>;
  list(
    ownerId: string,
    filter: DeliveryFilter,
    paging: { page: number; perPage: number },
  ): Promise<{ deliveries: Delivery[]; total: number }>;
  find(ownerId: string, id: string): Promise<Delivery | undefined>;
  eventData(eventId: string): Promise<string>;
  attempts(deliveryId: string): Promise<LoggedAttempt[]>;
  replay(ownerId: string, filter: DeliveryFilter & { id?: string | undefined }): Promise<number>;
  endpoints(ownerId: string): Promise<EndpointHealth[]>;
  enableEndpoint(ownerId: string, url: string): Promise<boolean>;
  isDisabled(ownerId: string, url: string): Promise<boolean>;
  settings(apiKey: string): Promise<{ webhook: KeyWebhook | null; signingSecret: string } | undefined>;
  setWebhook(apiKey: string, webhook: KeyWebhook | null): Promise<void>;
}
