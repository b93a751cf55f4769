// What participants may change about each other, as a table of who asks and about whom.
import { describe, expect, it } from 'vitest';
import { combinations, LiveRoomStage, MANUAL_LEAVE, type Person } from '../../test/harness/live-room-stage.ts';
import { newObserverId } from '../protocol/ids.ts';
import type { Mode } from '../protocol/signaling.ts';
import type { Moderation } from './moderation.ts';
import type { Participant } from './participant.ts';

type Action = (moderation: Moderation, by: Participant, peerId: string) => void | Promise<void>;

const SWITCH = { roomId: 'other', payload: undefined, token: undefined };

/** What takes a moderator, and the request that the other client gets. */
const ACTIONS: Record<string, { act: Action; asks?: string }> = {
  enableMic: { act: (it, by, id) => it.requestDevice(by, id, 'enableMic'), asks: 'enableMic' },
  disableMic: { act: (it, by, id) => it.requestDevice(by, id, 'disableMic'), asks: 'disableMic' },
  enableWebcam: { act: (it, by, id) => it.requestDevice(by, id, 'enableWebcam'), asks: 'enableWebcam' },
  disableWebcam: { act: (it, by, id) => it.requestDevice(by, id, 'disableWebcam'), asks: 'disableWebcam' },
  switchRoom: { act: (it, by, id) => it.requestSwitch(by, id, SWITCH), asks: 'switchRoom' },
  remove: { act: (it, by, id) => it.remove(by, id) },
};

const CALLERS = ['moderator', 'participant', 'admitted', 'asking', 'gone'] as const;

async function caller(stage: LiveRoomStage, kind: (typeof CALLERS)[number]): Promise<Person> {
  if (kind === 'admitted') return stage.enter('caller');
  if (kind === 'asking') return stage.enter('caller', { entry: 'ask' });
  const person = await stage.join('caller', { moderator: kind !== 'participant' });
  if (kind === 'gone') await stage.room.leave(person.participant, MANUAL_LEAVE);
  return person;
}

describe('a request about another participant', () => {
  it.each(
    combinations({
      action: Object.keys(ACTIONS),
      by: CALLERS,
      about: ['peer', 'nobody', 'caller'] as const,
      refuses: [false, true],
    }),
  )('$action by one who is $by about $about, whose client refuses $refuses', async ({ action, by, about, refuses }) => {
    const stage = new LiveRoomStage();
    const peer = await stage.join('peer');
    const from = await caller(stage, by);
    for (const { link } of [peer, from]) link.refuses = refuses;
    const { act, asks } = ACTIONS[action] as (typeof ACTIONS)[string];
    const acting = (async () => act(stage.room.moderation, from.participant, about))();
    if (by !== 'moderator') {
      const code = by === 'participant' ? 'INVALID_PERMISSIONS' : 'NOT_JOINED';
      await expect(acting).rejects.toMatchObject({ code });
    } else if (about === 'nobody') {
      await expect(acting).rejects.toMatchObject({ status: 404 });
    } else {
      await acting;
      const { link, participant } = about === 'peer' ? peer : from;
      if (asks) expect(link.requests).toMatchObject([{ name: asks, data: { peerId: 'caller' } }]);
      else expect([link.closed?.code, stage.room.isJoined(participant)]).toEqual([1002, false]);
      return;
    }
    expect([peer.link.asked, peer.link.closed, stage.room.isJoined(peer.participant)]).toEqual([[], undefined, true]);
  });

  it('removes through the API without a moderator', async () => {
    const stage = new LiveRoomStage();
    const [ann, bob] = [await stage.join('ann'), await stage.join('bob')];
    await stage.room.moderation.remove('api', 'ann');
    expect(ann.link.closed?.code).toBe(1010);
    expect(bob.link.got.at(-1)).toMatchObject({ method: 'peerClosed', peerId: 'ann', reason: { code: 1010 } });
  });

  it.each(CALLERS)('to close the room by one who is %s', async (by) => {
    const stage = new LiveRoomStage();
    const peer = await stage.join('peer');
    const from = await caller(stage, by);
    const closing = stage.room.moderation.closeRoom(from.participant);
    if (by !== 'moderator') await expect(closing).rejects.toThrow();
    else await closing;
    expect(stage.room.live).toBe(by !== 'moderator');
    expect(peer.link.closed?.code).toBe(by === 'moderator' ? 1006 : undefined);
  });
});

