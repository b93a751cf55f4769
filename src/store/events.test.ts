import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { insertSession } from '../../test/harness/sessions.ts';
import { createTestDatabase, type TestDatabase } from '../../test/harness/test-database.ts';
import type { SessionEvent } from '../protocol/events.ts';
import { publishEvent, subscribes } from './events.ts';

describe('subscribes', () => {
  test.each([
    [undefined, 'session-started', true],
    [[], 'session-started', false],
    [['*'], 'hls-playable', true],
    [['session*'], 'session-ended', true],
    [['recording-*'], 'recording-started', true],
    [['recording-*'], 'participant-recording-started', false],
    [['*-started'], 'session-started', true],
    [['*-started'], 'session-ended', false],
    [['hls-*', 'participant-joined'], 'participant-joined', true],
    [['participant-join'], 'participant-joined', false],
    [['p*-*d'], 'participant-joined', true],
    [['session-started*'], 'session-started', true],
    [['s*session-started'], 'session-started', false],
    [['session.started'], 'session-started', false],
    [['*'.repeat(60)], 'session-started', true],
  ])('%j and %s: %s', (patterns, type, expected) => {
    expect(subscribes(patterns, type)).toBe(expected);
  });
});

describe('publishEvent', () => {
  let database: TestDatabase;
  let sessionId: string;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    ({ sessionId } = await insertSession(database.db, { webhook: { endPoint: 'http://receiver.test/hook' } }));
  });

  function publish(event: Partial<SessionEvent> = {}): Promise<void> {
    const data = { meetingId: 'room', sessionId };
    const whole = { type: 'participant-joined', sessionId, data, at: new Date(), ...event } as const;
    return database.db.transaction().execute((tx) => publishEvent(tx, whole));
  }

  function deliveries() {
    return database.db
      .selectFrom('webhook_deliveries')
      .selectAll()
      .where('session_id', '=', sessionId)
      .orderBy('seq')
      .orderBy('url')
      .execute();
  }

  test('numbers are gap-free in commit order, also for fifty publishers at once', async () => {
    await Promise.all(Array.from({ length: 50 }, () => publish()));
    const numbers = (await deliveries()).map(({ seq }) => seq);
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  });

  test('only the first delivery of a stream is claimable, also for fifty publishers at once', async () => {
    await Promise.all(Array.from({ length: 50 }, () => publish()));
    const claimable = (await deliveries()).filter(({ waiting }) => !waiting);
    expect(claimable.map(({ seq }) => seq)).toEqual([1]);
  });

  test('a rolled back event leaves no gap', async () => {
    await publish();
    const failing = database.db.transaction().execute(async (tx) => {
      const data = { meetingId: 'room', sessionId };
      await publishEvent(tx, { type: 'participant-joined', sessionId, data, at: new Date() });
      throw new Error('the join failed');
    });
    await expect(failing).rejects.toThrow('the join failed');
    await publish();
    expect((await deliveries()).map(({ seq }) => seq)).toEqual([1, 2]);
  });

  test('room, key and operation each get a copy, and one receiver gets one copy', async () => {
    const both = { endPoint: 'http://receiver.test/hook' };
    ({ sessionId } = await insertSession(database.db, { webhook: both, keyWebhook: { endPoint: 'http://key.test/' } }));
    await publish({ webhookUrl: 'http://operation.test/' });
    await publish({ webhookUrl: both.endPoint });
    expect((await deliveries()).map(({ seq, url, source }) => [seq, url, source])).toEqual([
      [1, 'http://key.test/', 'key'],
      [1, 'http://operation.test/', 'operation'],
      [1, 'http://receiver.test/hook', 'room'],
      [2, 'http://key.test/', 'key'],
      [2, 'http://receiver.test/hook', 'room'],
    ]);
  });

  test('a receiver gets only what it subscribed to', async () => {
    const webhook = { endPoint: 'http://receiver.test/hook', events: ['session-*'] };
    ({ sessionId } = await insertSession(database.db, { webhook }));
    await publish();
    await publish({ type: 'session-ended' });
    expect((await deliveries()).map(({ type }) => type)).toEqual(['session-ended']);
  });

  test('what is published to a disabled endpoint is dead at once and holds up nothing', async () => {
    const [session] = await database.db.selectFrom('sessions').select('owner_id').where('id', '=', sessionId).execute();
    await database.db
      .insertInto('webhook_disabled_endpoints')
      .values({
        owner_id: session?.owner_id ?? '',
        url: 'http://receiver.test/hook',
        reason: 'answered 410 Gone',
        disabled_at: new Date(),
      })
      .execute();
    await publish();
    const [delivery] = await deliveries();
    expect(delivery).toMatchObject({ status: 'dead', waiting: false, last_error: 'the endpoint is disabled' });
  });

  test('the data keeps its text: order of members, numbers and odd characters', async () => {
    const data = {
      sessionId,
      meetingId: 'room',
      zebra: 1,
      apple: 1.5e300,
      name: 'Zoë \u2028 \u0000 \ud800 "q" /',
      nested: { b: 1, a: [] },
    };
    await publish({ data });
    const { rows } = await database.pool.query('select data::text as text from events where session_id = $1', [
      sessionId,
    ]);
    expect(rows[0].text).toBe(JSON.stringify(data));
    expect(JSON.stringify(JSON.parse(rows[0].text))).toBe(rows[0].text);
  });
});
