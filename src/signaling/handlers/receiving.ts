// What a client receives: layers, pausing, consuming by hand, statistics.
import { notFound } from '../../errors.ts';
import type { StreamKind } from '../../protocol/signaling.ts';
import { onMedia } from '../ack.ts';
import type { Connection } from '../connection.ts';
import type { Handlers } from './reply.ts';

function reception(connection: Connection, consumerId: string) {
  const found = connection.joined.reception(consumerId);
  if (!found) throw notFound('Consumer', consumerId);
  return found;
}

async function setPaused(connection: Connection, kind: StreamKind | 'all' | undefined, paused: boolean) {
  const consumersWithIssues: string[] = [];
  for (const found of connection.joined.receptions(kind ?? 'all')) {
    found.paused = paused;
    const { subscription } = found;
    await (paused ? subscription.pause() : subscription.resume()).catch(() =>
      consumersWithIssues.push(subscription.id),
    );
  }
  return { consumersWithIssues };
}

export const receivingHandlers: Handlers<
  | 'setConsumerPreferredLayers'
  | 'setConsumerPriority'
  | 'requestConsumerKeyFrame'
  | 'pauseConsumer'
  | 'resumeConsumer'
  | 'pauseAllConsumers'
  | 'resumeAllConsumers'
  | 'consumeVideoStreams'
  | 'consumeAudioStreams'
  | 'stopConsumingVideoStreams'
  | 'stopConsumingAudioStreams'
  | 'enableAdaptiveSubscription'
  | 'disableAdaptiveSubscription'
  | 'getTransportStats'
  | 'getDataProducerStats'
  | 'getDataConsumerStats'
> = {
  async setConsumerPreferredLayers(connection, { consumerId, spatialLayer, temporalLayer }) {
    const { subscription } = reception(connection, consumerId);
    // A stream with one layer has nothing to choose; clients ask all the same.
    if (subscription.type === 'simple') return;
    const layers = { spatialLayer, ...(temporalLayer !== undefined && { temporalLayer }) };
    await onMedia(() => subscription.setPreferredLayers(layers));
  },

  async setConsumerPriority(connection, { consumerId, priority }) {
    await onMedia(() => reception(connection, consumerId).subscription.setPriority(priority));
  },

  async requestConsumerKeyFrame(connection, { consumerId }) {
    await onMedia(() => reception(connection, consumerId).subscription.requestKeyFrame());
  },

  async pauseConsumer(connection, { consumerId }) {
    const found = reception(connection, consumerId);
    found.paused = true;
    await onMedia(() => found.subscription.pause());
  },

  async resumeConsumer(connection, { consumerId }) {
    const found = reception(connection, consumerId);
    found.paused = false;
    await onMedia(() => found.subscription.resume());
  },

  pauseAllConsumers(connection, { kind }) {
    return setPaused(connection, kind, true);
  },

  resumeAllConsumers(connection, { kind }) {
    return setPaused(connection, kind, false);
  },

  consumeVideoStreams(connection, { peerId }) {
    connection.room.consumeByHand(connection.joined, peerId, 'video');
  },

  consumeAudioStreams(connection, { peerId }) {
    connection.room.consumeByHand(connection.joined, peerId, 'audio');
  },

  stopConsumingVideoStreams(connection, { peerId }) {
    connection.room.stopConsumingByHand(connection.joined, peerId, 'video');
  },

  stopConsumingAudioStreams(connection, { peerId }) {
    connection.room.stopConsumingByHand(connection.joined, peerId, 'audio');
  },

  enableAdaptiveSubscription() {},

  disableAdaptiveSubscription() {},

  async getTransportStats(connection, { peerId, transportId }) {
    const { room, joined } = connection;
    if (transportId !== undefined) return onMedia(() => joined.media.transportStats(transportId));
    const peer = peerId === undefined ? joined : room.participant(peerId);
    if (!peer) throw notFound('Participant', String(peerId));
    const { send, recv } = await onMedia(() => peer.media.traffic());
    return {
      send: { stats: { sendBitrate: send.bitrate, sendBytes: send.bytes } },
      recv: { stats: { recvBitrate: recv.bitrate, recvBytes: recv.bytes } },
    };
  },

  getDataProducerStats(connection, { dataProducerId }) {
    return onMedia(() => connection.joined.media.dataProducerStats(dataProducerId));
  },

  getDataConsumerStats(connection, { dataConsumerId }) {
    return onMedia(() => connection.joined.media.dataConsumerStats(dataConsumerId));
  },
};
