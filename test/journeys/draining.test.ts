// A node is taken out of service while people talk on it: two real processes, the real command line, the real pages.
import { expect, test } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { roomful } from '../harness/command.ts';
import { DashboardTab } from '../harness/dashboard-tab.ts';
import { RawClient } from '../harness/raw-client.ts';
import { TestServer } from '../harness/server.ts';
import { mintToken } from '../harness/test-api.ts';
import { createTestDatabase } from '../harness/test-database.ts';

/** Nodes look every second. */
const NOTICED_MS = 10_000;

test('a node is drained: new sessions go elsewhere, what goes on there stays, and it is known when nothing is left', async () => {
  await using building = new AsyncDisposableStack();
  const { url } = building.use(await createTestDatabase());
  const key = { apiKey: 'shared-key', secret: 'shared-secret-of-both' };
  const shared = { DATABASE_URL: url, ROOMFUL_API_KEY: key.apiKey, ROOMFUL_API_SECRET: key.secret };
  const env = { ...shared, ROOMFUL_MEDIA_WORKERS: '1' };
  const servers = [building.use(await TestServer.start({ env })), building.use(await TestServer.start({ env }))];
  const [first] = servers as [TestServer, TestServer];
  const token = await mintToken(key);
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into
  const call = async (path: string, body?: unknown): Promise<any> => {
    const headers = { authorization: token, 'content-type': 'application/json' };
    const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
    return (await fetch(`${first.httpUrl}${path}`, init)).json();
  };
  const newRoom = async (): Promise<string> => (await call('/v2/rooms', {})).roomId;
  /** Address of the node that a client is sent to. */
  const sentTo = async (roomId: string): Promise<string | undefined> =>
    (await call('/infra/v1/meetings/init-config', { roomId })).data?.baseUrl;
  const enter = (server: TestServer, roomId: string, peerId: string) =>
    RawClient.join(server.httpUrl, { roomId, peerId, secret: token });
  const readiness = async (server: TestServer) => {
    const answer = await fetch(`${server.httpUrl}/readyz`);
    return [answer.status, ((await answer.json()) as { status: string }).status];
  };

  const meeting = await newRoom();
  const base = await sentTo(meeting);
  const node = servers.find((server) => server.base === base) as TestServer;
  const other = servers.find((server) => server !== node) as TestServer;
  const ada = await enter(node, meeting, 'ada');
  // The other node has more to do, so that somebody who is about to join is sent here too.
  const busy = [await enter(other, await newRoom(), 'x'), await enter(other, await newRoom(), 'y')];
  let onItsWay = '';
  const sendAnother = async () => {
    onItsWay = await newRoom();
    return sentTo(onItsWay);
  };
  await expect.poll(sendAnother, { timeout: NOTICED_MS }).toBe(node.base);

  const drained = await roomful(['nodes', 'drain', node.base], shared);
  expect(drained).toMatchObject({ code: 0, out: expect.stringMatching(/takes no new sessions.*1 session, 1 person/) });
  await node.waitForLog('the node notices', ({ msg }) => msg.startsWith('node is draining'));
  for (let nth = 0; nth < 5; nth++) expect(await sentTo(await newRoom())).toBe(other.base);
  expect(await sentTo(meeting)).toBe(node.base);
  const ben = await enter(node, meeting, 'ben');
  expect(await sentTo(onItsWay)).toBe(node.base);
  const cat = await enter(node, onItsWay, 'cat');
  const uninvited = RawClient.open(node.httpUrl, {
    roomId: await newRoom(),
    peerId: 'dan',
    secret: token,
    lib: 'socket',
  });
  await uninvited.waitFor(({ method }) => method === 'connectionSuccess');
  await uninvited.request('requestEntry', { name: 'dan' });
  await uninvited.waitFor(({ method }) => method === 'entryResponded');
  expect(await uninvited.request('join', { displayName: 'dan', mode: 'SIGNALLING_ONLY' })).toMatchObject({
    message: expect.stringContaining('takes no new sessions'),
  });
  // Those who are there have to get back in, so a load balancer keeps sending them.
  expect(await readiness(node)).toEqual([200, 'draining']);
  expect(await (await fetch(`${node.httpUrl}/metrics`)).text()).toContain('roomful_node_draining 1');
  expect(await readiness(other)).toEqual([200, 'ok']);

  const browser = building.adopt(await launchBrowser(), (it) => it.close());
  await using tab = await DashboardTab.open(browser, other);
  await tab.signIn(key.apiKey, key.secret);
  await tab.heading('Overview').waitFor();
  await tab.go('/system');
  const row = tab.rows('Nodes').filter({ hasText: node.httpsUrl });
  await row.getByText('2 sessions with 3 people left').waitFor();
  expect(await tab.accessibility()).toEqual([]);

  const waiting = roomful(['nodes', 'drain', node.base, '--wait', '40s'], shared);
  for (const client of [ada, ben, cat]) {
    await client.request('definePeerLeftReason', { leaveReason: 'MANUAL_LEAVE_CALLED' });
    client.close();
  }
  expect(await waiting).toMatchObject({ code: 0, out: expect.stringMatching(/is drained\.$/) });
  await row.getByText('Drained').waitFor();
  expect(await readiness(node)).toEqual([503, 'drained']);

  const from = node.log.mark();
  await node.restart();
  await node.waitForLog('it is drained still', ({ msg }) => msg.startsWith('node is drained'), { from });
  expect(await readiness(node)).toEqual([503, 'drained']);
  await roomful(['nodes', 'drain', other.base], shared);
  expect(await call('/infra/v1/meetings/init-config', { roomId: await newRoom() })).toMatchObject({
    statusCode: 503,
    message: expect.stringContaining('All media nodes are draining'),
  });

  await row.getByRole('button', { name: `Put back ${node.base}` }).click();
  await row.getByText('Up', { exact: true }).waitFor();
  expect(await sentTo(await newRoom())).toBe(node.base);
  await expect.poll(() => readiness(node), { timeout: NOTICED_MS }).toEqual([200, 'ok']);
  expect(tab.complaints).toEqual([]);
  for (const client of [...busy, uninvited]) client.close();
}, 120_000);
