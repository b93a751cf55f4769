// A room with fakes of its ports: what happens when something goes wrong half way.
import { beforeEach, describe, expect, it } from 'vitest';
import type { FakeLiveStore } from '../../test/harness/fake-live-store.ts';
import type { fakeMediaPlane } from '../../test/harness/fake-media.ts';
import {
  type Coming,
  combinations,
  FakeLink,
  GRANT,
  JOINING,
  LiveRoomStage,
  MANUAL_LEAVE,
  type Person,
  settled,
} from '../../test/harness/live-room-stage.ts';
import { newObserverId } from '../protocol/ids.ts';
import type { LiveRoom } from './live-room.ts';
import type { Participant } from './participant.ts';
import type { EndReason } from './ports.ts';
import type { SessionObserver } from './session-observer.ts';

let stage: LiveRoomStage;
let store: FakeLiveStore;
let media: ReturnType<typeof fakeMediaPlane>;
let room: LiveRoom;

beforeEach(() => {
  stage = new LiveRoomStage({ limits: { participants: 3, entryRequests: 1 } });
  ({ store, media, room } = stage);
});

const enter = (id: string, coming: Coming = {}) => stage.enter(id, coming);
const join = (id: string, coming: Coming = {}) => stage.join(id, coming);

/** The connection of a participant stands still, and nobody has noticed. */
function dead(id: string): void {
  (room.participant(id)?.link as FakeLink).answers = false;
}

const camera = { transportId: 'x', kind: 'video', rtpParameters: {}, appData: {} } as const;
const methods = ({ link }: Person) => link.got.map(({ method }) => method);
const fail = () => Promise.reject(new Error('the database is away'));

