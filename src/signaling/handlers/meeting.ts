// What participants do with each other: moderation, pins, shared values.
import { refused } from '../../errors.ts';
import type { Handlers } from './reply.ts';

/** Refusal of the realtime store, as the SDK knows it. */
const STORE_SET_FAILED = 4045;

export const meetingHandlers: Handlers<
  | 'enablePeerMic'
  | 'disablePeerMic'
  | 'enablePeerWebcam'
  | 'disablePeerWebcam'
  | 'removePeer'
  | 'closeRoom'
  | 'pinStateChanged'
  | 'realtimeStoreSet'
  | 'realtimeStoreGet'
  | 'realtimeStoreObserve'
  | 'realtimeStoreStopObserve'
> = {
  enablePeerMic(connection, { peerId }) {
    connection.room.moderation.requestDevice(connection.joined, peerId, 'enableMic');
  },

  disablePeerMic(connection, { peerId }) {
    connection.room.moderation.requestDevice(connection.joined, peerId, 'disableMic');
  },

  enablePeerWebcam(connection, { peerId }) {
    connection.room.moderation.requestDevice(connection.joined, peerId, 'enableWebcam');
  },

  disablePeerWebcam(connection, { peerId }) {
    connection.room.moderation.requestDevice(connection.joined, peerId, 'disableWebcam');
  },

  async removePeer(connection, { peerId }) {
    await connection.room.moderation.remove(connection.joined, peerId);
  },

  async closeRoom(connection) {
    await connection.room.moderation.closeRoom(connection.joined);
  },

  pinStateChanged(connection, { peerId, state }) {
    connection.room.moderation.pin(connection.joined, peerId, state);
  },

  realtimeStoreSet(connection, { key, value }) {
    const { room, joined } = connection;
    if (!room.values.set(key, value, joined.id)) {
      throw refused(STORE_SET_FAILED, 'STORE_FULL', 'The meeting has as many shared values as it may have.');
    }
    return { status: 'ok' };
  },

  realtimeStoreGet(connection, { key }) {
    // Throws unless the client has joined.
    connection.joined;
    return { status: 'ok', value: connection.room.values.get(key) };
  },

  realtimeStoreObserve(connection, { key }) {
    const { room, joined } = connection;
    if (!room.values.observe(key, joined)) {
      throw refused(STORE_SET_FAILED, 'TOO_MANY_KEYS', 'The participant observes as many keys as it may.');
    }
    return { status: 'ok' };
  },

  realtimeStoreStopObserve(connection, { key }) {
    connection.room.values.stopObserving(key, connection.joined);
    return { status: 'ok' };
  },
};
