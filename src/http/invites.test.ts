import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mintToken, PUBLIC_URL, startTestApi, type TestApi } from '../../test/harness/test-api.ts';
import { guestTokenRoutes, inviteRoutes } from './routes/invites.ts';

let api: TestApi;
let roomId: string;
beforeAll(async () => {
  api = await startTestApi({
    withDatabase: async (_, { access, rooms }) => ({
      v2: [inviteRoutes({ access, rooms, publicUrl: () => PUBLIC_URL })],
      open: (callers) => [guestTokenRoutes({ access, callers })],
    }),
  });
  roomId = (await api.call('POST', '/v2/rooms', {})).body.roomId;
});
afterAll(() => api?.close());

const invite = (body: unknown, token?: string) => api.call('POST', `/v2/rooms/${roomId}/invite`, body, token);

describe('an invite', () => {
  it('is a link whose signed part is exchanged for a token of a new guest', async () => {
    const made = await invite({ name: 'Ann', permissions: ['ask_join'], expiresIn: 3600 });
    expect(made.status).toBe(200);
    expect(made.body).toMatchObject({ roomId, url: `${PUBLIC_URL}/meet/${roomId}#invite=${made.body.invite}` });
    expect(Date.parse(made.body.expiresAt) - Date.now()).toBeLessThanOrEqual(3_600_000);
    const guest = await api.call('POST', '/meet-api/guest-token', { invite: made.body.invite }, '');
    expect(guest).toMatchObject({ status: 200, body: { roomId, name: 'Ann' } });
    expect(decodeJwt(guest.body.token)).toMatchObject({ roomId, permissions: ['ask_join'], roles: ['rtc'] });
  });

  it('is no token, and a guest cannot invite', async () => {
    const { body } = await invite({});
    expect((await api.call('GET', `/v2/rooms/${roomId}`, undefined, body.invite)).status).toBe(401);
    const guest = await api.call('POST', '/meet-api/guest-token', { invite: body.invite }, '');
    expect((await invite({}, guest.body.token)).status).toBe(403);
  });

  it('is only made for one’s own rooms, and with permissions that let somebody in', async () => {
    expect((await invite({}, await mintToken(api.otherKey))).status).toBe(404);
    for (const permissions of [['allow_mod'], ['ask_join', 'allow_mod'], ['everything'], []]) {
      expect((await invite({ permissions })).status, String(permissions)).toBeGreaterThanOrEqual(400);
    }
    for (const expiresIn of [0, 1e12, 'long']) expect((await invite({ expiresIn })).status).toBe(400);
  });

  it('that is not good is refused in words', async () => {
    const answer = await api.call('POST', '/meet-api/guest-token', { invite: 'a.b.c' }, '');
    expect(answer).toMatchObject({ status: 403, body: { code: 4002 } });
    expect(answer.body.message).toContain('invitation');
  });
});
