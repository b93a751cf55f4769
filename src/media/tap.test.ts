// Real workers and real packets: what is wanted of a session arrives at one port, wherever it is sent.
import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { PlainTransport, Producer, RtpParameters } from 'mediasoup/types';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { SecureChannel } from '../egress/worker/rtp/secure-channel.ts';
import { Media } from './media.ts';
import type { MediaWorker } from './media-worker.ts';
import { MediaTap, smallestLayerFor, type TapKeys, type TapSource, type TapStream } from './tap.ts';

const log = pino({ level: 'silent' });
const AUDIO_PT = 100;

let media: Media;
let port: Socket;
let tap: MediaTap;
let sources: TapSource[];
let streams: Map<string, TapStream>;
let paused: string[];
const arrived = new Set<number>();
const senders: { socket: Socket; timer: NodeJS.Timeout }[] = [];

beforeEach(async () => {
  media = new Media({
    listen: [{ listenAddress: '127.0.0.1' }],
    firstPort: 0,
    workers: 2,
    workerBin: readConfig().config.media.workerBin,
    log,
  });
  await media.start();
  port = createSocket('udp4').bind(0, '127.0.0.1');
  await once(port, 'listening');
  arrived.clear();
  port.on('message', (packet) => {
    // RTCP has packet types from 192 on in the second byte.
    if ((packet[1] ?? 0) < 192 || (packet[1] ?? 0) > 223) arrived.add(packet.readUInt32BE(8));
  });
  streams = new Map();
  paused = [];
  sources = [];
  tap = new MediaTap(
    { media, sources: () => sources, log },
    {
      port: port.address().port,
      onStream: (stream) => streams.set(stream.id, stream),
      onStreamGone: (id) => streams.delete(id),
      onStreamPaused: (id, isPaused) => paused.push(`${id} ${isPaused}`),
    },
  );
});

afterEach(async () => {
  tap.close();
  for (const { socket, timer } of senders.splice(0)) {
    clearInterval(timer);
    socket.close();
  }
  port.close();
  await media.stop();
});

/** A microphone whose packets go to a worker, 50 a second. */
async function microphone(worker: MediaWorker, participantId: string, ssrc: number): Promise<TapSource> {
  const transport: PlainTransport = await worker.router.createPlainTransport({
    listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
    comedia: true,
    rtcpMux: true,
  });
  const rtpParameters: RtpParameters = {
    codecs: [{ mimeType: 'audio/opus', payloadType: AUDIO_PT, clockRate: 48000, channels: 2 }],
    encodings: [{ ssrc }],
    rtcp: { cname: participantId },
  };
  const producer = await transport.produce({ kind: 'audio', rtpParameters });
  const socket = createSocket('udp4');
  let sequence = 0;
  const timer = setInterval(() => {
    const packet = Buffer.alloc(32);
    packet.writeUInt8(0x80, 0);
    packet.writeUInt8(AUDIO_PT, 1);
    packet.writeUInt16BE(sequence % 65536, 2);
    packet.writeUInt32BE(sequence * 960, 4);
    packet.writeUInt32BE(ssrc, 8);
    sequence += 1;
    socket.send(packet, transport.tuple.localPort, '127.0.0.1');
  }, 20);
  senders.push({ socket, timer });
  return { participantId, kind: 'audio', publication: { producer, worker } };
}

/** All that is sent now. */
function offer(all: TapSource[]): void {
  sources = all;
  tap.refresh();
}

const wish = (participantId: string) => ({ participantId, kind: 'audio' as const, width: 0, height: 0 });
const ssrcs = () => [...streams.values()].map(({ ssrc }) => ssrc);

