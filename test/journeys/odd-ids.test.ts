// Ids that the official SDK pastes into an address as they are, and texts that no message can hold: everybody gets in, or
// is answered why not.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Person, Stage } from '../harness/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.set({ env: { ROOMFUL_LIMIT_JOIN_TIME: '1000' } });
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const QUIET: Person = { camera: false, mic: false, options: { mode: 'SIGNALLING_ONLY' } };

describe('a room that is called', () => {
  it.each(['me & you', '50% off', 'a=b', '[team] 1', 'a+b', 'ü/?', 'a%20b', 'x&peerId=y'])(
    '%s is joined by that name, and found by it',
    async (customRoomId) => {
      const { roomId } = await stage.backend.rooms.create({ customRoomId });
      // Neighbours that would be found if the id were read in another way.
      for (const other of [customRoomId.split(/[&=%\]]/, 1)[0] ?? '', 'a b']) {
        await stage.backend.rooms.create({ customRoomId: other });
      }
      await using tab = await stage.enter(customRoomId, 'ann', QUIET);
      const { data } = await stage.backend.sessions.list({ roomId });
      expect(data).toMatchObject([{ roomId, customRoomId, participants: [{ participantId: 'ann' }] }]);
      await tab.leave();
    },
  );

  it('#1 is none: who makes it is told why', async () => {
    await expect(stage.backend.rooms.create({ customRoomId: '#1' })).rejects.toThrow(/without #/);
  });
});

describe('a participant', () => {
  const refusal = async (id: string, person: Person = {}): Promise<string> => {
    const room = await stage.room();
    await using tab = await stage.open(room, id, { ...QUIET, ...person });
    const reason = await tab.meeting('join').then(
      async () => {
        const { data } = await tab.event('error');
        await tab.event('meeting-left');
        return JSON.stringify(data);
      },
      ({ message }: Error) => message,
    );
    return reason;
  };

  it.each([
    ['two words', /without whitespace/],
    ['a#b', /# in it never arrives/],
    ['a=b', /did not join/],
    ['x'.repeat(10_000), /Unable to join/],
  ])('called %s is answered', async (id, reason) => {
    expect(await refusal(id)).toMatch(reason);
  });

  it.each([
    ['300 KB of metaData', 300_000, /metaData: must be an object of at most 16 KiB/],
    ['more than any message may have', 2_000_000, /at most 1572864 bytes/],
  ])('with %s is answered', async (_, size, reason) => {
    expect(await refusal('large', { options: { ...QUIET.options, metaData: { note: 'x'.repeat(size) } } })).toMatch(
      reason,
    );
  });

  it('whose name was cut within an emoji gets in, and so do its messages', async () => {
    const room = await stage.room();
    await using ann = await stage.enter(room, 'ann', QUIET);
    await ann.subscribe('CHAT');
    const metaData = { bio: 'waves \ud83d' };
    await using bob = await stage.enter(room, 'bob', {
      ...QUIET,
      name: 'Bob \ud83d',
      options: { ...QUIET.options, metaData },
    });
    const joined = await ann.event('participant-joined', { of: 'bob' });
    expect(joined).toBeDefined();
    const { others } = await ann.view();
    expect(others.map(({ displayName }) => displayName)).toEqual(['Bob \ufffd']);
    await bob.publish('CHAT', 'hello \ud83d', { persist: true });
    const { data } = await ann.event('message', { of: 'CHAT' });
    expect(JSON.stringify(data)).toContain('hello \ufffd');
    await expect(bob.publish('half \ud83d', 'hello')).rejects.toThrow(/well-formed/);
  });
});
