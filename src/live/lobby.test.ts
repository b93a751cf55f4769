// Who may have an id, as a table: every combination of holder and newcomer, and what becomes of each.
import { describe, expect, it } from 'vitest';
import { combinations, LiveRoomStage, type Person, settled } from '../../test/harness/live-room-stage.ts';
import { newObserverId } from '../protocol/ids.ts';

type Outcome = 'free' | 'named' | 'back' | 'refused' | 'waits';

/** The connection of the holder: it answers, is dead without anybody noticing, is known to be lost, or its page was closed. */
const CONNECTIONS = ['answers', 'dead', 'lost', 'page closed'] as const;
const CASES = combinations({
  connection: CONNECTIONS,
  holderIsNamed: [false, true],
  namesId: [false, true],
  sameToken: [false, true],
  showsSecret: [false, true],
});
type Case = (typeof CASES)[number];

/** The first row whose facts all hold decides. */
const RULES: { when: Partial<Case>; outcome: Outcome }[] = [
  { when: { showsSecret: true }, outcome: 'back' },
  { when: { namesId: true, sameToken: true }, outcome: 'back' },
  { when: { namesId: true, connection: 'lost' }, outcome: 'back' },
  { when: { namesId: true, connection: 'page closed' }, outcome: 'back' },
  { when: { namesId: true }, outcome: 'named' },
  { when: { holderIsNamed: true }, outcome: 'refused' },
  { when: { connection: 'answers' }, outcome: 'refused' },
  { when: { sameToken: true }, outcome: 'back' },
  { when: { connection: 'page closed' }, outcome: 'free' },
  { when: {}, outcome: 'waits' },
];

function expected(fact: Case): Outcome | undefined {
  return RULES.find(({ when }) => Object.entries(when).every(([key, value]) => fact[key as keyof Case] === value))
    ?.outcome;
}

async function hold(stage: LiveRoomStage, { connection, holderIsNamed }: Case): Promise<Person> {
  const holder = await stage.join('ann', { token: 'first', named: holderIsNamed });
  if (connection !== 'answers') holder.link.answers = false;
  if (connection === 'page closed') holder.link.wentAway = true;
  if (connection === 'lost' || connection === 'page closed') await stage.room.disconnected(holder.participant);
  return holder;
}

async function outcomeOf(entering: Promise<Person>): Promise<Outcome> {
  const refused = entering.then(
    ({ participant }) => participant.claim,
    (error) => {
      expect(error).toMatchObject({ signalingCode: 4005 });
      return 'refused' as const;
    },
  );
  return Promise.race([refused, settled().then(() => 'waits' as const)]);
}

describe('an id that a participant holds', () => {
  it.each(CASES)(
    '$connection, holder named $holderIsNamed, names it $namesId, same token $sameToken, secret $showsSecret',
    async (fact) => {
      const stage = new LiveRoomStage();
      const holder = await hold(stage, fact);
      const entering = stage.enter('ann', {
        token: fact.sameToken ? 'first' : 'second',
        named: fact.namesId,
        reconnectSecret: fact.showsSecret ? holder.participant.reconnectSecret : undefined,
      });
      expect(await outcomeOf(entering)).toBe(expected(fact));
      // The holder stays in its place until the other one joins.
      expect(stage.room.participant('ann')).toBe(holder.participant);
      await stage.room.end('closed');
      await entering.catch(() => undefined);
    },
  );
});

describe('an id that nobody has joined under', () => {
  const states = combinations({
    state: ['admitted', 'asking'] as const,
    alive: [false, true],
    sameToken: [false, true],
    namesId: [false, true],
  });

  it.each(states)('held by one who is $state, alive $alive: same token $sameToken, names it $namesId', async (fact) => {
    const stage = new LiveRoomStage();
    await stage.join('host');
    const entry = fact.state === 'asking' ? 'ask' : 'allowed';
    const first = await stage.enter('ann', { token: 'first', entry });
    first.link.answers = fact.alive;
    const entering = stage.enter('ann', { token: fact.sameToken ? 'first' : 'second', named: fact.namesId, entry });
    const outcome = await outcomeOf(entering);
    const takes = fact.namesId || (fact.sameToken && !fact.alive);
    expect(outcome).toBe(takes ? (fact.sameToken ? 'back' : 'named') : fact.alive ? 'refused' : 'waits');
    expect(first.link.closed?.code).toBe(takes ? 1011 : undefined);
    expect(stage.media.open()).toBe(2);
    await stage.room.end('closed');
    await entering.catch(() => undefined);
  });
});

