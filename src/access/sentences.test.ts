// What a token that is refused is refused with: one sentence for each reason, which names the claim, what came and the time.
import { SignJWT } from 'jose';
import { expect, test, vi } from 'vitest';
import { TokenExpired } from '../errors.ts';
import type { Logger } from '../log.ts';
import { Access, type AccessOptions } from './access.ts';
import { type ApiKey, type KeyStore, Keys } from './keys.ts';

const unused = () => Promise.reject(new Error('not asked in this test'));

async function accessWith(options: AccessOptions = {}): Promise<{ access: Access; key: ApiKey; store: KeyStore }> {
  let key: ApiKey | undefined;
  const store: KeyStore = {
    find: async (apiKey) => (apiKey === key?.apiKey ? key : undefined),
    insert: async (made) => {
      key = made;
    },
    usedWithoutRoles: vi.fn(async () => undefined),
    ...{ list: unused, disable: unused, replaceSecret: unused, endPreviousSecret: unused },
    ...{ requireRoles: unused, ensureFirst: unused },
  };
  return { access: new Access(store, options), key: await new Keys(store).create(), store };
}

const { access, key } = await accessWith();
const now = () => Math.floor(Date.now() / 1000);

function sign(claims: Record<string, unknown>, alg = 'HS256', secret = key.secret): Promise<string> {
  return new SignJWT({ apikey: key.apiKey, ...claims })
    .setProtectedHeader({ alg })
    .sign(new TextEncoder().encode(secret));
}

test.each<[string, () => string | Promise<string>, string]>([
  ['is missing', () => '', 'it is missing'],
  ['is a bare scheme', () => 'Bearer', 'it is missing'],
  ['is an API key', () => key.apiKey, '1 of the three parts'],
  ['has a header of garbage', () => 'a.b.c', 'its header is no JSON'],
  ['has another algorithm', () => sign({}, 'HS512'), 'algorithm "HS512", but must name "HS256"'],
  ['is too long', () => sign({ note: 'x'.repeat(9_000) }), 'may have 8192'],
  ['has no apikey', () => sign({ apikey: '' }), 'the claim apikey is missing'],
  ['has an unknown apikey', () => sign({ apikey: 'no-such-key' }), '"no-such-key", which is no API key of this server'],
  ['has another secret', () => sign({}, 'HS256', 'x'.repeat(32)), 'not signed with the secret of that key'],
  [
    'has expired',
    () => sign({ exp: 1_700_000_000 }),
    'the claim exp is 2023-11-14T22:13:20Z (1700000000), which is past',
  ],
  ['is not yet good', () => sign({ nbf: 4_000_000_000 }), 'the claim nbf is 2096-10-02T07:06:40Z (4000000000)'],
  ['was made in the future', () => sign({ iat: now() + 3_600 }), 'the claim iat is'],
  ['has exp as text', () => sign({ exp: 'never' }), 'the claim exp is "never", but must be a number'],
  [
    'has roles as an object',
    () => sign({ roles: { crawler: true } }),
    'the claim roles is {"crawler":true}, but must be',
  ],
  ['has permissions of objects', () => sign({ permissions: [{}] }), 'the claim permissions is [{}], but must be'],
  ['has roomId as a list', () => sign({ roomId: ['a'] }), 'the claim roomId is ["a"], but must be text'],
  ['has participantId with NUL', () => sign({ participantId: 'a\0' }), 'without control characters'],
])('a token that %s', async (_, make, part) => {
  const token = await make();
  for (const authorize of ['authorizeRest', 'authorizeJoin', 'authorizeAny'] as const) {
    const { status, message } = await access[authorize](token).then(
      () => expect.fail('not refused'),
      (error: Error & { status: number }) => error,
    );
    expect(status).toBe(401);
    expect(message).toMatch(/^Token is invalid or expired: /);
    expect(message).toContain(part);
    expect(message).toMatch(/The server's time is \d{4}-.+Z \(\d+\)\.$/);
  }
});

test('what has expired and is right otherwise can be told from the rest, and let pass', async () => {
  const late = await sign({ exp: now() - 10, permissions: 'allow_join' });
  await expect(access.authorizeJoin(late)).rejects.toThrow(TokenExpired);
  expect(await access.authorizeJoin(late, { evenIfExpired: true })).toMatchObject({ entry: 'allowed' });
  const forged = await sign({ exp: now() - 10 }, 'HS256', 'x'.repeat(32));
  await expect(access.authorizeJoin(forged, { evenIfExpired: true })).rejects.toThrow('not signed with the secret');
});

test('ids that are numbers are their text, and null and empty claims are absent', async () => {
  const token = await sign({ roomId: 12, participantId: 7, roles: ['crawler'], exp: null, nbf: '', permissions: null });
  expect(await access.authorizeRest(token)).toMatchObject({ roomId: '12', participantId: '7' });
  const bare = await access.authorizeRest(await sign({ roomId: '', participantId: null, roles: '', permissions: [] }));
  expect(bare).toEqual({ apiKey: key.apiKey, ownerId: key.ownerId, permissions: [] });
});

test('who may join and asks joins, with a warning; and a key used without roles is noted once a minute', async () => {
  const warn = vi.fn();
  const log = { warn, error: vi.fn() } as unknown as Logger;
  const noisy = await accessWith({ log });
  const claims = { apikey: noisy.key.apiKey, permissions: ['ask_join', 'allow_join'] };
  const token = await sign(claims, 'HS256', noisy.key.secret);
  expect(await noisy.access.authorizeJoin(token)).toMatchObject({ entry: 'allowed' });
  expect(warn).toHaveBeenCalledOnce();
  for (let nth = 0; nth < 3; nth++) await noisy.access.authorizeRest(token);
  expect(noisy.store.usedWithoutRoles).toHaveBeenCalledOnce();
});
