// A real worker, and clients whose parameters no schema has looked at.
import { once } from 'node:events';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { AppError } from '../errors.ts';
import { Media } from './media.ts';
import type { PeerMedia } from './peer-media.ts';

let media: Media;
const lines: { msg: string }[] = [];

beforeEach(async () => {
  lines.length = 0;
  media = new Media({
    listen: [{ listenAddress: '127.0.0.1' }],
    firstPort: 0,
    workers: 1,
    workerBin: readConfig().config.media.workerBin,
    log: pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as { msg: string }) }),
    silenceS: 1,
  });
  await media.start();
});
afterEach(() => media.stop());

const CODEC = { mimeType: 'video/VP8', payloadType: 101, clockRate: 90_000, parameters: {} };

async function produce(peer: PeerMedia, rtpParameters: object): Promise<string> {
  const { id } = await peer.createTransport({ producing: true, protocol: 'UDP_OVER_TCP' });
  const options = { transportId: id, kind: 'video' as const, appData: {} };
  return (await peer.publish({ ...options, rtpParameters: rtpParameters as never })).producer.id;
}

/** Each makes mediasoup throw in the middle of a message. */
const UPSETTING: [what: string, rtpParameters: object][] = [
  ['a bitrate that is null', { codecs: [CODEC], encodings: [{ ssrc: 1, maxBitrate: null }] }],
  ['a bitrate that is no whole number', { codecs: [CODEC], encodings: [{ ssrc: 1, maxBitrate: 1.5 }] }],
  ['a bitrate in words', { codecs: [CODEC], encodings: [{ ssrc: 1, maxBitrate: 'fast' }] }],
  [
    'an extension that nobody knows',
    { codecs: [CODEC], encodings: [{ ssrc: 1 }], headerExtensions: [{ uri: 'urn:x', id: 1 }] },
  ],
  ['codecs that are none', { codecs: [{ ...CODEC, rtcpFeedback: [{ type: 'nack', parameter: 7 }, null] }] }],
];

describe('a request that breaks off in the middle', () => {
  it.each(UPSETTING)('harms nobody else on the worker: %s', async (_, rtpParameters) => {
    const [bad, good] = [media.openRoom().openPeer(), media.openRoom().openPeer()];
    const refused = produce(bad, rtpParameters);
    // In the same breath, before anything could be repaired later.
    const right = produce(good, { codecs: [CODEC], encodings: [{ ssrc: 2 }] });
    await expect(refused).rejects.toThrow();
    expect(await right).toBeTypeOf('string');
    await media.check();
    expect(lines.filter(({ msg }) => /stuck|died/.test(msg))).toEqual([]);
  });

  it('is told apart from one that is merely refused', async () => {
    const peer = media.openRoom().openPeer();
    const [, upsetting = {}] = UPSETTING[0] ?? [];
    await expect(produce(peer, upsetting)).rejects.toMatchObject({ code: 'MEDIA_BROKEN' });
    const refused = produce(peer, { codecs: [], encodings: [{ ssrc: 3 }] });
    await expect(refused).rejects.not.toBeInstanceOf(AppError);
  });

  it('keeps no worker from being closed', async () => {
    await expect(produce(media.openRoom().openPeer(), UPSETTING[0]?.[1] ?? {})).rejects.toThrow();
    await media.stop();
  });
});

describe('a worker that is silent', () => {
  it('fails the check and is replaced', { timeout: 30_000 }, async () => {
    const room = media.openRoom();
    const { worker } = room.openPeer().worker;
    const died = once(media, 'workerDied');
    process.kill(worker.pid, 'SIGSTOP');
    await expect(media.check()).rejects.toThrow('did not answer');
    await died;
    await media.check();
    expect(lines.map(({ msg }) => msg)).toContain('media worker is stuck');
    expect(room.openPeer().worker.worker.pid).not.toBe(worker.pid);
  });
});

describe('signals', () => {
  it('are left to the owner of the workers', () => {
    const handlers = process.listeners('SIGTERM').map(String);
    expect(handlers.filter((it) => it.includes('signal received, closing the worker process'))).toEqual([]);
  });
});
