import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { insertSession } from '../../test/harness/sessions.ts';
import { startTestApi, type TestApi } from '../../test/harness/test-api.ts';
import { NodeStore } from '../store/node-store.ts';
import { runCli } from './cli.ts';

let api: TestApi;
let url: string;
beforeAll(async () => {
  api = await startTestApi();
  url = await api.listen();
});
afterAll(() => api.close());
beforeEach(() => {
  vi.stubEnv('DATABASE_URL', api.database.url);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** Runs a command line and gives back its exit code and what it printed. */
async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const out = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const err = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const code = await runCli(args);
  const printed = (spy: typeof out) => spy.mock.calls.map(([line]) => String(line)).join('\n');
  const result = { code, out: printed(out), err: printed(err) };
  vi.restoreAllMocks();
  return result;
}

test('token prints a token of the first key that REST and joining accept', async () => {
  const { code, out } = await run('token');
  expect(code).toBe(0);
  expect(await api.access.authorizeRest(out)).toMatchObject({ apiKey: api.key.apiKey });
  expect(await api.access.authorizeJoin(out)).toMatchObject({ entry: 'allowed', moderator: true });
  const { exp = 0, iat = 0 } = decodeJwt(out);
  expect(exp - iat).toBe(24 * 3600);
});

test('token takes room, participant, permissions, roles, lifetime and key', async () => {
  const { out } = await run(
    ...['token', '--room', 'r', '--participant', 'ann', '--permissions', 'ask_join', '--roles', 'rtc'],
    ...['--expires', '30m', '--key', api.otherKey.apiKey],
  );
  const claims = decodeJwt(out);
  expect(claims).toMatchObject({ roomId: 'r', participantId: 'ann', permissions: ['ask_join'], roles: ['rtc'] });
  expect(await api.access.authorizeJoin(out)).toMatchObject({ ownerId: api.otherKey.ownerId, entry: 'ask' });
});

test('token uses the key of the environment without any database', async () => {
  vi.stubEnv('DATABASE_URL', 'postgres://nobody@127.0.0.1:1/none');
  vi.stubEnv('ROOMFUL_API_KEY', 'from-the-environment');
  vi.stubEnv('ROOMFUL_API_SECRET', 'a secret of sixteen');
  expect(decodeJwt((await run('token')).out)).toMatchObject({ apikey: 'from-the-environment' });
});

test('keys are listed, made, rotated and disabled', async () => {
  const made = await run('keys', 'create', '--name', 'from the command line');
  expect(made.out).toMatch(/^API key: +(\S+)\nSecret: +\S+\nWebhook secret: whsec_\S+\nOwner: +[0-9a-f]{24}$/);
  const apiKey = /API key: +(\S+)/.exec(made.out)?.[1] ?? '';
  const listed = JSON.parse((await run('keys', 'list', '--json')).out) as { apiKey: string; owner: string }[];
  expect(listed.find((key) => key.apiKey === apiKey)).toMatchObject({ state: 'active', roles: 'optional' });
  expect(listed.find((key) => key.apiKey === apiKey)?.owner).not.toBe(api.key.ownerId);
  expect((await run('keys', 'list')).out).not.toContain(api.key.secret);
  expect((await run('keys', 'rotate', apiKey)).out).not.toContain(/Secret: +(\S+)/.exec(made.out)?.[1]);
  expect((await run('keys', 'disable', apiKey)).code).toBe(0);
  expect(await run('token', '--key', apiKey)).toMatchObject({ code: 1, out: '' });
  const shared = await run('keys', 'create', '--owner', api.key.apiKey);
  expect(shared.out).toContain(`Owner:          ${api.key.ownerId}`);
  expect(await run('keys', 'create', '--owner', 'nobody')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no owner nobody'),
  });
});

test('both secrets of a rotation are good for as long as is asked for, and tokens without roles can be ended', async () => {
  const { apiKey, secret } = await api.access.keys.create();
  const stateOf = async () => {
    const keys = JSON.parse((await run('keys', 'list', '--json')).out) as Record<string, string>[];
    return keys.find((key) => key.apiKey === apiKey);
  };
  expect((await run('keys', 'rotate', apiKey, '--keep', '1h')).out).toMatch(/^Old secret: +good until \d{4}-/m);
  expect((await stateOf())?.oldSecretUntil).toMatch(/^\d{4}-/);
  expect((await run('keys', 'end-old', apiKey)).code).toBe(0);
  expect((await stateOf())?.oldSecretUntil).toBe('-');
  const rotated = await run('keys', 'rotate', apiKey, '--now');
  expect(rotated.out).not.toContain('Old secret');
  expect(rotated.out).not.toContain(secret);
  await run('keys', 'roles', apiKey, 'required');
  expect((await stateOf())?.roles).toBe('required');
});

