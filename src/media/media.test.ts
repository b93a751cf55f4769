// Real workers: placement, piping between them, and the death of one.
import { once } from 'node:events';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { Media } from './media.ts';
import type { PeerMedia } from './peer-media.ts';

const OPUS = {
  codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48000, channels: 2, parameters: {} }],
  headerExtensions: [],
  rtcp: { cname: 'test' },
};

let media: Media;

beforeEach(async () => {
  media = new Media({
    listen: [{ listenAddress: '127.0.0.1' }],
    firstPort: 0,
    workers: 2,
    workerBin: readConfig().config.media.workerBin,
    log: pino({ level: 'silent' }),
    consumersPerWorker: 1,
  });
  await media.start();
});

afterEach(() => media.stop());

async function publishing(peer: PeerMedia, ssrc: number) {
  const { id } = await peer.createTransport({ producing: true, protocol: 'UDP_OVER_TCP' });
  const rtpParameters = { ...OPUS, encodings: [{ ssrc }] };
  return peer.publish({ transportId: id, kind: 'audio', rtpParameters, appData: { share: true } });
}

async function receiving(peer: PeerMedia): Promise<PeerMedia> {
  await peer.createTransport({ producing: false, protocol: 'UDP_OVER_TCP' });
  return peer;
}

describe('rooms', () => {
  it('are placed on the least loaded worker', () => {
    const [first, second] = [media.openRoom(), media.openRoom()];
    expect(first.openPeer().worker).not.toBe(second.openPeer().worker);
  });

  it('spread over workers when theirs has enough to do, and hear each other all the same', async () => {
    const room = media.openRoom();
    const speaker = room.openPeer();
    const near = await receiving(room.openPeer());
    const publication = await publishing(speaker, 1111);
    const consumer = await near.consume(publication, media.rtpCapabilities);
    expect(consumer?.appData).toEqual({ share: true });

    const far = await receiving(room.openPeer());
    expect(far.worker).not.toBe(speaker.worker);
    const [one, two] = await Promise.all([
      far.consume(publication, media.rtpCapabilities),
      (await receiving(media.openPeer(far.worker))).consume(publication, media.rtpCapabilities),
    ]);
    expect([one?.producerId, two?.producerId]).toEqual([publication.producer.id, publication.producer.id]);
    const closed = once(one as never, 'producerclose');
    publication.producer.close();
    await closed;
    expect(far.consumers.size).toBe(0);
  });

  it('take back a peer’s consumers when it stops receiving', async () => {
    const room = media.openRoom();
    const publication = await publishing(room.openPeer(), 2222);
    const peer = await receiving(room.openPeer());
    await peer.consume(publication, media.rtpCapabilities);
    peer.closeReceiving();
    expect(peer.consumers.size).toBe(0);
    expect(await peer.consume(publication, media.rtpCapabilities)).toBeUndefined();
  });
});

describe('a peer', () => {
  it('announces TCP candidates only where asked to', async () => {
    const transport = await media.openRoom().openPeer().createTransport({ producing: true, protocol: 'TCP_ONLY' });
    expect(new Set(transport.iceCandidates.map((candidate) => candidate.protocol))).toEqual(new Set(['tcp']));
  });

  it('closes once, with everything it has', async () => {
    const peer = media.openRoom().openPeer();
    const publication = await publishing(peer, 3333);
    let closes = 0;
    peer.on('closed', () => closes++);
    peer.close();
    peer.close();
    expect([closes, publication.producer.closed, peer.producers.size]).toEqual([1, true, 0]);
    await expect(peer.createTransport({ producing: true, protocol: 'UDP_ONLY' })).rejects.toThrow('left');
  });

  it('cannot open transports without end', async () => {
    const peer = media.openRoom().openPeer();
    const open = () => peer.createTransport({ producing: true, protocol: 'UDP_OVER_TCP' });
    await Promise.all([open(), open(), open(), open(), open(), open()]);
    await expect(open()).rejects.toThrow('too many transports');
  });
});

describe('capabilities', () => {
  it('leave out abs-capture-time, which browsers announce and do not send', () => {
    expect(JSON.stringify(media.rtpCapabilities)).not.toContain('abs-capture-time');
    expect(media.rtpCapabilities.codecs?.map((codec) => codec.mimeType)).toContain('video/VP8');
  });
});

describe('a worker that dies', () => {
  it('is replaced on its port, and only its own peers are told of', async () => {
    const [room, other] = [media.openRoom(), media.openRoom()];
    const [here, elsewhere] = [room.openPeer(), other.openPeer()];
    const died = once(media, 'workerDied') as Promise<[{ index: number; peers: PeerMedia[] }]>;
    process.kill(here.worker.worker.pid, 'SIGKILL');
    const [{ peers }] = await died;
    expect(peers).toEqual([here]);
    expect(peers).not.toContain(elsewhere);
    expect(media.ready).toBe(true);
    // The room goes on, on a worker that lives.
    expect(room.openPeer().worker.worker.closed).toBe(false);
  });
});
