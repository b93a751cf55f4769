// What one participant receives: consumers that are paused, closed, refused, or lost.
import { beforeEach, describe, expect, it } from 'vitest';
import type { FakeConsumer } from '../../test/harness/fake-media.ts';
import { combinations, LiveRoomStage, type Person, settled } from '../../test/harness/live-room-stage.ts';
import type { Receiver } from './receiver.ts';

let stage: LiveRoomStage;
let ann: Person;
let bob: Person;
let receiver: Receiver;

const publish = (kind: 'audio' | 'video', appData = {}) =>
  stage.room.forwarding.publish(ann.participant, { transportId: 'x', kind, rtpParameters: {}, appData });
const consumer = () => [...bob.media.consumers.values()].at(-1) as FakeConsumer;

beforeEach(async () => {
  stage = new LiveRoomStage();
  ann = await stage.join('ann');
  bob = await stage.join('bob');
  ({ receiver } = bob.participant);
  bob.link.take();
});

describe('a consumer', () => {
  beforeEach(async () => {
    await publish('video');
    await settled();
    bob.link.take();
  });

  it('is resumed once the client has taken it', () => {
    expect(consumer().done).toEqual(['resume']);
  });

  it.each<[string, (id: string) => Promise<void>, string[]]>([
    ['pause', (id) => receiver.pause(id), ['pause']],
    ['resume', (id) => receiver.resume(id), ['resume']],
    ['priority', (id) => receiver.setPriority(id, 3), ['priority 3']],
    ['key frame', (id) => receiver.requestKeyFrame(id), ['key frame']],
    ['layers of a stream with one', (id) => receiver.setPreferredLayers(id, { spatialLayer: 1 }), []],
  ])('takes %s, and fails for one that is not there', async (_name, request, done) => {
    const { id } = consumer();
    consumer().done.length = 0;
    await request(id);
    expect(consumer().done).toEqual(done);
    await expect(request('unknown')).rejects.toMatchObject({ status: 404 });
  });

  it('takes layers where there are several', async () => {
    consumer().type = 'simulcast';
    await receiver.setPreferredLayers(consumer().id, { spatialLayer: 1, temporalLayer: 2 });
    expect(consumer().done.at(-1)).toBe('layers {"spatialLayer":1,"temporalLayer":2}');
  });

  it.each([
    ['producerpause', undefined, { method: 'consumerPaused' }],
    ['producerresume', undefined, { method: 'consumerResumed' }],
    ['score', 7, { method: 'consumerScore', score: 7 }],
    ['layerschange', { spatialLayer: 1 }, { method: 'consumerLayersChanged', spatialLayer: 1, temporalLayer: null }],
    ['layerschange', undefined, { method: 'consumerLayersChanged', spatialLayer: null, temporalLayer: null }],
    ['producerclose', undefined, { method: 'consumerClosed' }],
  ])('passes on %s', (event, payload, notification) => {
    consumer().emit(event, payload);
    expect(bob.link.got).toEqual([{ ...notification, consumerId: consumer().id }]);
  });

  it('that goes with its transport goes without a notification', () => {
    consumer().emit('transportclose');
    expect([receiver.receptions('all'), bob.link.got]).toEqual([[], []]);
  });

  it('is closed once, however often it ends', () => {
    consumer().emit('producerclose');
    consumer().emit('producerclose');
    receiver.withdraw(consumer().producerId);
    expect(bob.link.take()).toEqual(['consumerClosed']);
    expect(consumer().closed).toBe(true);
  });
});

describe('all consumers of a kind', () => {
  const kinds = ['audio', 'video', 'share', 'shareAudio', 'all'] as const;
  it.each(combinations({ kind: kinds, paused: [true, false], broken: [true, false] }))(
    'of $kind, paused $paused, one broken $broken',
    async ({ kind, paused, broken }) => {
      for (const appData of [{}, { share: true }])
        for (const it of ['audio', 'video'] as const) await publish(it, appData);
      await settled();
      const consumers = [...bob.media.consumers.values()];
      expect(consumers).toHaveLength(4);
      for (const it of consumers) it.done.length = 0;
      for (const it of consumers) it.broken = broken && it === consumers[0];
      const failed = await receiver.setAllPaused(kind, paused);
      const meant = kind === 'all' || kind === 'audio';
      expect(failed).toEqual(broken && meant ? [consumers[0]?.id] : []);
      const done = consumers.flatMap((it) => it.done);
      const expected = (kind === 'all' ? 4 : 1) - failed.length;
      expect(done).toEqual(Array(expected).fill(paused ? 'pause' : 'resume'));
      const chosen = receiver.receptions(kind).map((it) => it.paused);
      expect(chosen).toEqual(Array(kind === 'all' ? 4 : 1).fill(paused));
    },
  );
});

describe('a client', () => {
  it('that pauses a stream before it answers does not get it resumed', async () => {
    const taken = Promise.withResolvers<void>();
    bob.link.request = async (name) => {
      bob.link.asked.push(name);
      await taken.promise;
    };
    await publish('video');
    await settled();
    await receiver.pause(consumer().id);
    taken.resolve();
    await settled();
    expect(consumer().done).toEqual(['pause']);
  });

  it('that refuses a stream does not receive it, and is offered it again', async () => {
    bob.link.refuses = true;
    await publish('video');
    await settled();
    expect([receiver.receptions('all'), consumer().closed]).toEqual([[], true]);
    bob.link.refuses = false;
    stage.room.forwarding.offerAll(bob.participant);
    await settled();
    expect(receiver.receptions('all')).toHaveLength(1);
  });

  it.each(['stops receiving', 'loses the connection', 'leaves', 'changes the mode'] as const)(
    'that %s while a stream is prepared does not get it',
    async (what) => {
      const prepared = Promise.withResolvers<void>();
      bob.media.beforeConsume = prepared.promise;
      await publish('video');
      if (what === 'stops receiving') receiver.stop();
      if (what === 'loses the connection') await stage.room.disconnected(bob.participant);
      if (what === 'leaves') await stage.room.leave(bob.participant, { code: 1101, message: '' });
      if (what === 'changes the mode') await stage.room.moderation.changeMode(bob.participant, 'SIGNALLING_ONLY');
      prepared.resolve();
      await settled();
      expect([receiver.receptions('all'), bob.link.asked, consumer().closed]).toEqual([[], [], true]);
    },
  );

  it('is offered a stream once, however often it is offered', async () => {
    await publish('video');
    for (let i = 0; i < 5; i++) stage.room.forwarding.offerAll(bob.participant);
    await settled();
    expect([bob.link.asked, bob.media.consumers.size]).toEqual([['newConsumer'], 1]);
  });
});

describe('a data channel', () => {
  const data = { transportId: 'x', sctpStreamParameters: {}, label: 'chat', protocol: '', appData: {} };

  it.each(['dataproducerclose', 'transportclose'] as const)('ends with %s', async (event) => {
    await stage.room.forwarding.publishData(ann.participant, data);
    const [channel] = bob.media.dataConsumers;
    channel?.emit(event);
    expect(bob.link.take()).toEqual(event === 'dataproducerclose' ? ['dataConsumerClosed'] : []);
    receiver.withdrawData(String(channel?.dataProducerId));
    expect(bob.link.take()).toEqual([]);
  });

  it('is closed when everything is', async () => {
    await stage.room.forwarding.publishData(ann.participant, data);
    receiver.stop();
    expect(bob.media.dataConsumers.map(({ closed }) => closed)).toEqual([true]);
  });
});
