// Ports that are bound before there is a server: who connects meanwhile is answered once there is one.
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import { generate } from 'selfsigned';
import { expect, it } from 'vitest';
import { ask } from '../kit/ask.ts';
import { BoundPort } from './listeners.ts';

const HOST = '127.0.0.1';
const answer: RequestListener = (request, response) => response.end(`you asked for ${request.url}`);

it.each(['http', 'https'] as const)('requests wait for a server of %s, and then get their answer', async (scheme) => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
  await using port = await BoundPort.bind(scheme, HOST, 0);
  const url = `${scheme}://${HOST}:${port.number}`;
  const early = [1, 2, 3].map((number) => ask(`${url}/${number}`, { timeoutMs: 10_000 }));
  await expect.poll(() => port.waiting).toBe(early.length);

  const server = scheme === 'https' ? createTlsServer({ key, cert }, answer) : createServer(answer);
  await port.handTo(server);
  const bodies = (await Promise.all(early)).map(({ body }) => body);
  expect(bodies).toEqual(['you asked for /1', 'you asked for /2', 'you asked for /3']);
  expect((await ask(`${url}/late`, { timeoutMs: 10_000 })).body).toBe('you asked for /late');
  server.closeAllConnections();
  server.close();
});

it('a port that no server took is free again, and those who waited are not left hanging', async () => {
  const port = await BoundPort.bind('http', HOST, 0);
  const { number } = port;
  const client = connect(number, HOST);
  await once(client, 'connect');
  client.on('error', () => undefined);
  const gone = once(client, 'close');
  await port[Symbol.asyncDispose]();
  await gone;
  await using again = await BoundPort.bind('http', HOST, number);
  expect(again.number).toBe(number);
});

it('a port that is in use is named with its setting', async () => {
  await using port = await BoundPort.bind('http', HOST, 0);
  await expect(BoundPort.bind('http', HOST, port.number)).rejects.toThrow(/is in use.*ROOMFUL_HTTP_PORT/);
  await expect(BoundPort.bind('https', HOST, port.number)).rejects.toThrow(/is in use.*ROOMFUL_HTTPS_PORT/);
});
