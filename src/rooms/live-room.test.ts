// A room with fakes of its ports: what happens when something goes wrong half way.
import { pino } from 'pino';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeLiveStore } from '../../test/harness/fake-live-store.ts';
import { fakeMediaPlane } from '../../test/harness/fake-media.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { newObserverId } from '../protocol/ids.ts';
import type { LeaveReason, Notification } from '../protocol/signaling.ts';
import type { ParticipantLink } from './link.ts';
import { LiveRoom } from './live-room.ts';
import type { Participant } from './participant.ts';

const log = pino({ level: 'silent' });
const FACTS = { roomId: 'room', ownerId: 'owner', apiKey: 'key' };
const GRANT = { ownerId: 'owner', entry: 'allowed', moderator: true } as const;

class FakeLink implements ParticipantLink {
  readonly got: Notification[] = [];
  readonly asked: string[] = [];
  closed: LeaveReason | undefined;
  notify(notification: Notification): void {
    this.got.push(notification);
  }
  async request(name: string): Promise<void> {
    this.asked.push(name);
  }
  close(reason: LeaveReason): void {
    this.closed = reason;
  }
  drop(): void {}
  answers = true;
  wentAway = false;
  async isAlive(): Promise<boolean> {
    return this.answers;
  }
}

let store: FakeLiveStore;
let media: ReturnType<typeof fakeMediaPlane>;
let room: LiveRoom;
let isEmpty: boolean;

beforeEach(() => {
  store = new FakeLiveStore();
  media = fakeMediaPlane();
  isEmpty = false;
  room = new LiveRoom({
    facts: FACTS,
    store,
    topicStore: { keep: async () => '', history: async () => [], latest: async () => '7' },
    media: media.plane,
    limits: { ...DEFAULT_LIMITS, participants: 3, entryRequests: 1 },
    log,
    onEmpty: () => {
      isEmpty = true;
    },
  });
});

interface Person {
  participant: Participant;
  link: FakeLink;
}

interface Coming {
  token?: string;
  entry?: 'allowed' | 'ask';
  /** Whether the token names the participant. */
  named?: boolean;
  reconnectSecret?: string;
}

async function enter(
  id: string,
  { token = id, entry = 'allowed', named = false, ...more }: Coming = {},
): Promise<Person> {
  const link = new FakeLink();
  const grant = { ...GRANT, entry, ...(named && { participantId: id }) };
  return { link, participant: await room.enter({ link, id, name: id, grant, token, ...more }) };
}

async function join(id: string, coming: Coming = {}): Promise<Person> {
  const { link, participant } = await enter(id, coming);
  const joining = { displayName: id, rtpCapabilities: {}, deviceInfo: {}, metaData: {}, autoConsume: true };
  await room.join(participant, { ...joining, mode: 'SEND_AND_RECV' });
  room.begin(participant);
  return { participant, link };
}

/** The connection of somebody stands still, and nobody has noticed. */
function dead(id: string): void {
  (room.participant(id)?.link as FakeLink).answers = false;
}

const camera = { transportId: 'x', kind: 'video', rtpParameters: {}, appData: {} } as const;
const methods = ({ link }: Person) => link.got.map(({ method }) => method);
const fail = () => Promise.reject(new Error('the database is away'));