describe('a mode', () => {
  const MODES: Mode[] = ['SEND_AND_RECV', 'RECV_ONLY', 'SIGNALLING_ONLY'];

  it.each(combinations({ from: MODES, to: MODES, hidden: [false, true] }))(
    'from $from to $to, hidden $hidden',
    async ({ from, to, hidden }) => {
      const stage = new LiveRoomStage();
      const host = await stage.join('host');
      const id = hidden ? newObserverId() : 'ann';
      stage.room.expectObserver(id);
      const ann = await stage.join(id, {}, { mode: from });
      const sends = from === 'SEND_AND_RECV' && !hidden;
      const camera = { transportId: 'x', kind: 'video', rtpParameters: {}, appData: {} } as const;
      if (sends) await stage.room.forwarding.publish(ann.participant, camera);
      host.link.take();
      const written = stage.store.written.length;
      await stage.room.moderation.changeMode(ann.participant, to);
      expect(ann.participant.mode).toBe(to);
      expect(ann.media.producers.size).toBe(sends && to === 'SEND_AND_RECV' ? 1 : 0);
      const isSeen = !hidden && from !== to;
      expect(host.link.take().includes('peerModeChanged')).toBe(isSeen);
      const changes = stage.store.written.slice(written).filter((it) => it.startsWith('changeMode'));
      expect(changes).toEqual(isSeen ? [`changeMode ${ann.participant.row} ${to}`] : []);
    },
  );

  it('that cannot be stored stays as it was, and nobody hears of it', async () => {
    const stage = new LiveRoomStage();
    const [ann, bob] = [await stage.join('ann'), await stage.join('bob')];
    stage.store.next('changeMode', () => Promise.reject(new Error('the database is away')));
    bob.link.take();
    await expect(stage.room.moderation.changeMode(ann.participant, 'RECV_ONLY')).rejects.toThrow('away');
    expect([ann.participant.mode, bob.link.take()]).toEqual(['SEND_AND_RECV', []]);
  });
});

describe('a name', () => {
  it.each([false, true])('is stored and sent to all, unless hidden (%s)', async (hidden) => {
    const stage = new LiveRoomStage();
    const host = await stage.join('host');
    const id = hidden ? newObserverId() : 'ann';
    stage.room.expectObserver(id);
    const ann = await stage.join(id);
    host.link.take();
    await stage.room.moderation.rename(ann.participant, 'Anna');
    expect(ann.participant.name).toBe('Anna');
    const renamed = { method: 'peerDisplayNameChanged', peerId: id, displayName: 'Anna', oldDisplayName: id };
    expect(host.link.got).toEqual(hidden ? [] : [renamed]);
    expect(stage.store.written.some((it) => it.startsWith('rename'))).toBe(!hidden);
  });

  it('that cannot be stored stays as it was', async () => {
    const stage = new LiveRoomStage();
    const ann = await stage.join('ann');
    stage.store.next('rename', () => Promise.reject(new Error('the database is away')));
    await expect(stage.room.moderation.rename(ann.participant, 'Anna')).rejects.toThrow('away');
    expect(ann.participant.name).toBe('ann');
  });
});

describe('a pin', () => {
  it("is sent to all with who pinned, and to those who come later as the pinned one's", async () => {
    const stage = new LiveRoomStage();
    const [ann, bob] = [await stage.join('ann'), await stage.join('bob')];
    stage.room.moderation.pin(bob.participant, 'ann', { cam: true, share: false });
    const data = { peerId: 'ann', state: { cam: true, share: false } };
    for (const { link } of [ann, bob]) {
      expect(link.requests).toEqual([{ name: 'pinStateChanged', data: { ...data, pinnedBy: 'bob' } }]);
    }
    const cat = await stage.join('cat');
    expect(cat.link.requests).toEqual([{ name: 'pinStateChanged', data: { ...data, pinnedBy: 'ann' } }]);
    expect(() => stage.room.moderation.pin(bob.participant, 'nobody', { cam: true })).toThrow('nobody');
  });

  it('that is taken off again is not sent to those who come later', async () => {
    const stage = new LiveRoomStage();
    const ann = await stage.join('ann');
    for (const cam of [true, false]) stage.room.moderation.pin(ann.participant, 'ann', { cam });
    expect((await stage.join('cat')).link.asked).toEqual([]);
  });
});