describe('a tap', () => {
  it('brings what is wanted, from whichever worker, under the announced SSRC', async () => {
    const [first, second] = media.workers as [MediaWorker, MediaWorker];
    offer([await microphone(first, 'ann', 1111), await microphone(second, 'bob', 2222)]);
    tap.want([wish('ann'), wish('bob')]);
    await expect.poll(() => streams.size).toBe(2);
    const [one] = streams.values();
    expect(one).toMatchObject({ kind: 'audio', mimeType: 'audio/opus', clockRate: 48000, channels: 2, cname: 'ann' });
    await expect.poll(() => ssrcs().every((ssrc) => arrived.has(ssrc))).toBe(true);
  });

  it('brings nothing that is not wanted, and stops when it is not any more', async () => {
    const [first] = media.workers as [MediaWorker];
    offer([await microphone(first, 'ann', 1111), await microphone(first, 'bob', 2222)]);
    tap.want([wish('ann')]);
    await expect.poll(() => arrived.size).toBe(1);
    tap.want([wish('bob')]);
    await expect.poll(() => [...streams.values()].map(({ participantId }) => participantId)).toEqual(['bob']);
    await expect.poll(() => arrived.size).toBe(2);
  });

  it('follows a stream that is paused, ends, or comes only after it was wanted', async () => {
    const [first] = media.workers as [MediaWorker];
    tap.want([wish('ann')]);
    const source = await microphone(first, 'ann', 1111);
    offer([source]);
    await expect.poll(() => streams.size).toBe(1);
    const [id = ''] = streams.keys();
    await source.publication.producer.pause();
    await source.publication.producer.resume();
    await expect.poll(() => paused).toEqual([`${id} true`, `${id} false`]);
    source.publication.producer.close();
    await expect.poll(() => streams.size).toBe(0);
    offer([await microphone(first, 'ann', 3333)]);
    await expect.poll(() => streams.size).toBe(1);
  });

  it('goes to another machine encrypted, under keys that it is told', async () => {
    const [first] = media.workers as [MediaWorker];
    const keys: TapKeys[] = [];
    const sendKey = randomBytes(28).toString('base64');
    tap.close();
    tap = new MediaTap(
      { media, sources: () => sources, log },
      {
        port: port.address().port,
        elsewhere: { ip: '127.0.0.1', sendKey },
        onSecured: (it) => keys.push(it),
        onStream: (stream) => streams.set(stream.id, stream),
        onStreamGone: (id) => streams.delete(id),
        onStreamPaused: () => undefined,
      },
    );
    const opened: Buffer[] = [];
    port.on('message', (packet) => {
      const [pair] = keys;
      const clear = pair && new SecureChannel(pair).open(packet);
      if (clear) opened.push(clear);
    });
    offer([await microphone(first, 'ann', 1111)]);
    tap.want([wish('ann')]);
    await expect.poll(() => opened.length).toBeGreaterThan(5);
    expect(keys).toMatchObject([{ send: sendKey }]);
    expect(Buffer.from(keys[0]?.receive ?? '', 'base64')).toHaveLength(28);
  });

  it('goes on through another worker when the one it went through dies', async () => {
    const [first, second] = media.workers as [MediaWorker, MediaWorker];
    offer([await microphone(first, 'ann', 1111), await microphone(second, 'bob', 2222)]);
    tap.want([wish('ann'), wish('bob')]);
    await expect.poll(() => streams.size).toBe(2);
    process.kill(first.worker.pid, 'SIGKILL');
    await expect
      .poll(() => [...streams.values()].map(({ participantId }) => participantId), { timeout: 5000 })
      .toEqual(['bob']);
    arrived.clear();
    await expect.poll(() => ssrcs().every((ssrc) => arrived.has(ssrc)), { timeout: 5000 }).toBe(true);
  });
});

describe('the layer for a tile', () => {
  const camera = (encodings: object[], kind: TapSource['kind'] = 'video'): TapSource => ({
    participantId: 'ann',
    kind,
    publication: { producer: { rtpParameters: { encodings } } as unknown as Producer, worker: {} as MediaWorker },
  });
  const simulcast = camera([{ rid: 'l' }, { rid: 'm' }, { rid: 'h' }]);

  it.each([
    [150, 0],
    [180, 0],
    [240, 1],
    [360, 1],
    [480, 2],
    [1080, 2],
  ])('of %d lines is %d of three', (height, layer) => {
    expect(smallestLayerFor(height, simulcast)).toBe(layer);
  });

  it('follows the scales that the sender has named, and the layers of SVC', () => {
    const uneven = camera([{ scaleResolutionDownBy: 8 }, { scaleResolutionDownBy: 1 }]);
    expect(smallestLayerFor(240, uneven)).toBe(1);
    expect(smallestLayerFor(150, camera([{ scalabilityMode: 'L3T3_KEY' }]))).toBe(0);
    expect(smallestLayerFor(700, camera([{ scalabilityMode: 'L3T3_KEY' }]))).toBe(2);
  });

  it('is the largest for a shared screen', () => {
    expect(smallestLayerFor(90, camera([{}, {}], 'share'))).toBe(1);
  });
});
