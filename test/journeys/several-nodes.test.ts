// Two processes on one database: any answers REST, sessions live where media is, and a node that dies is missed.
import { expect, test } from 'vitest';
import { RawClient } from '../harness/raw-client.ts';
import { TestServer } from '../harness/server.ts';
import { mintToken } from '../harness/test-api.ts';
import { createTestDatabase } from '../harness/test-database.ts';
import { WebhookReceiver } from '../harness/webhook-receiver.ts';

test('a session lives on one node, is commanded from another, and ends truthfully when its node is lost', async () => {
  await using building = new AsyncDisposableStack();
  const { url } = building.use(await createTestDatabase());
  const key = { ROOMFUL_API_KEY: 'shared-key', ROOMFUL_API_SECRET: 'shared-secret-of-both' };
  const env = { DATABASE_URL: url, ROOMFUL_MEDIA_WORKERS: '1', ...key };
  const front = building.use(await TestServer.start({ env: { ...env, ROOMFUL_ROLES: 'api' } }));
  const media = building.use(await TestServer.start({ env: { ...env, ROOMFUL_ROLES: 'media' } }));
  const receiver = building.use(await WebhookReceiver.start(front));
  const token = await mintToken({ apiKey: key.ROOMFUL_API_KEY, secret: key.ROOMFUL_API_SECRET });
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into
  const call = async (path: string, body?: unknown): Promise<any> => {
    const headers = { authorization: token, 'content-type': 'application/json' };
    const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    return (await fetch(`${front.httpUrl}${path}`, init)).json();
  };
  const enter = (roomId: string, peerId: string) => RawClient.join(media.httpUrl, { roomId, peerId, secret: token });

  const { roomId } = await call('/v2/rooms', { webhook: { endPoint: receiver.url } });
  const { data } = await call('/infra/v1/meetings/init-config', { roomId });
  expect(data.baseUrl).toBe(media.base);

  const ada = await enter(roomId, 'ada');
  await call('/v2/sessions/participants/remove', { roomId, participantId: 'ada' });
  expect(await ada.waitFor((it) => it.method === 'close')).toMatchObject({ reason: { code: 1010 } });
  await receiver.waitFor('session-ended', (event) => event.data.meetingId === roomId);

  const ben = await enter(roomId, 'ben');
  await call('/v2/sessions/end', { roomId });
  expect(await ben.waitFor((it) => it.method === 'close')).toMatchObject({ reason: { code: 1009 } });

  const other = (await call('/v2/rooms', { webhook: { endPoint: receiver.url } })).roomId;
  await enter(other, 'cat');
  const killedAt = Date.now();
  await media.kill('SIGKILL');
  const ended = await receiver.waitFor('session-ended', (event) => event.data.meetingId === other, {
    timeoutMs: 40_000,
  });
  expect(Math.abs(Date.parse(String(ended.data.end)) - killedAt)).toBeLessThan(3_000);
  expect(await call('/infra/v1/meetings/init-config', { roomId: other })).toMatchObject({ statusCode: 503 });
});
