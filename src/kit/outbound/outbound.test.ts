import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { generate } from 'selfsigned';
import { afterEach, describe, expect, test } from 'vitest';
import { StartError } from '../start-error.ts';
import { ForbiddenDestination, UnreachedDestination } from './failures.ts';
import { createOutbound, type Outbound, type OutboundOptions } from './outbound.ts';

const cleanUps: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function outboundWith(options: Partial<OutboundOptions> = {}): Outbound {
  const outbound = createOutbound({ allow: [], ...options });
  cleanUps.push(() => outbound.close());
  return outbound;
}

async function listen(server: Pick<Server, 'listen' | 'close' | 'address'>): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server as Server, 'listening');
  cleanUps.push(() => {
    (server as Server).closeAllConnections?.();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function serve(listener: RequestListener): Promise<number> {
  return listen(createServer(listener));
}

const REQUEST = { headers: {}, body: '{}', timeoutMs: 2_000, maxResponseBytes: 64 * 1024 };
const OPEN = { allow: ['127.0.0.0/8', '::1'] };

describe('checkUrl', () => {
  test.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0x7f.1/',
    'http://0177.0.0.1/',
    'http://[::1]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://localhost/',
    'http://LOCALHOST:8080/',
    'http://app.localhost/',
    'http://localhost./',
    'http://example.com./',
    'http://0.0.0.0/',
    'http://0/',
    'http://[::]/',
    'http://10.0.0.1/',
    'http://172.16.0.1/',
    'http://172.31.255.255/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/',
    'http://[fe80::1]/',
    'http://[fec0::1]/',
    'http://224.0.0.1/',
    'http://[ff02::1]/',
    'http://255.255.255.255/',
    'http://240.0.0.1/',
    'http://192.0.2.1/',
    'http://198.18.0.1/',
    'http://198.51.100.7/',
    'http://203.0.113.7/',
    'http://[2001:db8::1]/',
    'http://[3fff::1]/',
    'http://[100::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:8.8.8.8]/',
    'http://[::127.0.0.1]/',
    'http://[::8.8.8.8]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[64:ff9b:1::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[2001:0:7f00:1::]/',
    'http://①②⑦.0.0.1/',
    'http://127。0。0。1/',
    'http://user:secret@example.com/',
    'http://user@example.com/',
    'http://example.com:0/',
    'http://',
    'https:///',
    'ftp://example.com/',
    'file:///etc/passwd',
    'data:text/plain,x',
    'javascript:alert(1)',
    'rtmp://example.com/live',
    'example.com',
    '',
    `http://example.com/${'x'.repeat(3000)}`,
  ])('refuses %s', (url) => {
    expect(() => outboundWith().checkUrl(url)).toThrow(ForbiddenDestination);
  });

  test.each([
    'https://example.com/hook?a=b',
    'http://example.com:8080/',
    'http://8.8.8.8/',
    'http://[2606:4700:4700::1111]/',
    'http://172.32.0.1/',
    'https://bücher.example/',
  ])('accepts %s', (url) => {
    expect(outboundWith().checkUrl(url)).toBeInstanceOf(URL);
  });

  test.each(['rtmp://0x7f.1/live/key', 'rtmp://127.0.0.1/live', 'rtmps://[::1]:443/live', 'rtmp://localhost/live'])(
    'refuses %s although the parser leaves its host alone',
    (url) => {
      expect(() => outboundWith().checkUrl(url, { schemes: ['rtmp', 'rtmps'] })).toThrow(ForbiddenDestination);
    },
  );

  test('gives an RTMP URL back with the port it had', () => {
    const url = outboundWith().checkUrl('rtmp://Example.com:80/live/key', { schemes: ['rtmp'] });
    expect(url.href).toBe('rtmp://example.com:80/live/key');
  });

  test.each([
    [['10.0.0.0/8'], 'http://10.1.2.3/'],
    [['127.0.0.1'], 'http://127.0.0.1:3000/'],
    [['127.0.0.1'], 'http://localhost:3000/'],
    [['::1'], 'http://[::1]/'],
    [['fd00::/8'], 'http://[fd12::1]/'],
    [['localhost'], 'http://localhost/'],
    [['Hooks.Internal'], 'http://hooks.internal/'],
    [['my_container'], 'http://my_container/'],
  ])('%j opens %s', (allow, url) => {
    expect(outboundWith({ allow }).checkUrl(url)).toBeInstanceOf(URL);
  });

  test.each([
    [['10.0.0.0/8'], 'http://11.0.0.1/', true],
    [['10.0.0.0/8'], 'http://[::ffff:10.0.0.1]/', false],
    [['127.0.0.1'], 'http://127.0.0.2/', false],
    [['localhost'], 'http://127.0.0.1/', false],
  ])('%j and %s: accepted is %s', (allow, url, accepted) => {
    const check = () => outboundWith({ allow }).checkUrl(url);
    if (accepted) expect(check()).toBeInstanceOf(URL);
    else expect(check).toThrow(ForbiddenDestination);
  });

  test.each(['10.0.0.0/99', 'http://x/', 'a b', '127', '*', ''])('a start with %j in the list is refused', (entry) => {
    expect(() => createOutbound({ allow: [entry] })).toThrow(StartError);
  });
});

