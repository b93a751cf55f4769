// A real worker and real packets: what it counts is read as the streams of a participant.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Consumer, PlainTransport, Producer, RtpParameters } from 'mediasoup/types';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { layerHeights, layerScales } from './layers.ts';
import { Media } from './media.ts';
import type { MediaWorker } from './media-worker.ts';
import type { PeerMedia } from './peer-media.ts';
import { StreamReader } from './stream-reader.ts';

const AUDIO_PT = 100;
/** Of packets, every tenth is left out. */
const LEFT_OUT = 10;

let media: Media;
let worker: MediaWorker;
let peer: PeerMedia;
let sink: Socket;
let timer: NodeJS.Timeout | undefined;
let source: Socket;

beforeEach(async () => {
  media = new Media({
    listen: [{ listenAddress: '127.0.0.1' }],
    firstPort: 0,
    workers: 1,
    workerBin: readConfig().config.media.workerBin,
    log: pino({ level: 'silent' }),
  });
  await media.start();
  peer = media.openRoom().openPeer();
  worker = peer.worker;
  sink = createSocket('udp4').bind(0, '127.0.0.1');
  source = createSocket('udp4');
  await once(sink, 'listening');
});

afterEach(async () => {
  clearInterval(timer);
  source.close();
  sink.close();
  await media.stop();
});

function openPlain(comedia: boolean): Promise<PlainTransport> {
  return worker.router.createPlainTransport({
    listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
    comedia,
    rtcpMux: true,
  });
}

async function publish(): Promise<Producer> {
  const transport = await openPlain(true);
  const rtpParameters: RtpParameters = {
    codecs: [{ mimeType: 'audio/opus', payloadType: AUDIO_PT, clockRate: 48000, channels: 2 }],
    encodings: [{ ssrc: 1234 }],
    rtcp: { cname: 'ann' },
  };
  const producer = await transport.produce({ kind: 'audio', rtpParameters });
  peer.producers.set(producer.id, { producer, worker });
  let sequence = 0;
  timer = setInterval(() => {
    sequence += 1;
    if (sequence % LEFT_OUT === 0) return;
    const packet = Buffer.alloc(100);
    packet.writeUInt8(0x80, 0);
    packet.writeUInt8(AUDIO_PT, 1);
    packet.writeUInt16BE(sequence, 2);
    packet.writeUInt32BE(sequence * 480, 4);
    packet.writeUInt32BE(1234, 8);
    source.send(packet, transport.tuple.localPort, '127.0.0.1');
  }, 10);
  return producer;
}

async function receive(producer: Producer): Promise<Consumer> {
  const transport = await openPlain(false);
  await transport.connect({ ip: '127.0.0.1', port: sink.address().port });
  const { rtpCapabilities } = worker.router;
  const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities });
  peer.consumers.set(consumer.id, consumer);
  return consumer;
}

describe('readings', () => {
  it('tell what arrived of a stream, what did not, and what was sent on', async () => {
    const producer = await publish();
    const consumer = await receive(producer);
    const read = async () => (await media.readStreams()).get(peer) ?? [];
    // The server reckons what is lost whenever it reports to the sender.
    await expect.poll(async () => (await read())[0]?.lost ?? 0, { timeout: 15_000 }).toBeGreaterThan(5);
    const [sent, received] = await read();
    expect(sent).toMatchObject({ key: producer.id, direction: 'send', kind: 'audio', paused: false, missingLayers: 0 });
    const { packets = 0, lost = 0, bytes = 0 } = sent ?? {};
    expect(lost / (lost + packets)).toBeGreaterThan(0.05);
    expect(lost / (lost + packets)).toBeLessThan(0.15);
    expect(bytes).toBeGreaterThan(packets * 80);
    expect(received).toMatchObject({ key: consumer.id, producerId: producer.id, direction: 'recv' });
    expect(received?.packets).toBeGreaterThan(0);
    await consumer.pause();
    expect((await read())[1]?.paused).toBe(true);
  });

  it('leave out a stream that has closed', async () => {
    const producer = await publish();
    const consumer = await receive(producer);
    await media.readStreams();
    consumer.close();
    expect((await media.readStreams()).get(peer)?.map(({ key }) => key)).toEqual([producer.id]);
  });

  it('are taken in turns where there are more than one pass takes', async () => {
    const reader = new StreamReader(3);
    const producer = await publish();
    const consumers = [];
    for (let nth = 0; nth < 4; nth++) consumers.push(await receive(producer));
    const times = async () => new Map((await reader.read([peer])).get(peer)?.map(({ key, atMs }) => [key, atMs]));
    const [first, second, third] = [await times(), await times(), await times()];
    expect([first.size, second.size, third.size]).toEqual([3, 5, 5]);
    const readAgain = (now: Map<string, number>, before: Map<string, number>) =>
      [...now].filter(([key, at]) => at !== before.get(key)).map(([key]) => key);
    expect(readAgain(third, second)).toContain(producer.id);
    expect(readAgain(third, second)).toHaveLength(3);
    expect(new Set([...readAgain(second, first), ...readAgain(third, second)])).toEqual(
      new Set([producer.id, ...consumers.map(({ id }) => id)]),
    );
  });
});

describe('layers', () => {
  const camera = (appData: Record<string, unknown>, encodings: object[]) =>
    layerHeights({ appData, rtpParameters: { codecs: [], encodings } });

  it('are as high as the sender says, by their shorter side', () => {
    expect(camera({ width: 1280, height: 720 }, [{}, {}, {}])).toEqual([180, 360, 720]);
    expect(camera({ width: 720, height: 1280 }, [{ scalabilityMode: 'L3T3' }])).toEqual([180, 360, 720]);
    expect(camera({ width: 1920, height: 1080 }, [{ scaleResolutionDownBy: 3 }, {}])).toEqual([360, 1080]);
  });

  it.each([[{}], [{ width: 1280 }], [{ width: '1280', height: 720 }], [{ width: -1, height: 1e9 }]])(
    'are of unknown height with %j',
    (appData) => expect(camera(appData, [{}])).toEqual([]),
  );

  it('double by rule where nothing is said', () => expect(layerScales([{}, {}, {}])).toEqual([4, 2, 1]));
});
