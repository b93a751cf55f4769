// Who receives which stream, as a table, and what happens when a stream or its sender goes.
import { describe, expect, it } from 'vitest';
import { combinations, LiveRoomStage, MANUAL_LEAVE, type Person, settled } from '../../test/harness/live-room-stage.ts';
import { newObserverId } from '../protocol/ids.ts';
import type { Mode, StreamKind } from '../protocol/signaling.ts';

const KINDS: StreamKind[] = ['audio', 'video', 'share', 'shareAudio'];
const MODES: Mode[] = ['SEND_AND_RECV', 'RECV_ONLY', 'SIGNALLING_ONLY'];

function publish(stage: LiveRoomStage, { participant }: Person, streamKind: StreamKind): Promise<string> {
  const isShare = streamKind === 'share' || streamKind === 'shareAudio';
  const kind = streamKind === 'audio' || streamKind === 'shareAudio' ? 'audio' : 'video';
  const appData = isShare ? { share: true } : {};
  return stage.room.forwarding.publish(participant, { transportId: 'x', kind, rtpParameters: {}, appData });
}

const data = { transportId: 'x', sctpStreamParameters: {}, label: 'chat', protocol: '', appData: {} };
const kindsOf = ({ participant }: Person) => participant.receiver.receptions('all').map(({ kind }) => kind);

describe('a stream', () => {
  it.each(
    combinations({
      kind: KINDS,
      mode: MODES,
      autoConsume: [true, false],
      requested: [true, false],
      when: ['before', 'after'] as const,
      decodes: [true, false],
    }),
  )(
    'of $kind, published $when a receiver joins in $mode: consumes automatically $autoConsume, requested $requested, decodes $decodes',
    async ({ kind, mode, autoConsume, requested, when, decodes }) => {
      const stage = new LiveRoomStage();
      const ann = await stage.join('ann');
      if (when === 'before') await publish(stage, ann, kind);
      const bob = await stage.enter('bob');
      bob.media.canConsume = decodes;
      await stage.room.join(bob.participant, {
        displayName: 'bob',
        rtpCapabilities: {},
        deviceInfo: {},
        metaData: {},
        autoConsume,
        mode,
      });
      stage.room.sendInitialState(bob.participant);
      if (requested && (kind === 'audio' || kind === 'video')) {
        stage.room.forwarding.requestStream(bob.participant, 'ann', kind);
      }
      if (when === 'after') await publish(stage, ann, kind);
      await settled();
      const needsRequest = !autoConsume && (kind === 'audio' || kind === 'video');
      const receives = decodes && mode !== 'SIGNALLING_ONLY' && (!needsRequest || requested);
      expect(kindsOf(bob)).toEqual(receives ? [kind] : []);
      expect(bob.link.asked).toEqual(receives ? ['newConsumer'] : []);
      // Everybody is notified that it is there, and nobody receives what it sends itself.
      expect(bob.link.take().filter((it) => it === 'participantMediaStateChanged')).toHaveLength(1);
      expect(kindsOf(ann)).toEqual([]);
    },
  );

  it.each(
    combinations({ kind: KINDS, end: ['closeProducer', 'leave', 'lost', 'replaced', 'session', 'worker'] as const }),
  )('of $kind that ends by $end is taken back, and its span is closed once', async ({ kind, end }) => {
    const stage = new LiveRoomStage();
    const [ann, bob] = [await stage.join('ann'), await stage.join('bob')];
    const id = await publish(stage, ann, kind);
    await settled();
    expect(kindsOf(bob)).toEqual([kind]);
    const { room } = stage;
    const { participant } = ann;
    if (end === 'closeProducer') room.forwarding.closeProducer(participant, id);
    if (end === 'leave') await room.leave(participant, MANUAL_LEAVE);
    if (end === 'lost') await room.disconnected(participant);
    if (end === 'replaced') await stage.join('ann', { token: 'other', named: true });
    if (end === 'session') await room.end('closed');
    if (end === 'worker') participant.media.close();
    await settled();
    expect(kindsOf(bob)).toEqual([]);
    // Leaving, losing the connection and the end of the session close the spans with their own write.
    const closes = stage.store.written.filter((it) => it.startsWith('closeSpan')).length;
    expect(closes).toBe(end === 'closeProducer' || end === 'worker' || end === 'replaced' ? 1 : 0);
  });

  it.each(combinations({ mode: MODES, hidden: [false, true] }))(
    'is not sent in $mode, hidden $hidden, unless it may be',
    async ({ mode, hidden }) => {
      const stage = new LiveRoomStage();
      await stage.join('host');
      const id = hidden ? newObserverId() : 'ann';
      stage.room.expectObserver(id);
      const ann = await stage.join(id, {}, { mode });
      const sending = publish(stage, ann, 'video');
      if (mode === 'SEND_AND_RECV' && !hidden) await sending;
      else await expect(sending).rejects.toMatchObject({ code: 'NOT_SENDING' });
    },
  );

  it('is not sent before joining, and not after leaving', async () => {
    const stage = new LiveRoomStage();
    const ann = await stage.enter('ann');
    await expect(publish(stage, ann, 'video')).rejects.toMatchObject({ code: 'NOT_JOINED' });
    const bob = await stage.join('bob');
    await stage.room.leave(bob.participant, MANUAL_LEAVE);
    await expect(publish(stage, bob, 'video')).rejects.toMatchObject({ code: 'NOT_JOINED' });
    expect(() => stage.room.forwarding.closeProducer(bob.participant, 'unknown')).toThrow('not being sent');
  });

  it('that is requested by hand stops when it is requested no more, and comes back', async () => {
    const stage = new LiveRoomStage();
    const [ann, bob] = [await stage.join('ann'), await stage.join('bob', {}, { autoConsume: false })];
    const { forwarding } = stage.room;
    await publish(stage, ann, 'audio');
    await publish(stage, ann, 'video');
    forwarding.requestStream(bob.participant, 'ann', 'video');
    await settled();
    expect(kindsOf(bob)).toEqual(['video']);
    forwarding.cancelRequest(bob.participant, 'ann', 'video');
    expect(kindsOf(bob)).toEqual([]);
    expect(bob.link.take()).toContain('consumerClosed');
    forwarding.requestStream(bob.participant, 'ann', 'video');
    await settled();
    expect(kindsOf(bob)).toEqual(['video']);
    expect(() => forwarding.requestStream(bob.participant, 'nobody', 'video')).toThrow('nobody');
    expect(() => forwarding.cancelRequest(bob.participant, 'nobody', 'video')).toThrow('nobody');
  });

  it('comes along when its sender switches rooms, and ends in the room that it leaves', async () => {
    const [from, to] = [new LiveRoomStage(), new LiveRoomStage()];
    const [ann, bob] = [await from.join('ann'), await from.join('bob')];
    await publish(from, ann, 'video');
    await from.room.forwarding.publishData(ann.participant, data);
    const cat = await to.join('cat');
    await settled();
    const there = await to.enter('ann', { media: ann.participant.media });
    await to.room.join(there.participant, { ...joining, displayName: 'ann' });
    await from.room.leave(ann.participant, { code: 1005, message: '' }, new Date(), true);
    to.room.sendInitialState(there.participant);
    await settled();
    expect([kindsOf(bob), kindsOf(cat)]).toEqual([[], ['video']]);
    expect(bob.link.take()).toEqual(expect.arrayContaining(['consumerClosed', 'dataConsumerClosed', 'peerClosed']));
    expect(cat.link.asked.sort()).toEqual(['newConsumer', 'newDataConsumer']);
    expect(ann.media.closed).toBe(false);
  });
});