test('rooms go through the running server', async () => {
  const made = await run(
    'rooms',
    'create',
    '--url',
    url,
    '--custom-id',
    'mine',
    '--webhook',
    'https://a.example/',
    '--events',
    'session-*,hls-*',
  );
  const room = JSON.parse(made.out);
  expect(room).toMatchObject({ customRoomId: 'mine', webhook: { events: ['session-*', 'hls-*'] } });
  expect(JSON.parse((await run('rooms', 'list', '--url', url, '--query', 'mine')).out).data).toHaveLength(1);
  expect(JSON.parse((await run('rooms', 'get', 'mine', '--url', url)).out)).toMatchObject({ id: room.id });
  expect(JSON.parse((await run('rooms', 'deactivate', room.roomId, '--url', url)).out)).toMatchObject({
    disabled: true,
  });
  expect(await run('rooms', 'get', 'nope', '--url', url)).toMatchObject({ code: 1, err: 'Room not found.' });
  expect((await run('rooms', 'list', '--url', 'http://127.0.0.1:1')).err).toContain('No server answers');
});

test('nodes are listed, drained and put back, by id, by host, or as the only one', async () => {
  const nodes = new NodeStore(api.database.db);
  expect((await run('nodes', 'list')).out).toContain('no node yet');
  expect(await run('nodes', 'drain')).toMatchObject({ code: 1, err: expect.stringContaining('No node is running') });
  await nodes.register({ id: 'n1', publicUrl: 'https://one.example.com', roles: ['api', 'media'], at: new Date() });
  const stateOf = async (id: string) => {
    const listed = JSON.parse((await run('nodes', 'list', '--json')).out) as { id: string; state: string }[];
    return listed.find((node) => node.id === id)?.state;
  };
  expect((await run('nodes', 'drain')).out).toContain('https://one.example.com takes no new sessions');
  expect(await stateOf('n1')).toBe('drained');
  expect((await run('nodes', 'list')).out).toMatch(/^id +state .*\nn1 +drained +https:\/\/one.example.com +api,media/);
  await nodes.register({ id: 'n2', publicUrl: 'https://two.example.com', roles: ['media'], at: new Date() });
  expect((await run('nodes', 'undrain')).err).toContain('There are 2 nodes: name one');
  expect((await run('nodes', 'undrain', 'one.example.com')).out).toContain('takes new sessions again');
  expect(await run('nodes', 'drain', 'n3')).toMatchObject({ code: 1, err: expect.stringContaining('no node n3') });
  expect([await stateOf('n1'), await stateOf('n2')]).toEqual(['up', 'up']);
});

test('drain waits until nothing is left, and fails when something still is', async () => {
  const { db } = api.database;
  const { sessionId } = await insertSession(db);
  await new NodeStore(db).register({ id: 'test-node', publicUrl: 'https://busy/', roles: ['media'], at: new Date() });
  const late = await run('nodes', 'drain', 'test-node', '--wait', '1s');
  expect(late).toMatchObject({ code: 1, err: expect.stringContaining('not drained yet. Left on it: 1 session.') });
  const waiting = run('nodes', 'drain', 'test-node', '--wait', '20s');
  await db.updateTable('sessions').set({ ended_at: new Date() }).where('id', '=', sessionId).execute();
  expect((await waiting).out).toBe('Node https://busy/ is drained.');
});

test.each([
  [['frob'], "There is no command 'frob'"],
  [['keys'], "'keys' needs a command"],
  [['keys', 'constructor'], "There is no 'keys constructor'"],
  [['keys', 'disable'], 'An argument is missing'],
  [['keys', 'list', 'extra'], "Unexpected argument 'extra'"],
  [['nodes'], "'nodes' needs a command"],
  [['nodes', 'drain', 'a', 'b'], "Unexpected argument 'b'"],
  [['nodes', 'drain', '--wait', 'long'], '--wait'],
  [['keys', 'roles', 'a', 'sometimes'], "not 'sometimes'"],
  [['keys', 'rotate', 'a', '--now', '--keep', '1h'], 'exclude each other'],
  [['token', '--frob'], "Unknown option '--frob'"],
  [['token', '--expires', 'soon'], '--expires'],
  [['token', '--permissions', 'allow_all'], 'allow_join'],
  [['rooms', 'create', '--body', '[]'], '--body must be a JSON object'],
  [['rooms', 'create', '--events', '*'], '--events needs --webhook'],
])('%j is not understood, and says why', async (args, message) => {
  const { code, err, out } = await run(...args);
  expect(code).toBe(2);
  expect(err).toContain(message);
  expect(err).toContain('roomful help');
  expect(out).toBe('');
});

test('help lists the commands', async () => {
  for (const args of [[], ['help'], ['--help'], ['keys', '--help']]) {
    expect(await run(...args)).toMatchObject({ code: 0, out: expect.stringContaining('Usage: roomful') });
  }
});