describe('a client that asks', () => {
  it('is announced to those who may decide, also to those who come later, and to no others', async () => {
    const stage = new LiveRoomStage();
    const host = await stage.join('host');
    const guest = await stage.enter('guest', { entry: 'ask' });
    stage.room.decide(host.participant, 'guest', 'allowed');
    await stage.room.join(guest.participant, { ...guestJoining, displayName: 'guest' });
    stage.room.sendInitialState(guest.participant);
    for (const { link } of [host, guest]) link.take();
    await stage.enter('ann', { entry: 'ask' });
    expect([host.link.take(), guest.link.take()]).toEqual([['entryRequested'], []]);
    const second = await stage.join('second');
    expect(second.link.take()).toContain('entryRequested');
  });

  it.each(combinations({ decision: ['allowed', 'denied'] as const, switching: [false, true] }))(
    'hears that it is $decision, switching $switching, and so do all others',
    async ({ decision, switching }) => {
      const stage = new LiveRoomStage();
      const host = await stage.join('host');
      const ann = await stage.enter('ann', { entry: 'ask', ...(switching && { switchingRoomId: 'other' }) });
      stage.room.decide(host.participant, 'ann', decision);
      const { sessionId } = stage.room;
      const response = { method: 'entryResponded', id: 'ann', decision, sessionId };
      expect(ann.link.got).toEqual([{ ...response, ...(switching && { switchingRoomId: 'other' }) }]);
      expect(host.link.got.at(-1)).toEqual(response);
      expect(stage.room.isAdmitted(ann.participant)).toBe(decision === 'allowed');
      expect(() => stage.room.decide(host.participant, 'ann', decision)).toThrow('not found');
    },
  );

  it('is decided on by nobody who had to ask', async () => {
    const stage = new LiveRoomStage();
    const host = await stage.join('host');
    const guest = await stage.enter('guest', { entry: 'ask' });
    const ann = await stage.enter('ann', { entry: 'ask' });
    stage.room.decide(host.participant, 'guest', 'allowed');
    expect(() => stage.room.decide(guest.participant, 'ann', 'allowed')).toThrow('allow_join');
    expect(stage.room.isAdmitted(ann.participant)).toBe(false);
  });

  it('can be denied, and ask again', async () => {
    const stage = new LiveRoomStage();
    const host = await stage.join('host');
    await stage.enter('ann', { entry: 'ask' });
    stage.room.decide(host.participant, 'ann', 'denied');
    const again = await stage.enter('ann', { entry: 'ask' });
    stage.room.decide(host.participant, 'ann', 'allowed');
    expect(stage.room.isAdmitted(again.participant)).toBe(true);
  });

  it('keeps the room open until it goes', async () => {
    const stage = new LiveRoomStage();
    const host = await stage.join('host');
    const ann = await stage.enter('ann', { entry: 'ask' });
    await stage.room.leave(host.participant, { code: 1101, message: '' });
    expect(stage.timesEmpty).toBe(0);
    await stage.room.disconnected(ann.participant);
    expect([stage.timesEmpty, stage.media.open(), stage.media.roomsOpen()]).toEqual([1, 0, 0]);
  });
});

describe('places', () => {
  it.each(
    combinations({ joined: [0, 1, 2], admitted: [0, 1, 2], asking: [0, 1, 2], entry: ['allowed', 'ask'] as const }),
  )(
    'with $joined joined, $admitted admitted and $asking asking, one more who is $entry',
    async ({ joined, admitted, asking, entry }) => {
      const stage = new LiveRoomStage({ limits: { participants: 3, entryRequests: 2 } });
      let refused = 0;
      const attempt = (entering: Promise<unknown>) => entering.catch(() => (refused += 1));
      for (let i = 0; i < joined; i++) await attempt(stage.join(`joined-${i}`));
      for (let i = 0; i < admitted; i++) await attempt(stage.enter(`admitted-${i}`));
      for (let i = 0; i < asking; i++) await attempt(stage.enter(`asking-${i}`, { entry: 'ask' }));
      expect(refused).toBe(Math.max(0, joined + admitted - 3));
      const isFull = entry === 'ask' ? asking >= 2 : joined + admitted >= 3;
      const entering = stage.enter('one-more', { entry });
      if (isFull) await expect(entering).rejects.toMatchObject({ code: 'ROOM_FULL' });
      else await entering;
    },
  );
});

it('lets an observer in only while it is expected, and never in the place of another', async () => {
  const stage = new LiveRoomStage({ limits: { participants: 1 } });
  await stage.join('ann');
  const id = newObserverId();
  await expect(stage.enter(id)).rejects.toThrow('over');
  const revoke = stage.room.expectObserver(id);
  const observer = await stage.enter(id);
  expect([observer.participant.hidden, observer.participant.claim]).toEqual([true, 'free']);
  revoke();
  await expect(stage.enter(id)).rejects.toThrow('over');
});

const guestJoining = {
  rtpCapabilities: {},
  deviceInfo: {},
  metaData: {},
  autoConsume: true,
  mode: 'SEND_AND_RECV',
} as const;
