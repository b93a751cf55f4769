// Whatever comes over REST: never a 5xx, never another owner's data, never a body of another shape.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fits } from '../../src/kit/validate.ts';
import { ErrorBody } from '../../src/protocol/rest/errors.ts';
import { insertParticipant, insertRoomSession } from '../harness/participants.ts';
import { mintToken, startTestApi, type TestApi } from '../harness/test-api.ts';

let api: TestApi;
let ownToken: string;
/** What must never be seen: values that only the other owner's rows hold. */
const SECRET = 'only-the-other-owner-knows';

beforeAll(async () => {
  api = await startTestApi();
  ownToken = await mintToken(api.key);
  const other = await mintToken(api.otherKey);
  const { body: room } = await api.call('POST', '/v2/rooms', { customRoomId: SECRET, geoFence: SECRET }, other);
  const { ownerId, apiKey } = api.otherKey;
  const sessionId = await insertRoomSession(api.database.db, { roomId: room.roomId, ownerId, apiKey });
  await insertParticipant(api.database.db, sessionId, SECRET);
  // Not the owner's own id: answers repeat what a caller has sent, and that one is what gives a leak away.
  knownIds.push(room.roomId, room.id, sessionId, SECRET, apiKey);
});
afterAll(() => api.close());

const knownIds: string[] = [];

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\0',
    'a\0b',
    '\ud800',
    '\udc00x',
    '__proto__',
    'constructor',
    '../..',
    "' or 1=1 --",
    '%00',
    'x'.repeat(5_000),
  ),
  fc.nat(5).map((i) => knownIds[i % Math.max(1, knownIds.length)] ?? ''),
);
const anything = fc.anything({
  key: text,
  values: [text, fc.double(), fc.bigInt().map(Number), fc.boolean(), fc.constant(null)],
  maxDepth: 4,
});

/** Values of the right shape here and there, so that the search gets past the first check. */
const mostly = <T>(right: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: right }, { weight: 1, arbitrary: anything });
const flag = fc.oneof(fc.boolean(), fc.constantFrom('true', 'false'));
const composition = fc.record(
  {
    templateUrl: mostly(fc.webUrl()),
    config: mostly(
      fc.record({
        layout: mostly(fc.record({ type: mostly(fc.constantFrom('GRID', 'SIDEBAR')), gridSize: mostly(fc.nat(25)) })),
      }),
    ),
    transcription: mostly(fc.record({ enabled: mostly(flag) })),
    extra: anything,
  },
  { requiredKeys: [] },
);
const bodies: Record<string, fc.Arbitrary<unknown>> = {
  '/v2/rooms': fc.record(
    {
      customRoomId: mostly(text),
      webhook: mostly(fc.record({ endPoint: mostly(fc.webUrl()), events: mostly(fc.array(mostly(fc.constant('*')))) })),
      autoCloseConfig: mostly(fc.record({ type: mostly(fc.constant('session-ends')), duration: mostly(fc.double()) })),
      autoStartConfig: mostly(
        fc.record({ recording: mostly(composition), hls: mostly(composition) }, { requiredKeys: [] }),
      ),
      multiComposition: mostly(fc.record({ hls: mostly(flag) })),
      geoFence: mostly(text),
      allowedParticipantIds: mostly(fc.array(mostly(text))),
      region: anything,
    },
    { requiredKeys: [] },
  ),
  '/v2/rooms/deactivate': fc.record({ roomId: mostly(text) }, { requiredKeys: [] }),
  '/v2/sessions/end': fc.record(
    {
      roomId: mostly(text),
      meetingId: mostly(text),
      sessionId: mostly(text),
      ignoreClosed: mostly(flag),
      vsdkForceKill: anything,
    },
    { requiredKeys: [] },
  ),
  '/v2/sessions/participants/remove': fc.record(
    { roomId: mostly(text), sessionId: mostly(text), participantId: mostly(text) },
    { requiredKeys: [] },
  ),
  '/infra/v1/meetings/init-config': fc.record({ roomId: mostly(text) }, { requiredKeys: [] }),
  '/base64-upload?roomId=x': fc.record(
    { fileName: mostly(text), base64Data: mostly(fc.base64String()) },
    { requiredKeys: [] },
  ),
};

