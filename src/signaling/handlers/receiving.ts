// What a client receives: layers, pausing, consuming by hand, statistics.
import { notFound } from '../../errors.ts';
import { onMedia } from './on-media.ts';
import type { Handlers } from './reply.ts';

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
    const layers = { spatialLayer, ...(temporalLayer !== undefined && { temporalLayer }) };
    await onMedia(() => connection.joined.receiver.setPreferredLayers(consumerId, layers));
  },

  async setConsumerPriority(connection, { consumerId, priority }) {
    await onMedia(() => connection.joined.receiver.setPriority(consumerId, priority));
  },

  async requestConsumerKeyFrame(connection, { consumerId }) {
    await onMedia(() => connection.joined.receiver.requestKeyFrame(consumerId));
  },

  async pauseConsumer(connection, { consumerId }) {
    await onMedia(() => connection.joined.receiver.pause(consumerId));
  },

  async resumeConsumer(connection, { consumerId }) {
    await onMedia(() => connection.joined.receiver.resume(consumerId));
  },

  async pauseAllConsumers(connection, { kind = 'all' }) {
    return { consumersWithIssues: await connection.joined.receiver.setAllPaused(kind, true) };
  },

  async resumeAllConsumers(connection, { kind = 'all' }) {
    return { consumersWithIssues: await connection.joined.receiver.setAllPaused(kind, false) };
  },

  consumeVideoStreams(connection, { peerId }) {
    connection.room.forwarding.requestStream(connection.joined, peerId, 'video');
  },

  consumeAudioStreams(connection, { peerId }) {
    connection.room.forwarding.requestStream(connection.joined, peerId, 'audio');
  },

  stopConsumingVideoStreams(connection, { peerId }) {
    connection.room.forwarding.cancelRequest(connection.joined, peerId, 'video');
  },

  stopConsumingAudioStreams(connection, { peerId }) {
    connection.room.forwarding.cancelRequest(connection.joined, peerId, 'audio');
  },

  enableAdaptiveSubscription() {},

  disableAdaptiveSubscription() {},

  async getTransportStats(connection, { peerId, transportId }) {
    const { room, joined } = connection;
    if (transportId !== undefined) return onMedia(() => joined.transportStats(transportId));
    const peer = peerId === undefined ? joined : room.participant(peerId);
    if (!peer) throw notFound('Participant', String(peerId));
    const { send, recv } = await onMedia(() => peer.traffic());
    return {
      send: { stats: { sendBitrate: send.bitrate, sendBytes: send.bytes } },
      recv: { stats: { recvBitrate: recv.bitrate, recvBytes: recv.bytes } },
    };
  },

  getDataProducerStats(connection, { dataProducerId }) {
    return onMedia(() => connection.joined.dataProducerStats(dataProducerId));
  },

  getDataConsumerStats(connection, { dataConsumerId }) {
    return onMedia(() => connection.joined.dataConsumerStats(dataConsumerId));
  },
};
