import { createHmac, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { SignJWT, UnsecuredJWT } from 'jose';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { mintToken } from '../../test/harness/test-api.ts';
import { AppError } from '../errors.ts';
import { Access } from './access.ts';
import type { ApiKey, KeyStore } from './keys.ts';

/** Keys in memory; counts how often they are looked for. */
class MemoryKeys implements KeyStore {
  readonly keys = new Map<string, ApiKey>();
  finds = 0;

  async find(apiKey: string) {
    this.finds++;
    return this.keys.get(apiKey);
  }
  async list() {
    return [...this.keys.values()];
  }
  async insert(key: ApiKey) {
    this.keys.set(key.apiKey, key);
  }
  async disable(apiKey: string, disabledAt: Date) {
    return this.#change(apiKey, { disabledAt });
  }
  async replaceSecret(apiKey: string, secret: string, previousSecretUntil: Date) {
    const previousSecret = this.keys.get(apiKey)?.secret ?? null;
    return this.#change(apiKey, { secret, previousSecret, previousSecretUntil });
  }
  async endPreviousSecret(apiKey: string) {
    return this.#change(apiKey, { previousSecret: null, previousSecretUntil: null });
  }
  async requireRoles(apiKey: string, rolesRequired: boolean) {
    return this.#change(apiKey, { rolesRequired });
  }
  async usedWithoutRoles(apiKey: string, usedWithoutRolesAt: Date) {
    this.#change(apiKey, { usedWithoutRolesAt });
  }
  async ensureFirst(key: ApiKey) {
    return { key, created: true };
  }
  #change(apiKey: string, change: Partial<ApiKey>) {
    const key = this.keys.get(apiKey);
    if (!key) return undefined;
    const changed = { ...key, ...change };
    this.keys.set(apiKey, changed);
    return changed;
  }
}

let store: MemoryKeys;
let access: Access;
let key: ApiKey;
beforeEach(async () => {
  store = new MemoryKeys();
  access = new Access(store);
  key = await access.keys.create();
});

const NOW_S = () => Math.floor(Date.now() / 1000);
const secretOf = (of: { secret: string }) => new TextEncoder().encode(of.secret);
const sign = (claims: Record<string, unknown>, signer: { secret: string } = key) =>
  new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secretOf(signer));

async function refusal(work: Promise<unknown>): Promise<{ status: number; code: string; signaling: number }> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error(`not refused as expected: ${String(error)}`);
  return { status: error.status, code: error.code, signaling: error.signalingCode };
}

const INVALID = { status: 401, code: 'INVALID_TOKEN', signaling: 4002 };

describe('a token for the REST API', () => {
  test.each(['', 'Bearer ', 'bearer ', 'BEARER   '])('is accepted after %j', async (scheme) => {
    const caller = await access.authorizeRest(`${scheme}${await mintToken(key)}`);
    expect(caller).toMatchObject({ apiKey: key.apiKey, ownerId: key.ownerId });
  });

  test('needs no more than the apikey claim', async () => {
    expect(await access.authorizeRest(await sign({ apikey: key.apiKey }))).toMatchObject({ ownerId: key.ownerId });
  });

  test('hands on the room and participant it is limited to', async () => {
    const token = await mintToken(key, { roomId: 'r', participantId: 'p', roles: ['crawler'] });
    expect(await access.authorizeRest(token)).toMatchObject({ roomId: 'r', participantId: 'p' });
  });

  test('claims that are null are absent', async () => {
    const token = await mintToken(key, { roomId: null, roles: null });
    expect(await access.authorizeRest(token)).not.toHaveProperty('roomId');
  });

  test.each([
    [['crawler'], undefined],
    [['crawler', 'rtc'], undefined],
    [['rtc'], { status: 403, code: 'ROLE_NOT_ALLOWED', signaling: 4024 }],
    ['rtc', { status: 403, code: 'ROLE_NOT_ALLOWED', signaling: 4024 }],
    [['rtc', 'CRAWLER'], { status: 403, code: 'ROLE_NOT_ALLOWED', signaling: 4024 }],
    [[], undefined],
    ['', undefined],
    [['CRAWLER', 'moderator', 7], undefined],
  ])('with roles %j', async (roles, expected) => {
    const work = access.authorizeRest(await mintToken(key, { roles }));
    if (expected) expect(await refusal(work)).toEqual(expected);
    else await work;
  });
});

