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
    topicStore: { keep: async () => '', history: async () => [] },
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

async function join(id: string, options: { token?: string; entry?: 'allowed' | 'ask' } = {}): Promise<Person> {
  const { token = id, entry = 'allowed' } = options;
  const link = new FakeLink();
  const participant = room.enter({ link, id, name: id, grant: { ...GRANT, entry }, token });
  const joining = { displayName: id, rtpCapabilities: {}, deviceInfo: {}, metaData: {}, autoConsume: true };
  await room.join(participant, { ...joining, mode: 'SEND_AND_RECV' });
  room.begin(participant);
  return { participant, link };
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
  it('that refuses its first guest leaves nothing behind', () => {
    const observer = { link: new FakeLink(), id: newObserverId(), name: 'x', grant: GRANT, token: 'x' };
    expect(() => room.enter(observer)).toThrow('over');
    expect([isEmpty, media.open()]).toEqual([true, 0]);
  });

  it('that is full refuses whoever is new, and not whoever comes back', async () => {
    for (const id of ['ann', 'bob', 'cat']) await join(id);
    await expect(join('dan')).rejects.toMatchObject({ code: 'ROOM_FULL' });
    expect(media.open()).toBe(3);
    await join('cat');
    expect(media.open()).toBe(3);
  });

  it('has so many places before the door', async () => {
    const ask = (id: string) =>
      room.enter({ link: new FakeLink(), id, name: id, grant: { ...GRANT, entry: 'ask' }, token: id });
    ask('ann');
    expect(() => ask('bob')).toThrow('The room is full.');
    expect(media.open()).toBe(1);
  });

  it('whose first join cannot be written has no session', async () => {
    store.next('join', fail);
    await expect(join('ann')).rejects.toThrow('away');
    expect(room.live).toBe(false);
    await join('ann');
    expect(room.live).toBe(true);
  });
});