interface Sent {
  method: 'GET' | 'POST' | 'DELETE';
  url: string;
  payload?: string | Buffer;
  type?: string;
  token?: string;
}

async function send({ method, url, payload, type = 'application/json', token = ownToken }: Sent): Promise<void> {
  const answer = await api.app.inject({
    method,
    url,
    headers: { authorization: token, 'content-type': type },
    ...(payload !== undefined && { payload }),
  });
  const note = `${method} ${url} ${String(payload).slice(0, 300)} → ${answer.statusCode} ${answer.body.slice(0, 300)}`;
  expect(answer.statusCode, note).toBeLessThan(500);
  if (answer.statusCode >= 400 && url.startsWith('/v2'))
    expect(fits(ErrorBody, JSON.parse(answer.body)), note).toBe(true);
  if (answer.statusCode < 400) expect(answer.body, note).not.toContain(api.otherKey.ownerId);
}

test.each(Object.keys(bodies))('any body of POST %s', async (url) => {
  const body = bodies[url] ?? anything;
  await fc.assert(
    fc.asyncProperty(fc.oneof({ weight: 4, arbitrary: body }, anything), async (value) => {
      await send({ method: 'POST', url, payload: JSON.stringify(value) ?? '' });
    }),
    { numRuns: 150 },
  );
});

test('any bytes of any content type', async () => {
  const type = fc.oneof(
    fc.constantFrom('application/json', 'text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'x', ';;'),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(bodies)),
      fc.uint8Array({ maxLength: 200 }),
      type,
      async (url, bytes, contentType) => {
        await send({ method: 'POST', url, payload: Buffer.from(bytes), type: contentType });
      },
    ),
    { numRuns: 200 },
  );
});

test('any path', async () => {
  const templates = [
    '/v2/rooms/*',
    '/v2/rooms/validate/*',
    '/v2/sessions/*',
    '/v2/sessions/*/participants',
    '/v2/sessions/*/participants/active',
    '/v2/sessions/*/participants/*',
    '/files/*',
    '/v2/*',
  ];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...templates), text, text, async (template, first, second) => {
      const parts = [first, second].map((part) => encodeURIComponent(part.toWellFormed()));
      await send({ method: 'GET', url: template.replace('*', parts[0] ?? '').replace('*', parts[1] ?? '') });
    }),
    { numRuns: 300 },
  );
});

test('any query', async () => {
  const name = fc.oneof(
    fc.constantFrom('page', 'perPage', 'query', 'roomId', 'customRoomId', 'status', 'startDate', 'endDate', 'userId'),
    text,
  );
  const value = fc.oneof(text, fc.integer().map(String), fc.double().map(String));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('/v2/rooms', '/v2/sessions'),
      fc.array(fc.tuple(name, value), { maxLength: 5 }),
      async (path, pairs) => {
        const query = pairs.map(
          ([key, item]) => `${encodeURIComponent(key.toWellFormed())}=${encodeURIComponent(item.toWellFormed())}`,
        );
        await send({ method: 'GET', url: `${path}?${query.join('&')}` });
      },
    ),
    { numRuns: 300 },
  );
});

test('any claims under a valid signature', async () => {
  const claims = fc.record(
    {
      roomId: mostly(text),
      participantId: mostly(text),
      roles: mostly(fc.array(fc.constantFrom('crawler', 'rtc'))),
      permissions: mostly(fc.array(text)),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(claims, async (some) => {
      const token = await mintToken(api.key, JSON.parse(JSON.stringify(some)));
      if (token.length > 8_000) return;
      await send({ method: 'GET', url: '/v2/rooms', token });
      await send({ method: 'POST', url: '/infra/v1/meetings/init-config', payload: '{"roomId":"x"}', token });
    }),
    { numRuns: 100 },
  );
});
