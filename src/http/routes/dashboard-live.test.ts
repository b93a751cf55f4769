// Pages that are sent changes, and those that do not take them.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ChangeTopic } from '../../protocol/rest/dashboard.ts';
import { liveRoute } from './dashboard-live.ts';

type Listener = (topics: readonly ChangeTopic[]) => void;

/** Far longer than any: so that little is sent for much. */
const LONG_TOPIC = 'x'.repeat(32_768) as ChangeTopic;

let app: FastifyInstance;
let listeners: Set<Listener>;
const pages: Socket[] = [];

beforeEach(async () => {
  listeners = new Set();
  app = Fastify();
  app.addHook('onRequest', async (request) => {
    request.caller = { ownerId: String(request.headers['x-owner']) } as typeof request.caller;
  });
  const subscribe = (listener: Listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  liveRoute(app, { feed: { subscribe }, maxPerOwner: 3, authorize: async () => undefined });
  await app.listen({ port: 0, host: '127.0.0.1' });
});
afterEach(async () => {
  for (const page of pages.splice(0)) page.destroy();
  await app.close();
});

function tell(topic: ChangeTopic): void {
  for (const listener of listeners) listener([topic]);
}

/** Opens the stream of a page; resolves once it is told of changes. */
async function open(ownerId: string): Promise<Socket> {
  const { port } = app.server.address() as { port: number };
  const page = connect(port, '127.0.0.1').on('error', () => undefined);
  pages.push(page);
  page.write(`GET /live HTTP/1.1\r\nhost: x\r\nx-owner: ${ownerId}\r\n\r\n`);
  await once(page, 'data');
  return page;
}

it('one that does not read is cut, and the others are told', async () => {
  const deaf = await open('ann');
  const reader = await open('ann');
  deaf.pause();
  let heard = 0;
  reader.on('data', (bytes: Buffer) => {
    heard += bytes.length;
  });
  for (let told = 0; listeners.size === 2; told++) {
    expect(told).toBeLessThan(5_000);
    tell(LONG_TOPIC);
    await once(reader, 'data');
  }
  const before = heard;
  tell('rooms' as ChangeTopic);
  await expect.poll(() => heard).toBeGreaterThan(before);
});

it('of one owner the oldest makes room for a newer one, and no other owner does', async () => {
  const [oldest] = [await open('ann'), await open('bob'), await open('ann'), await open('ann')];
  const ended = once(oldest as Socket, 'close');
  await open('ann');
  oldest?.resume();
  await ended;
  await expect.poll(() => listeners.size).toBe(4);
  tell('rooms' as ChangeTopic);
});
