// Transports, and what a client sends over them.

import { clip } from '../../kit/text.ts';
import { onMedia } from '../ack.ts';
import type { Handlers } from './reply.ts';

/** Of what a client says went wrong there. */
const MAX_REASON = 200;

export const sendingHandlers: Handlers<
  | 'getRouterRtpCapabilities'
  | 'createWebRtcTransport'
  | 'connectWebRtcTransport'
  | 'restartIce'
  | 'iceRestarted'
  | 'produce'
  | 'produceData'
  | 'closeProducer'
  | 'pauseProducer'
  | 'resumeProducer'
  | 'produceError'
> = {
  getRouterRtpCapabilities(connection) {
    return connection.services.rtpCapabilities();
  },

  async createWebRtcTransport(connection, { producing = false, preferredProtocol: protocol = 'UDP_OVER_TCP' }) {
    const { media } = connection.participant;
    const transport = await onMedia(() => media.createTransport({ producing, protocol }));
    const { id, iceParameters, iceCandidates, dtlsParameters, sctpParameters } = transport;
    return { id, iceParameters, iceCandidates, dtlsParameters, sctpParameters };
  },

  async connectWebRtcTransport(connection, { transportId, dtlsParameters }) {
    await onMedia(() => connection.participant.media.connectTransport(transportId, dtlsParameters));
  },

  /** The answer is the parameters themselves, not wrapped in a field. */
  restartIce(connection, { transportId }) {
    return onMedia(() => connection.participant.media.restartIce(transportId));
  },

  iceRestarted() {},

  async produce(connection, { transportId, kind, rtpParameters, appData = {} }) {
    const { room, joined } = connection;
    const id = await onMedia(() => room.publish(joined, { transportId, kind, rtpParameters, appData }));
    return { id };
  },

  async produceData(connection, { transportId, sctpStreamParameters, label, protocol = '', appData = {} }) {
    const { room, joined } = connection;
    const options = { transportId, sctpStreamParameters, label, protocol, appData };
    return { id: await onMedia(() => room.publishData(joined, options)) };
  },

  closeProducer(connection, { producerId }) {
    connection.room.unpublish(connection.joined, producerId);
  },

  async pauseProducer(connection, { producerId }) {
    await onMedia(async () => connection.joined.media.producers.get(producerId)?.producer.pause());
  },

  async resumeProducer(connection, { producerId }) {
    await onMedia(async () => connection.joined.media.producers.get(producerId)?.producer.resume());
  },

  produceError(connection, { mediaType, message }) {
    const reason = clip(typeof message === 'string' ? message : (JSON.stringify(message) ?? ''), MAX_REASON);
    connection.log.info({ mediaType, reason }, 'client could not send a stream');
  },
};
