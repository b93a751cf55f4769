// What participants do with each other: moderation, pins, shared values.
import type { Handlers } from './reply.ts';

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
    connection.room.askDevice(connection.joined, peerId, 'enableMic');
  },

  disablePeerMic(connection, { peerId }) {
    connection.room.askDevice(connection.joined, peerId, 'disableMic');
  },

  enablePeerWebcam(connection, { peerId }) {
    connection.room.askDevice(connection.joined, peerId, 'enableWebcam');
  },

  disablePeerWebcam(connection, { peerId }) {
    connection.room.askDevice(connection.joined, peerId, 'disableWebcam');
  },

  async removePeer(connection, { peerId }) {
    await connection.room.remove(connection.joined, peerId);
  },

  async closeRoom(connection) {
    await connection.room.closeBy(connection.joined);
  },

  pinStateChanged(connection, { peerId, state }) {
    connection.room.pin(connection.joined, peerId, state);
  },

  realtimeStoreSet(connection, { key, value }) {
    connection.room.setValue(connection.joined, key, value);
    return { status: 'ok' };
  },

  realtimeStoreGet(connection, { key }) {
    return { status: 'ok', value: connection.room.getValue(connection.joined, key) };
  },

  realtimeStoreObserve(connection, { key }) {
    connection.room.observeValue(connection.joined, key);
    return { status: 'ok' };
  },

  realtimeStoreStopObserve(connection, { key }) {
    connection.room.stopObservingValue(connection.joined, key);
    return { status: 'ok' };
  },
};
