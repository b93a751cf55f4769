import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { Invites } from './invites.ts';

const KEY = {
  apiKey: 'key',
  secret: 's'.repeat(64),
  previousSecret: null as string | null,
  previousSecretUntil: null as Date | null,
  disabledAt: null as Date | null,
};
const WISH = { roomId: 'abcd-efgh-ijkl', name: 'Ann', permissions: ['ask_join'] as const };
const soon = () => new Date(Date.now() + 60_000);

describe('an invite', () => {
  it('is exchanged for tokens that allow what it says, in its room only', async () => {
    const invites = new Invites(async () => KEY);
    const invite = await invites.create('key', WISH, soon());
    const [first, second] = [await invites.redeem(invite), await invites.redeem(invite)];
    expect(first).toMatchObject(WISH);
    const claims = decodeJwt(first.token);
    expect(claims).toMatchObject({ apikey: 'key', roomId: WISH.roomId, permissions: ['ask_join'], roles: ['rtc'] });
    expect(claims.participantId).not.toBe(decodeJwt(second.token).participantId);
  });

  it('gives tokens that end with it, and stays good while its key has two secrets', async () => {
    const key = { ...KEY };
    const invites = new Invites(async () => key);
    const end = soon();
    const invite = await invites.create('key', WISH, end);
    Object.assign(key, { secret: 'another', previousSecret: KEY.secret, previousSecretUntil: soon() });
    const { exp = 0 } = decodeJwt((await invites.redeem(invite)).token);
    expect(exp).toBeLessThanOrEqual(Math.ceil(end.getTime() / 1000));
    key.previousSecretUntil = new Date(Date.now() - 1);
    await expect(invites.redeem(invite)).rejects.toMatchObject({ code: 'INVALID_INVITE' });
  });

  it('is void once it is late, or its key is rotated, disabled or gone', async () => {
    const key = { ...KEY };
    const invites = new Invites(async () => key);
    const late = await invites.create('key', WISH, new Date(Date.now() - 1000));
    const refused = { code: 'INVALID_INVITE', status: 403 };
    await expect(invites.redeem(late)).rejects.toMatchObject(refused);
    const invite = await invites.create('key', WISH, soon());
    key.secret = 'another';
    await expect(invites.redeem(invite)).rejects.toMatchObject(refused);
    Object.assign(key, KEY, { disabledAt: new Date() });
    await expect(invites.redeem(invite)).rejects.toMatchObject(refused);
    await expect(new Invites(async () => undefined).redeem(invite)).rejects.toMatchObject(refused);
  });

  it('cannot be made from a token, and is none', async () => {
    const invites = new Invites(async () => KEY);
    const { token } = await invites.redeem(await invites.create('key', WISH, soon()));
    for (const odd of [token, '', 'a.b.c', 'x'.repeat(10_000)]) {
      await expect(invites.redeem(odd)).rejects.toMatchObject({ code: 'INVALID_INVITE' });
    }
  });
});