describe('a forged or broken token', () => {
  const cases: Record<string, () => Promise<string> | string> = {
    'no header': () => '',
    'only a scheme': () => 'Bearer',
    garbage: () => 'not.a.token',
    'an API key in place of a token': () => key.apiKey,
    'four parts': async () => `${await mintToken(key)}.x`,
    'a huge one': () => `${'a'.repeat(20_000)}.b.c`,
    'alg none': () => new UnsecuredJWT({ apikey: key.apiKey }).encode(),
    'alg none with a signature': async () => {
      const [, payload, signature] = (await mintToken(key)).split('.');
      return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.${signature}`;
    },
    'RS256 with a key of their own': () => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      return new SignJWT({ apikey: key.apiKey }).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
    },
    'RS256 in the header, HMAC with the API key as the public one': () => {
      const head = Buffer.from('{"alg":"RS256"}').toString('base64url');
      const body = Buffer.from(JSON.stringify({ apikey: key.apiKey })).toString('base64url');
      const mac = createHmac('sha256', key.apiKey).update(`${head}.${body}`).digest('base64url');
      return `${head}.${body}.${mac}`;
    },
    'HS512 with the right secret': () =>
      new SignJWT({ apikey: key.apiKey }).setProtectedHeader({ alg: 'HS512' }).sign(secretOf(key)),
    'the secret of another key': async () => mintToken({ ...(await access.keys.create()), apiKey: key.apiKey }),
    'a changed payload': async () => {
      const [head, , signature] = (await mintToken(key, { roomId: 'a' })).split('.');
      const body = Buffer.from(JSON.stringify({ apikey: key.apiKey, roomId: 'b' })).toString('base64url');
      return `${head}.${body}.${signature}`;
    },
    'not yet valid': () => sign({ apikey: key.apiKey, nbf: NOW_S() + 60 }),
    'exp as text': () => sign({ apikey: key.apiKey, exp: 'never' }),
    'no apikey': () => sign({}),
    'apikey as a list': () => sign({ apikey: [key.apiKey] }),
    'apikey with NUL': () => sign({ apikey: 'a\0b' }),
    'made in the future': () => sign({ apikey: key.apiKey, iat: NOW_S() + 60 }),
    'roles as an object': () => sign({ apikey: key.apiKey, roles: { crawler: true } }),
    'permissions as an object': () => sign({ apikey: key.apiKey, permissions: { allow_join: true } }),
    'roomId as a boolean': () => sign({ apikey: key.apiKey, roomId: true }),
    'participantId as an array': () => sign({ apikey: key.apiKey, participantId: ['a'] }),
  };

  test.each(Object.keys(cases))('%s is refused for REST and for joining', async (name) => {
    const token = (await cases[name]?.()) ?? '';
    expect(await refusal(access.authorizeRest(token))).toEqual(INVALID);
    expect(await refusal(access.authorizeJoin(token))).toEqual(INVALID);
  });

  test('one of an unknown key says so', async () => {
    const token = await sign({ apikey: 'b0f7c1de-0000-4000-8000-000000000000' });
    expect(await refusal(access.authorizeRest(token))).toEqual({
      status: 401,
      code: 'INVALID_API_KEY',
      signaling: 4001,
    });
  });

  test('any text is refused and never throws anything else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), async (text) => {
        expect((await refusal(access.authorizeRest(text))).status).toBe(401);
      }),
    );
  });

  test('a clock that is some seconds ahead does no harm', async () => {
    await access.authorizeRest(await sign({ apikey: key.apiKey, nbf: NOW_S() + 3, iat: NOW_S() + 3 }));
  });
});

describe('a token for joining', () => {
  const refusedPermissions = { status: 403, code: 'INVALID_PERMISSIONS', signaling: 4008 };
  test.each([
    [['allow_join'], { entry: 'allowed', moderator: false }],
    [['allow_join', 'allow_mod'], { entry: 'allowed', moderator: true }],
    [['ask_join'], { entry: 'ask', moderator: false }],
    [['ask_join', 'allow_join'], { entry: 'allowed', moderator: false }],
    [['allow_join', 'allow_mod', 'ask_join'], { entry: 'allowed', moderator: true }],
    ['allow_join', { entry: 'allowed', moderator: false }],
    [['allow_join', 'allow_all'], { entry: 'allowed', moderator: false }],
    [['allow_all'], refusedPermissions],
    [['ask_join', 'allow_mod'], refusedPermissions],
    [['allow_mod'], refusedPermissions],
    [[], refusedPermissions],
    [undefined, refusedPermissions],
  ])('with permissions %j', async (permissions, expected) => {
    const work = access.authorizeJoin(await mintToken(key, { permissions }));
    if ('status' in expected) expect(await refusal(work)).toEqual(expected);
    else expect(await work).toMatchObject({ ...expected, ownerId: key.ownerId });
  });

  test('with the role crawler alone is refused', async () => {
    const work = access.authorizeJoin(await mintToken(key, { roles: ['crawler'] }));
    expect(await refusal(work)).toEqual({ status: 403, code: 'ROLE_NOT_ALLOWED', signaling: 4024 });
    await access.authorizeJoin(await mintToken(key, { roles: ['rtc'] }));
  });
});

describe('a token that was accepted before', () => {
  test('is refused once it has expired', async () => {
    const token = await sign({ apikey: key.apiKey, exp: NOW_S() + 60 });
    await access.authorizeRest(token);
    vi.useFakeTimers({ now: Date.now() + 61_000 });
    expect(await refusal(access.authorizeRest(token))).toEqual(INVALID);
    vi.useRealTimers();
  });

  test('is refused once its key has another secret', async () => {
    const token = await mintToken(key);
    await access.authorizeRest(token);
    await access.keys.rotate(key.apiKey);
    expect(await refusal(access.authorizeRest(token))).toEqual(INVALID);
    expect(await refusal(access.authorizeRest(token))).toEqual(INVALID);
  });
});

describe('keys', () => {
  test('are looked up once for many calls', async () => {
    const token = await mintToken(key);
    await Promise.all(Array.from({ length: 50 }, () => access.authorizeRest(token)));
    expect(store.finds).toBe(1);
  });

  test('disabled here are refused at once', async () => {
    const token = await mintToken(key);
    await access.authorizeRest(token);
    await access.keys.disable(key.apiKey);
    expect(await refusal(access.authorizeRest(token))).toEqual({
      status: 401,
      code: 'API_KEY_DISABLED',
      signaling: 4053,
    });
  });

  test('disabled elsewhere are refused within about a second', async () => {
    const token = await mintToken(key);
    await access.authorizeRest(token);
    await store.disable(key.apiKey, new Date());
    await expect
      .poll(
        () =>
          access.authorizeRest(token).then(
            () => 'accepted',
            () => 'refused',
          ),
        { timeout: 1_500 },
      )
      .toBe('refused');
  });

  test('take a new secret at once and refuse the old one', async () => {
    const old = await mintToken(key);
    await access.authorizeRest(old);
    const rotated = await access.keys.rotate(key.apiKey);
    expect(await refusal(access.authorizeRest(old))).toEqual(INVALID);
    await access.authorizeRest(await mintToken(rotated));
  });

  test('have a secret for Standard Webhooks', () => {
    expect(key.webhookSecret).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/);
  });

  test('that do not exist cannot be changed', async () => {
    expect(await refusal(access.keys.disable('nope'))).toMatchObject({ status: 404 });
  });

  test('a failed lookup is not remembered', async () => {
    const find = store.find.bind(store);
    store.find = () => Promise.reject(new Error('the database is away'));
    const token = await mintToken(key);
    await expect(access.authorizeRest(token)).rejects.toThrow('the database is away');
    store.find = find;
    await access.authorizeRest(token);
  });
});