/** Until all that nobody waits for has been done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

describe('a stream', () => {
  it('reaches the others once its beginning is recorded', async () => {
    const [ann, bob] = [await join('ann'), await join('bob')];
    const recorded = Promise.withResolvers<void>();
    store.next('openSpan', () => recorded.promise);
    const published = room.publish(ann.participant, camera);
    await settled();
    expect(bob.link.asked).toEqual([]);
    recorded.resolve();
    await published;
    await settled();
    expect(bob.link.asked).toEqual(['newConsumer']);
    expect(methods(bob)).toContain('participantMediaStateChanged');
  });

  it('whose beginning cannot be recorded is refused, and nobody keeps it', async () => {
    const [ann, bob] = [await join('ann'), await join('bob')];
    store.next('openSpan', fail);
    await expect(room.publish(ann.participant, camera)).rejects.toMatchObject({ code: 'NOT_READY', status: 503 });
    await settled();
    expect(ann.participant.media.producers.size).toBe(0);
    expect(bob.participant.receptions('all')).toEqual([]);
    const late = await join('cat');
    await settled();
    expect(late.participant.receptions('all')).toEqual([]);
    expect(late.link.asked).toEqual([]);
    // The next one is as good as any.
    await room.publish(ann.participant, camera);
    await settled();
    expect(bob.participant.receptions('video')).toHaveLength(1);
  });

  it('that somebody who came meanwhile was offered is taken back from them too', async () => {
    const ann = await join('ann');
    const failing = Promise.withResolvers<void>();
    store.next('openSpan', () => failing.promise);
    const published = room.publish(ann.participant, camera);
    await settled();
    const bob = await join('bob');
    await settled();
    failing.reject(new Error('the database is away'));
    await expect(published).rejects.toThrow();
    await settled();
    expect(bob.participant.receptions('all')).toEqual([]);
    if (bob.link.asked.includes('newConsumer')) expect(methods(bob)).toContain('consumerClosed');
  });

  it('is recorded in the order in which it came and went', async () => {
    const ann = await join('ann');
    const row = ann.participant.row;
    const slow = Promise.withResolvers<void>();
    store.next('closeSpan', () => slow.promise);
    const first = await room.publish(ann.participant, camera);
    room.unpublish(ann.participant, first);
    const second = room.publish(ann.participant, camera);
    await settled();
    expect(store.written).toEqual(['join ann', `openSpan ${row} webcam`]);
    slow.resolve();
    await second;
    expect(store.written.slice(1)).toEqual([
      `openSpan ${row} webcam`,
      `closeSpan ${row} webcam`,
      `openSpan ${row} webcam`,
    ]);
  });

  it('whose end cannot be recorded at once is recorded later', async () => {
    const ann = await join('ann');
    const id = await room.publish(ann.participant, camera);
    store.next('closeSpan', fail);
    room.unpublish(ann.participant, id);
    await expect.poll(() => store.written).toContain(`closeSpan ${ann.participant.row} webcam`);
  });

  it('that ends while its beginning is recorded is recorded with its end', async () => {
    const [ann, bob] = [await join('ann'), await join('bob')];
    const recorded = Promise.withResolvers<void>();
    store.next('openSpan', () => recorded.promise);
    const published = room.publish(ann.participant, camera);
    await settled();
    for (const id of [...ann.participant.media.producers.keys()]) room.unpublish(ann.participant, id);
    recorded.resolve();
    await published;
    await settled();
    expect(bob.link.asked).toEqual([]);
    const row = ann.participant.row;
    expect(store.written.slice(2, 4)).toEqual([`openSpan ${row} webcam`, `closeSpan ${row} webcam`]);
  });
});

describe('a room', () => {
  it('that refuses its first guest leaves nothing behind', async () => {
    const observer = { link: new FakeLink(), id: newObserverId(), name: 'x', grant: GRANT, token: 'x' };
    await expect(room.enter(observer)).rejects.toThrow('over');
    expect([isEmpty, media.open()]).toEqual([true, 0]);
  });

  it('that is full refuses whoever is new, and not whoever comes back', async () => {
    for (const id of ['ann', 'bob', 'cat']) await join(id);
    await expect(join('dan')).rejects.toMatchObject({ code: 'ROOM_FULL' });
    expect(media.open()).toBe(3);
    dead('cat');
    await join('cat');
    expect(media.open()).toBe(3);
  });

  it('has so many places before the door', async () => {
    const ask = (id: string) =>
      room.enter({ link: new FakeLink(), id, name: id, grant: { ...GRANT, entry: 'ask' }, token: id });
    await ask('ann');
    await expect(ask('bob')).rejects.toThrow('The room is full.');
    expect(media.open()).toBe(1);
  });

  it('whose first join cannot be written has no session', async () => {
    store.next('join', fail);
    await expect(join('ann')).rejects.toThrow('away');
    expect(room.live).toBe(false);
    await join('bob');
    expect(room.live).toBe(true);
  });
});

describe('an id that somebody holds', () => {
  it('is kept by whoever answers, whatever token another has', async () => {
    const ann = await join('ann', { token: 'shared' });
    await expect(join('ann', { token: 'another' })).rejects.toMatchObject({ signalingCode: 4005 });
    await expect(join('ann', { token: 'shared' })).rejects.toMatchObject({ signalingCode: 4005 });
    expect(room.participant('ann')).toBe(ann.participant);
    expect(ann.link.closed).toBeUndefined();
  });

  it('goes to a token that names it, and from such a token to no other', async () => {
    const first = await join('ann');
    const second = await join('ann', { token: 'names ann', named: true });
    expect(first.link.closed).toMatchObject({ code: 1011 });
    dead('ann');
    await expect(join('ann', { token: 'another' })).rejects.toMatchObject({ signalingCode: 4005 });
    expect(room.participant('ann')).toBe(second.participant);
    const third = await join('ann', { token: 'names ann too', named: true });
    expect(second.link.closed).toMatchObject({ code: 1011 });
    expect(room.participant('ann')).toBe(third.participant);
  });

  it('goes back to the same token once the old connection is dead, and nobody notices', async () => {
    const bob = await join('bob');
    await join('ann', { token: 'shared' });
    dead('ann');
    const before = bob.link.got.length;
    await join('ann', { token: 'shared' });
    expect(bob.link.got.slice(before).map(({ method }) => method)).toEqual([]);
    expect(store.written.filter((it) => it.startsWith('leave'))).toEqual([]);
  });

  it('goes back at once to who shows the secret of the last join', async () => {
    const { participant } = await join('ann');
    const again = await join('ann', { token: 'fresh', reconnectSecret: participant.reconnectSecret });
    expect(again.participant.claim).toBe('back');
    await expect(join('ann', { token: 'fresh', reconnectSecret: 'guessed' })).rejects.toMatchObject({
      signalingCode: 4005,
    });
  });

  it('waits for who lost the connection, and goes to another when they are given up', async () => {
    await join('bob');
    const ann = await join('ann');
    await room.disconnected(ann.participant);
    const other = join('ann', { token: 'another' });
    await settled();
    expect(room.participant('ann')).toBe(ann.participant);
    await room.reconnectTimeout('ann', String(ann.participant.lostAt?.toISOString()));
    expect((await other).participant.claim).toBe('free');
  });

  it('stays with who comes back while another waits for it', async () => {
    const ann = await join('ann');
    await room.disconnected(ann.participant);
    const other = join('ann', { token: 'another' });
    const refused = expect(other).rejects.toMatchObject({ signalingCode: 4005 });
    await settled();
    const back = await join('ann');
    await refused;
    expect(room.participant('ann')).toBe(back.participant);
    expect(back.participant.claim).toBe('back');
  });

  it('is free at once when the page that held it was closed', async () => {
    const ann = await join('ann');
    ann.link.wentAway = true;
    await room.disconnected(ann.participant);
    expect((await join('ann', { token: 'a new one' })).participant.claim).toBe('free');
  });

  it('keeps what was private to its earlier holder', async () => {
    const ann = await join('ann');
    await join('bob');
    await room.leave(ann.participant, { code: 1101, message: '' });
    expect((await join('ann', { token: 'another' })).participant.privateAfter).toBe('7');
    await room.leave(room.participant('ann') as Participant, { code: 1101, message: '' });
    expect((await join('ann', { token: 'another' })).participant.privateAfter).toBeUndefined();
    await room.leave(room.participant('ann') as Participant, { code: 1101, message: '' });
    expect((await join('ann', { token: 'names', named: true })).participant.privateAfter).toBeUndefined();
  });
});

describe('the lobby', () => {
  it('is not passed with the id of somebody who was let in', async () => {
    await join('host');
    const ann = await enter('ann', { token: 'asks', entry: 'ask' });
    room.decide(room.participant('host') as Participant, 'ann', 'allowed');
    expect(room.isAdmitted(ann.participant)).toBe(true);
    await expect(enter('ann', { token: 'asks', entry: 'ask' })).rejects.toMatchObject({ signalingCode: 4005 });
    await expect(enter('ann', { token: 'asks too', entry: 'ask' })).rejects.toMatchObject({ signalingCode: 4005 });
  });

  it('has one who asks under one id', async () => {
    await join('host');
    const first = await enter('ann', { token: 'asks', entry: 'ask' });
    await expect(enter('ann', { token: 'asks', entry: 'ask' })).rejects.toMatchObject({ signalingCode: 4005 });
    first.link.answers = false;
    const second = await enter('ann', { token: 'asks', entry: 'ask' });
    expect(first.link.closed).toMatchObject({ code: 1011 });
    room.decide(room.participant('host') as Participant, 'ann', 'allowed');
    expect([first, second].map(({ participant }) => room.isAdmitted(participant))).toEqual([false, true]);
  });

  it('is passed once by who comes back to it', async () => {
    await join('host');
    const ann = await enter('ann', { token: 'asks', entry: 'ask' });
    room.decide(room.participant('host') as Participant, 'ann', 'allowed');
    ann.link.answers = false;
    const again = await enter('ann', { token: 'asks', entry: 'ask' });
    expect(room.isAdmitted(again.participant)).toBe(true);
  });
});