describe('post', () => {
  test('gives status and body of the answer', async () => {
    const port = await serve((request, response) => {
      request.resume().on('end', () => response.writeHead(201).end(`got ${request.headers['x-a']}`));
    });
    const answer = await outboundWith(OPEN).post(`http://127.0.0.1:${port}/`, { ...REQUEST, headers: { 'x-a': 'b' } });
    expect(answer).toMatchObject({ status: 201, body: 'got b' });
    expect(answer.durationMs).toBeGreaterThanOrEqual(0);
  });

  test('refuses a literal address before anything is sent', async () => {
    const server = createServer((_request, response) => response.end());
    let connections = 0;
    server.on('connection', () => connections++);
    const port = await listen(server);
    await expect(outboundWith().post(`http://127.0.0.1:${port}/`, REQUEST)).rejects.toThrow(ForbiddenDestination);
    expect(connections).toBe(0);
  });

  test('refuses a name that resolves to a private address', async () => {
    const outbound = outboundWith({ resolve: async () => [{ address: '10.0.0.1', family: 4 }] });
    await expect(outbound.post('http://innocent.test/', REQUEST)).rejects.toThrow(/innocent\.test.*private/);
  });

  test('connects to nothing but the permitted ones of several addresses', async () => {
    const port = await serve((_request, response) => response.end('reached'));
    const outbound = outboundWith({
      allow: ['127.0.0.1'],
      resolve: async () => [
        { address: '10.0.0.1', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
    });
    await expect(outbound.post(`http://mixed.test:${port}/`, REQUEST)).resolves.toMatchObject({ body: 'reached' });
  });

  test('a name that changes its address after the check is not followed there', async () => {
    let requests = 0;
    const port = await serve((_request, response) => {
      requests++;
      response.setHeader('connection', 'close').end();
    });
    const answers = [[{ address: '127.0.0.1', family: 4 }], [{ address: '127.0.0.2', family: 4 }]];
    let resolutions = 0;
    const outbound = outboundWith({
      allow: ['127.0.0.1'],
      resolve: async () => answers[resolutions++] ?? [{ address: '127.0.0.2', family: 4 }],
    });
    await outbound.post(`http://rebinding.test:${port}/`, REQUEST);
    expect(resolutions).toBe(1);
    await expect(outbound.post(`http://rebinding.test:${port}/`, REQUEST)).rejects.toThrow(ForbiddenDestination);
    expect([resolutions, requests]).toEqual([2, 1]);
  });

  test('a name is resolved once for all who ask at the same time', async () => {
    const answers = Promise.withResolvers<{ address: string; family: number }[]>();
    let asked = 0;
    const outbound = outboundWith({
      resolve: () => {
        asked += 1;
        return answers.promise;
      },
    });
    const all = Promise.all([1, 2, 3].map(() => outbound.addressesOf('example.com')));
    answers.resolve([{ address: '8.8.8.8', family: 4 }]);
    expect(await all).toEqual([1, 2, 3].map(() => [{ address: '8.8.8.8', family: 4 }]));
    expect(asked).toBe(1);
    await outbound.addressesOf('example.com');
    expect(asked).toBe(2);
  });

  test('a name the operator has opened may resolve to anything', async () => {
    const port = await serve((_request, response) => response.end('reached'));
    const outbound = outboundWith({
      allow: ['hooks.internal'],
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    });
    await expect(outbound.post(`http://hooks.internal:${port}/`, REQUEST)).resolves.toMatchObject({ body: 'reached' });
  });

  test('a redirect is an answer and is not followed', async () => {
    let requests = 0;
    const port = await serve((_request, response) => {
      requests++;
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    });
    await expect(outboundWith(OPEN).post(`http://127.0.0.1:${port}/`, REQUEST)).resolves.toMatchObject({ status: 302 });
    expect(requests).toBe(1);
  });

  test('a receiver that never answers is given up in time', async () => {
    const port = await serve(() => undefined);
    const failing = outboundWith(OPEN).post(`http://127.0.0.1:${port}/`, { ...REQUEST, timeoutMs: 100 });
    await expect(failing).rejects.toMatchObject({ stage: 'answer', message: 'no answer within 0.1 s' });
  });

  test('of a body without end only the beginning is taken, and the connection is given up', async () => {
    const gone = Promise.withResolvers<void>();
    const port = await serve((request, response) => {
      request.socket.on('close', () => gone.resolve());
      const more = () => {
        while (response.write('x'.repeat(16 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    const answer = await outboundWith(OPEN).post(`http://127.0.0.1:${port}/`, REQUEST);
    expect([answer.status, answer.body.length]).toEqual([200, 4096]);
    await gone.promise;
  });

  test('the status counts although the body breaks off', async () => {
    const port = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    await expect(outboundWith(OPEN).post(`http://127.0.0.1:${port}/`, REQUEST)).resolves.toMatchObject({ status: 200 });
  });

  test('a reset connection, a closed port and an unknown name are told apart', async () => {
    const resetting = createTcpServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    const port = await listen(resetting as unknown as Server);
    const outbound = outboundWith(OPEN);
    await expect(outbound.post(`http://127.0.0.1:${port}/`, REQUEST)).rejects.toMatchObject({
      stage: 'answer',
      name: 'UnreachedDestination',
    });
    await expect(outbound.post('http://127.0.0.1:1/', REQUEST)).rejects.toMatchObject({
      stage: 'connect',
      message: 'the connection was refused',
    });
    const failing = outboundWith({
      resolve: () => Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' })),
    });
    await expect(failing.post('http://nowhere.test/', REQUEST)).rejects.toMatchObject({
      stage: 'connect',
      message: 'the host name does not exist',
    });
  });

  test('a certificate nobody trusts is refused', async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }]);
    const port = await listen(createTlsServer({ key, cert }, (_request, response) => response.end()));
    const failing = outboundWith(OPEN).post(`https://127.0.0.1:${port}/`, REQUEST);
    await expect(failing).rejects.toBeInstanceOf(UnreachedDestination);
    await expect(failing).rejects.toMatchObject({ stage: 'connect', message: expect.stringMatching(/self.signed/i) });
  });
});
