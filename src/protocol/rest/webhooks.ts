// Webhooks: the delivery log, endpoints and settings. An addition of ours; the reference has only the public key.
import { type Static, Type } from 'typebox';
import { EVENT_TYPES } from '../events.ts';
import { AnyId, Nullable, Open, oneOf, Page, PageQuery, Text, Timestamp, warningsField } from './common.ts';

const MAX_URL = 2048;
/** Last instant JavaScript can name. */
const MAX_EPOCH_MS = 8_640_000_000_000_000;
const STATUSES = ['pending', 'delivered', 'dead'] as const;

const EpochMs = (description: string) => Type.Integer({ minimum: 0, maximum: MAX_EPOCH_MS, description });

export const ListDeliveriesQuery = Type.Object({
  ...PageQuery,
  sessionId: Type.Optional(Type.String({ maxLength: 256, description: 'Deliveries of this session.' })),
  roomId: Type.Optional(Type.String({ maxLength: 256, description: 'Deliveries of this roomId.' })),
  status: Type.Optional(oneOf(STATUSES, { description: '`dead` is what was given up.' })),
  type: Type.Optional(Type.String({ maxLength: 64, description: 'Event name.' })),
});

export const DeliveryIdParams = Type.Object({ id: AnyId });

export const ReplayBody = Open({
  status: Type.Optional(oneOf(['dead', 'delivered'], { description: 'Which ones.', default: 'dead' })),
  from: Type.Optional(EpochMs('Queued at or after this time, in milliseconds since 1970.')),
  to: Type.Optional(EpochMs('Queued at or before this time, in milliseconds since 1970.')),
  sessionId: Type.Optional(Text(256, 'Of this session.')),
  roomId: Type.Optional(Text(256, 'Of this roomId.')),
  type: Type.Optional(Text(64, 'Of this event name.')),
  url: Type.Optional(Text(MAX_URL, 'To this URL.')),
});
export type ReplayBody = Static<typeof ReplayBody>;

export const EndpointBody = Open({ url: Text(MAX_URL, 'URL of the endpoint, as events name it.') });

export const TestWebhookBody = Open({
  url: Text(MAX_URL, 'http or https URL that gets a sample event.'),
  type: Type.Optional(oneOf(EVENT_TYPES, { description: 'Event name.', default: 'session-started' })),
});

export const ChangeSettingsBody = Open({
  endPoint: Type.Optional(Type.String({ maxLength: 512, description: 'http or https URL; absent or empty: none.' })),
  events: Type.Optional(
    Type.Array(Text(64, 'Event name or pattern.'), {
      maxItems: 100,
      description: 'Event names; `*` stands for any characters. Absent: every event.',
      examples: [['session-*', 'recording-stopped']],
    }),
  ),
});

const deliveryFields = {
  id: Type.String(),
  eventId: Type.String({ description: 'The `webhook-id` header: the same for every receiver and attempt.' }),
  roomId: Type.String(),
  sessionId: Type.String(),
  sequence: Type.Integer({ description: 'The `webhook-sequence` header: position among the events of the session.' }),
  type: Type.String({ description: 'Event name.' }),
  url: Type.String(),
  source: oneOf(['room', 'key', 'operation'], { description: 'What asked for it.' }),
  status: oneOf(STATUSES),
  lane: oneOf(['fast', 'slow'], { description: '`slow` is retried for about three days, no longer in order.' }),
  waiting: Type.Boolean({ description: 'Queued behind an earlier event of its session.' }),
  attempts: Type.Integer(),
  nextAttemptAt: Nullable(Timestamp('When it is tried next.')),
  lastStatus: Nullable(Type.Integer({ description: 'HTTP status of the last answer.' })),
  lastError: Nullable(Type.String()),
  deliveredAt: Nullable(Timestamp('When it was accepted.')),
  createdAt: Timestamp('When it was queued.'),
};

export const DeliveryBody = Type.Object(deliveryFields, { description: 'One event on its way to one URL.' });
export const DeliveryPage = Page(DeliveryBody);

export const DeliveryDetailBody = Type.Object({
  ...deliveryFields,
  body: Type.Object({ webhookType: Type.String(), data: Type.Unknown() }, { description: 'What is sent.' }),
  attemptLog: Type.Array(
    Type.Object({
      at: Timestamp('When it was made.'),
      durationMs: Type.Integer(),
      status: Nullable(Type.Integer()),
      error: Nullable(Type.String()),
      responseBody: Nullable(Type.String({ description: 'The first 4 KiB.' })),
    }),
  ),
});

export const ReplayedBody = Type.Object({
  replayed: Type.Integer({ description: 'Deliveries queued again.' }),
  ...warningsField,
});

export const EndpointsBody = Type.Object({
  data: Type.Array(
    Type.Object({
      url: Type.String(),
      delivered: Type.Integer({ description: 'Of the last seven days.' }),
      queued: Type.Integer({ description: 'Not yet tried.' }),
      retrying: Type.Integer({ description: 'Failed and tried again later.' }),
      dead: Type.Integer(),
      lastDeliveredAt: Nullable(Timestamp('Last success.')),
      lastError: Nullable(Type.String()),
      disabled: Nullable(Type.Object({ reason: Type.String(), at: Timestamp('Since when.') })),
    }),
  ),
});

export const EnabledBody = Type.Object({ url: Type.String(), disabled: Type.Null() });

export const TestResultBody = Type.Object({
  body: Type.Unknown({ description: 'What was sent.' }),
  ok: Type.Boolean({ description: 'True for any 2xx answer.' }),
  status: Nullable(Type.Integer()),
  error: Nullable(Type.String()),
  responseBody: Nullable(Type.String()),
  durationMs: Type.Integer(),
});

export const SettingsBody = Type.Object({
  endPoint: Type.Optional(Type.String({ description: 'Gets the events of all rooms of this API key.' })),
  events: Type.Optional(Type.Array(Type.String())),
  signingSecret: Type.String({ description: 'Secret of the `webhook-signature` header (Standard Webhooks).' }),
  ...warningsField,
});

export const PublicKeyBody = Type.Object({
  publicKey: Type.String({ description: 'PEM (PKCS#1) that verifies the `videosdk-signature` header.' }),
});
