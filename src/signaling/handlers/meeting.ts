// What participants do with each other: moderation, pins, shared values.
import { refused } from '../../errors.ts';
import type { ValueObserver } from '../../rooms/shared-values.ts';
import type { Connection } from '../connection.ts';
import type { Handlers } from './reply.ts';

const STORE_SET_FAILED = 4045;

const observers = new WeakMap<Connection, ValueObserver>();

/** One observer per connection, forgotten with it. */
function observerOf(connection: Connection): ValueObserver {
  const known = observers.get(connection);
  if (known) return known;
  const { room, joined, link } = connection;
  const observer: ValueObserver = {
    valueChanged: (key, value, updatedBy) =>
      link.notify({ method: 'realtimeStoreValueChanged', key, value, updatedBy }),
  };
  observers.set(connection, observer);
  room.onGone(joined, () => {
    room.values.forget(observer);
    observers.delete(connection);
  });
  return observer;
}

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
    const { room, joined } = connection;
    if (!room.values.set(key, value, joined.id)) {
      throw refused(STORE_SET_FAILED, 'STORE_FULL', 'The meeting has as many shared values as it may have.');
    }
    return { status: 'ok' };
  },

  realtimeStoreGet(connection, { key }) {
    connection.joined;
    return { status: 'ok', value: connection.room.values.get(key) };
  },

  realtimeStoreObserve(connection, { key }) {
    if (!connection.room.values.observe(key, observerOf(connection))) {
      throw refused(STORE_SET_FAILED, 'TOO_MANY_KEYS', 'The participant observes as many keys as it may.');
    }
    return { status: 'ok' };
  },

  realtimeStoreStopObserve(connection, { key }) {
    connection.room.values.stopObserving(key, observerOf(connection));
    return { status: 'ok' };
  },
};