describe('a data channel', () => {
  it.each(combinations({ mode: MODES, when: ['before', 'after'] as const }))(
    'opened $when another joins in $mode',
    async ({ mode, when }) => {
      const stage = new LiveRoomStage();
      const ann = await stage.join('ann');
      if (when === 'before') await stage.room.forwarding.publishData(ann.participant, data);
      const bob = await stage.join('bob', {}, { mode });
      if (when === 'after') await stage.room.forwarding.publishData(ann.participant, data);
      await settled();
      expect(bob.link.asked).toEqual(mode === 'SIGNALLING_ONLY' ? [] : ['newDataConsumer']);
      expect(ann.link.asked).toEqual([]);
    },
  );

  it('of which one receiver does not answer is there for its sender all the same', async () => {
    const stage = new LiveRoomStage();
    const [ann, bob] = [await stage.join('ann'), await stage.join('bob')];
    bob.link.refuses = true;
    await expect(stage.room.forwarding.publishData(ann.participant, data)).resolves.toMatch('data-producer');
  });
});

describe('who speaks', () => {
  it('is sent to all, and to participants who join while it does not change', async () => {
    const stage = new LiveRoomStage();
    const ann = await stage.join('ann');
    stage.media.speak(ann.participant.media);
    expect(stage.room.activeSpeaker).toBe('ann');
    expect(ann.link.got.at(-1)).toEqual({ method: 'activeSpeaker', peerId: 'ann' });
    const bob = await stage.join('bob');
    expect(bob.link.got.at(-1)).toEqual({ method: 'activeSpeaker', peerId: 'ann' });
    stage.media.speak(null);
    expect(bob.link.got.at(-1)).toEqual({ method: 'activeSpeaker', peerId: null });
    expect((await stage.join('cat')).link.take()).not.toContain('activeSpeaker');
  });

  it('is nobody once the session is over', async () => {
    const stage = new LiveRoomStage();
    const ann = await stage.join('ann');
    stage.media.speak(ann.participant.media);
    await stage.room.leave(ann.participant, MANUAL_LEAVE);
    expect(stage.room.activeSpeaker).toBeNull();
  });

  it('is not sent when the speaker has left', async () => {
    const stage = new LiveRoomStage();
    const ann = await stage.join('ann');
    await stage.join('bob');
    stage.media.speak(ann.participant.media);
    await stage.room.leave(ann.participant, MANUAL_LEAVE);
    expect((await stage.join('cat')).link.take()).not.toContain('activeSpeaker');
  });
});

const joining = {
  rtpCapabilities: {},
  deviceInfo: {},
  metaData: {},
  autoConsume: true,
  mode: 'SEND_AND_RECV',
} as const;