describe('a stream', () => {
  it('reaches the others once its beginning is recorded', async () => {
    const [ann, bob] = [await join('ann'), await join('bob')];
    const recorded = Promise.withResolvers<void>();
    store.next('openSpan', () => recorded.promise);
    const published = room.forwarding.publish(ann.participant, camera);
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
    await expect(room.forwarding.publish(ann.participant, camera)).rejects.toMatchObject({
      code: 'NOT_READY',
      status: 503,
    });
    await settled();
    expect(ann.participant.media.producers.size).toBe(0);
    expect(bob.participant.receiver.receptions('all')).toEqual([]);
    const late = await join('cat');
    await settled();
    expect(late.participant.receiver.receptions('all')).toEqual([]);
    expect(late.link.asked).toEqual([]);
    // The next one is as good as any.
    await room.forwarding.publish(ann.participant, camera);
    await settled();
    expect(bob.participant.receiver.receptions('video')).toHaveLength(1);
  });

  it('that a participant who came meanwhile was offered is taken back from them too', async () => {
    const ann = await join('ann');
    const failing = Promise.withResolvers<void>();
    store.next('openSpan', () => failing.promise);
    const published = room.forwarding.publish(ann.participant, camera);
    await settled();
    const bob = await join('bob');
    await settled();
    failing.reject(new Error('the database is away'));
    await expect(published).rejects.toThrow();
    await settled();
    expect(bob.participant.receiver.receptions('all')).toEqual([]);
    if (bob.link.asked.includes('newConsumer')) expect(methods(bob)).toContain('consumerClosed');
  });

  it('is recorded in the order in which it came and went', async () => {
    const ann = await join('ann');
    const row = ann.participant.row;
    const slow = Promise.withResolvers<void>();
    store.next('closeSpan', () => slow.promise);
    const first = await room.forwarding.publish(ann.participant, camera);
    room.forwarding.closeProducer(ann.participant, first);
    const second = room.forwarding.publish(ann.participant, camera);
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
    const id = await room.forwarding.publish(ann.participant, camera);
    store.next('closeSpan', fail);
    room.forwarding.closeProducer(ann.participant, id);
    await expect.poll(() => store.written).toContain(`closeSpan ${ann.participant.row} webcam`);
  });

  it('that ends while its beginning is recorded is recorded with its end', async () => {
    const [ann, bob] = [await join('ann'), await join('bob')];
    const recorded = Promise.withResolvers<void>();
    store.next('openSpan', () => recorded.promise);
    const published = room.forwarding.publish(ann.participant, camera);
    await settled();
    for (const id of [...ann.participant.media.producers.keys()]) room.forwarding.closeProducer(ann.participant, id);
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
    expect([stage.timesEmpty, media.open()]).toEqual([1, 0]);
  });

  it('that is full refuses a new client, and not one that comes back', async () => {
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

describe('an id that a participant holds', () => {
  it('is kept by a client that answers, whatever token another has', async () => {
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
  it('is not passed with the id of a participant who was let in', async () => {
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

/** What an observer of sessions hears, in order. */
function recorder() {
  const heard: string[] = [];
  const observer: SessionObserver = {
    began: () => heard.push('began'),
    arrived: () => heard.push('arrived'),
    changed: ({ scene }) => heard.push(`changed ${scene.map(({ id }) => id).join(' ')}`.trim()),
    spoke: (_room, id) => heard.push(`spoke ${id}`),
    ended: (_room, sessionId) => heard.push(`ended ${sessionId}`),
  };
  return { observer, heard };
}

describe('a session', () => {
  it('begins with the first join and ends with the last leave; the next one has another id', async () => {
    const { observer, heard } = recorder();
    stage = new LiveRoomStage({ sessionObserver: observer });
    const [ann, bob] = [await stage.join('ann'), await stage.join('bob')];
    const { sessionId } = stage.room;
    expect(stage.store.joins.map(({ begin }) => begin !== undefined)).toEqual([true, false]);
    await stage.room.leave(ann.participant, MANUAL_LEAVE);
    expect(stage.room.live).toBe(true);
    await stage.room.leave(bob.participant, MANUAL_LEAVE);
    expect([stage.room.live, stage.timesEmpty]).toEqual([false, 1]);
    expect(stage.store.written.slice(2)).toEqual(['leave row-1-ann', 'leave row-2-bob end']);
    expect(stage.room.sessionId).not.toBe(sessionId);
    const joins = ['began', 'changed ann', 'arrived', 'changed ann bob', 'arrived'];
    expect(heard).toEqual([...joins, 'changed bob', `ended ${sessionId}`]);
  });

  it('is one, however many join first at the same time', async () => {
    const people = await Promise.all(['ann', 'bob', 'cat'].map((id) => enter(id)));
    await Promise.all(people.map(({ participant }) => room.join(participant, { ...JOINING, displayName: 'x' })));
    expect(store.joins.map(({ begin }) => begin !== undefined)).toEqual([true, false, false]);
    expect(new Set(store.joins.map(({ sessionId }) => sessionId)).size).toBe(1);
  });

  it.each<[EndReason, number | 'dropped']>([
    ['closed', 1006],
    ['auto-closed', 1006],
    ['ended-by-api', 1009],
    ['deactivated', 1009],
    ['node-lost', 1001],
    ['node-stopped', 'dropped'],
  ])('that ends because it is %s sends all away, in any state', async (reason, outcome) => {
    const observerId = newObserverId();
    room.expectObserver(observerId);
    const people = [
      await join('ann'),
      await enter('bob'),
      await enter('cat', { entry: 'ask' }),
      await join(observerId),
    ];
    await room.end(reason);
    expect(store.written.at(-1)).toBe(`endSession ${reason}`);
    const [ann, bob, cat, observer] = people.map(({ link }) => (link.dropped ? 'dropped' : link.closed?.code));
    expect([ann, bob, cat]).toEqual([outcome, outcome, outcome]);
    expect(observer).toBe(outcome === 'dropped' ? 1001 : outcome);
    expect([media.open(), media.roomsOpen(), stage.timesEmpty, room.live]).toEqual([0, 0, 1, false]);
    await room.end(reason);
    expect(stage.timesEmpty).toBe(1);
  });

  it('whose end cannot be stored at once ends when it can', async () => {
    const ann = await join('ann');
    store.next('endSession', fail);
    await room.end('closed');
    expect([store.written.at(-1), ann.link.closed?.code]).toEqual(['endSession closed', 1006]);
  });
});

describe('a participant', () => {
  it.each(
    combinations({ sameToken: [true, false], changes: ['nothing', 'the name', 'the mode', 'metadata'] as const }),
  )('who comes back with the same token $sameToken and changes $changes', async ({ sameToken, changes }) => {
    const bob = await join('bob');
    const ann = await join('ann', { token: 'first' });
    room.moderation.pin(bob.participant, 'ann', { cam: true });
    await room.disconnected(ann.participant);
    bob.link.take();
    const back = await stage.enter('ann', {
      token: sameToken ? 'first' : 'second',
      reconnectSecret: ann.participant.reconnectSecret,
    });
    await room.join(back.participant, {
      ...JOINING,
      displayName: changes === 'the name' ? 'Anna' : 'ann',
      mode: changes === 'the mode' ? 'RECV_ONLY' : 'SEND_AND_RECV',
      metaData: changes === 'metadata' ? { a: 1 } : {},
    });
    expect(store.joins.at(-1)?.previous).toBe('resume');
    // The others hear of it only where they can see a difference.
    expect(bob.link.take()).toEqual(changes === 'nothing' ? [] : ['peerClosed', 'newPeer']);
    expect(back.participant.pin).toEqual(changes === 'nothing' ? { cam: true } : {});
    expect(room.size).toBe(2);
  });

  it('who takes the place of another is another for all', async () => {
    const bob = await join('bob');
    const ann = await join('ann');
    bob.link.take();
    await join('ann', { token: 'names ann', named: true });
    expect(store.joins.at(-1)?.previous).toBe('replace');
    expect(bob.link.take()).toEqual(['peerClosed', 'newPeer']);
    expect([ann.link.closed?.code, media.open()]).toEqual([1011, 2]);
  });

  it('who has not been let in cannot join, and one who joined cannot join again', async () => {
    await join('host');
    const asks = await enter('ann', { entry: 'ask' });
    const joining = { ...JOINING, displayName: 'ann' };
    await expect(room.join(asks.participant, joining)).rejects.toMatchObject({ code: 'NOT_ADMITTED' });
    await expect(room.join(room.participant('host') as Participant, joining)).rejects.toMatchObject({
      code: 'NOT_ADMITTED',
    });
  });

  it('whose join fails can try again', async () => {
    const ann = await enter('ann');
    store.next('join', fail);
    await expect(room.join(ann.participant, { ...JOINING, displayName: 'ann' })).rejects.toThrow('away');
    await room.join(ann.participant, { ...JOINING, displayName: 'ann' });
    expect(room.isJoined(ann.participant)).toBe(true);
  });

  it('loses all private history when it is not known what was before', async () => {
    stage = new LiveRoomStage({ latest: fail });
    const ann = await stage.join('ann');
    await stage.join('bob');
    await stage.room.leave(ann.participant, MANUAL_LEAVE);
    const other = await stage.join('ann', { token: 'another' });
    expect(other.participant.privateAfter).toBe('9223372036854775807');
  });

  it('keeps its place while the connection is lost, and leaves when the grace period is over', async () => {
    const [ann, bob] = [await join('ann'), await join('bob')];
    await room.disconnected(ann.participant);
    await room.disconnected(ann.participant);
    expect(store.written.filter((it) => it.startsWith('disconnect'))).toEqual(['disconnect ann']);
    expect([room.size, room.present.length, media.open()]).toEqual([2, 1, 1]);
    await room.reconnectTimeout('ann', new Date(0).toISOString());
    await room.reconnectTimeout('nobody', new Date(0).toISOString());
    expect(room.size).toBe(2);
    await room.reconnectTimeout('ann', String(ann.participant.lostAt?.toISOString()));
    expect(bob.link.got.at(-1)).toMatchObject({ method: 'peerClosed', reason: { code: 1001 } });
    expect(room.size).toBe(1);
  });

  it('that leaves twice leaves once', async () => {
    const [ann] = [await join('ann'), await join('bob')];
    await Promise.all([room.leave(ann.participant, MANUAL_LEAVE), room.leave(ann.participant, MANUAL_LEAVE)]);
    expect(store.written.filter((it) => it.startsWith('leave'))).toHaveLength(1);
  });

  it('gets nothing of a room that it left before its answer', async () => {
    await join('bob');
    const ann = await enter('ann');
    await room.join(ann.participant, { ...JOINING, displayName: 'ann' });
    await room.leave(ann.participant, MANUAL_LEAVE);
    ann.link.take();
    room.sendInitialState(ann.participant);
    expect([ann.link.got, ann.link.asked]).toEqual([[], []]);
  });

  it('cleans up once when its connection goes', async () => {
    const [ann] = [await join('ann'), await join('bob')];
    let times = 0;
    ann.participant.onGone(() => (times += 1));
    await room.disconnected(ann.participant);
    await room.leave(ann.participant, MANUAL_LEAVE);
    expect(times).toBe(1);
  });

  it('no longer observes values when it is gone', async () => {
    const [ann, bob] = [await join('ann'), await join('bob')];
    room.values.observe('key', ann.participant);
    room.values.set('key', 'one', 'bob');
    expect(ann.link.got.at(-1)).toMatchObject({ method: 'realtimeStoreValueChanged', value: 'one' });
    await room.leave(ann.participant, MANUAL_LEAVE);
    ann.link.take();
    room.values.set('key', 'two', bob.participant.id);
    expect(ann.link.got).toEqual([]);
  });

  it('whose media worker died is made to reconnect, and no other', async () => {
    const [ann, bob] = [await join('ann'), await join('bob')];
    const cat = await enter('cat');
    room.mediaLost(new Set([ann.participant.media, cat.participant.media]));
    expect([ann, bob, cat].map(({ link }) => link.dropped)).toEqual([true, false, true]);
  });
});

describe('an observer', () => {
  it('begins no session, is seen by nobody, and goes with the session', async () => {
    const id = newObserverId();
    room.expectObserver(id);
    const early = await enter(id);
    await expect(room.join(early.participant, { ...JOINING, displayName: 'x' })).rejects.toMatchObject({
      code: 'NO_LIVE_SESSION',
    });
    const ann = await join('ann');
    ann.link.take();
    const observer = await join(id);
    expect([ann.link.take(), room.size, room.scene.length]).toEqual([[], 1, 1]);
    expect(store.joins).toHaveLength(1);
    await room.leave(ann.participant, MANUAL_LEAVE);
    expect([observer.link.closed?.code, observer.media.closed, room.live]).toEqual([1006, true, false]);
  });

  it('that is loaded again takes its own place, and is dismissed when it is no longer expected', async () => {
    const id = newObserverId();
    const revoke = room.expectObserver(id);
    await join('ann');
    const [first, second] = [await join(id), await join(id)];
    expect([first.link.closed?.code, second.link.closed]).toEqual([1011, undefined]);
    await room.leave(first.participant, MANUAL_LEAVE);
    expect(room.isJoined(second.participant)).toBe(true);
    revoke();
    expect([second.link.closed?.code, room.isJoined(second.participant)]).toEqual([1006, false]);
  });
});
