// A second generation of clients, with a wire in memory: it joins through the same connection and handlers as today's.
import { pino } from 'pino';
import { beforeEach, expect, it } from 'vitest';
import { FakeLiveStore } from '../../test/harness/fake-live-store.ts';
import { fakeMediaPlane } from '../../test/harness/fake-media.ts';
import { badRequest } from '../errors.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { LiveRooms } from '../live/live-rooms.ts';
import type { LeaveReason, Notification } from '../protocol/signaling.ts';
import type { AdapterHost, Client, ClientSocket, Membership, Response } from './adapter.ts';
import type { PubsubMessage, PubsubSession } from './pubsub-session.ts';
import { SignalingServer } from './server.ts';
import type { WatchedSocket } from './watched-socket.ts';

const log = pino({ level: 'silent' });
const FACTS = { roomId: 'room', ownerId: 'owner', apiKey: 'key' };
const GRANT = { ownerId: 'owner', entry: 'allowed', moderator: true } as const;

/** Its wire has lines of text; chat comes over the same socket. */
class FakeSocket implements ClientSocket {
  readonly lines: string[] = [];
  readonly watched: WatchedSocket;
  readonly address: string;
  readonly wentAway = false;
  isOpen = true;
  pubsub: PubsubSession | undefined;
  #client: Client | undefined;

  constructor(host: AdapterHost, participantId: string, token = 'good') {
    this.address = `/?roomId=room&peerId=${participantId}&secret=${token}`;
    this.watched = host.watch({ cut: () => this.cut(), facts: {} });
  }

  serve(client: Client): void {
    this.#client = client;
    this.lines.push('welcome');
  }

  notify({ method, ...data }: Notification): void {
    this.lines.push(`! ${method} ${JSON.stringify(data)}`);
  }

  async request(name: string): Promise<void> {
    this.lines.push(`? ${name}`);
  }

  close({ code }: LeaveReason): void {
    this.lines.push(`bye ${code}`);
    this.cut();
  }

  isAlive(): Promise<boolean> {
    return Promise.resolve(this.isOpen);
  }

  drop(): void {
    this.cut();
  }

  cut(): void {
    this.isOpen = false;
  }

  joinExtras(membership: Membership): object {
    this.pubsub = membership.openPubsub({
      watched: this.watched,
      log,
      deliver: (topic, messages) => this.lines.push(...messages.map(({ message }) => `# ${topic} ${message}`)),
    });
    return { chat: 'same socket' };
  }

  /** What the client writes. */
  send(method: string, data: object = {}): Promise<Response> {
    return new Promise((resolve) => this.#client?.request({ method, data }, resolve));
  }

  hangUp(): void {
    this.isOpen = false;
    this.#client?.gone({ hungUp: true, reason: 'said bye' });
  }
}

let host: AdapterHost;
let rooms: LiveRooms;
let store: FakeLiveStore;

beforeEach(() => {
  store = new FakeLiveStore();
  const limits = { ...DEFAULT_LIMITS, ownerSockets: 2 };
  const topicStore = { keep: async () => '1', history: async () => [], latest: async () => '0' };
  rooms = new LiveRooms({ store, topicStore, media: fakeMediaPlane().plane, limits, log });
  new SignalingServer({
    services: {
      async admit(token) {
        if (token !== 'good') throw badRequest('INVALID_REQUEST', 'The token is invalid.');
        return { facts: FACTS, grant: GRANT };
      },
      openRoom: (facts) => rooms.open(facts),
      egress: { start: async () => undefined, stop: async () => undefined },
      rtpCapabilities: () => ({ codecs: [] }),
    },
    publicUrl: 'https://rooms.example.com',
    limits,
    log,
    adapters: [
      (given) => {
        host = given;
        return { takes: () => false, handleUpgrade: () => undefined, close: async () => undefined };
      },
    ],
  });
});

async function join(id: string): Promise<FakeSocket> {
  const socket = new FakeSocket(host, id);
  await host.accept(socket);
  await socket.send('requestEntry', { name: id });
  expect(await socket.send('join')).toMatchObject({ ok: true, data: { chat: 'same socket' } });
  return socket;
}

it('joins, and hears of the others', async () => {
  const ann = await join('ann');
  await join('bob');
  expect(ann.lines[0]).toBe('welcome');
  expect(ann.lines).toContainEqual(expect.stringMatching(/^! entryResponded .*"decision":"allowed"/));
  expect(ann.lines).toContainEqual(expect.stringMatching(/^! newPeer .*"id":"bob"/));
});

it('is refused with the same codes', async () => {
  const ann = await join('ann');
  expect(await ann.send('nosuch')).toMatchObject({ ok: false, message: 'Unknown request "nosuch".' });
  expect(await ann.send('startTranscription')).toMatchObject({ ok: false, code: 4031 });
  expect(await ann.send('removePeer', {})).toMatchObject({ ok: false });
});

it('is closed when its token is refused', async () => {
  const stranger = new FakeSocket(host, 'eve', 'bad');
  await host.accept(stranger);
  expect(stranger.lines).toEqual([
    expect.stringMatching(/^! error .*The token is invalid/),
    expect.stringMatching(/^bye /),
  ]);
});

it('is counted at the same gate', async () => {
  await join('ann');
  await join('bob');
  const third = new FakeSocket(host, 'carl');
  await host.accept(third);
  expect(third.lines.at(-1)).toMatch(/^bye /);
});

it('carries pub/sub over the same socket', async () => {
  const ann = await join('ann');
  const bob = await join('bob');
  const history: PubsubMessage[][] = [];
  const subscription = { topic: 'CHAT', history: -1, limit: 0, queueSize: 0, drop: false };
  await ann.pubsub?.subscribe(subscription, async (_topic, messages) => void history.push(messages));
  const text = { message: 'hello', payload: new Uint8Array(), sendOnly: [], timestamp: '', messageId: '' };
  await bob.pubsub?.publish({ topic: 'CHAT', persist: false, ...text });
  expect(history).toEqual([[]]);
  expect(ann.lines).toContain('# CHAT hello');
});

it('leaves at once when it hangs up', async () => {
  const ann = await join('ann');
  const bob = await join('bob');
  bob.hangUp();
  await expect.poll(() => ann.lines).toContainEqual(expect.stringMatching(/^! peerClosed .*"code":1101/));
  expect(rooms.find('room')?.present.map(({ id }) => id)).toEqual(['ann']);
});
