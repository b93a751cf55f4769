// A compositor that produces two seconds of a test picture at once for each file, and a playlist that grows, whatever
// goes on in the session: for tests of what is around the real one.
import { createSocket } from 'node:dgram';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Decoder, Demuxer, Encoder, Muxer } from 'node-av/api';
import { FF_ENCODER_LIBX264 } from 'node-av/constants';
import type { FromChild, SinkSpec, ToChild } from '../../../src/egress/ipc.ts';

const SECONDS = 2;
const PART_MS = 200;
const PARTS_PER_SEGMENT = 3;

const say = (message: FromChild) => void (process.connected && process.send?.(message));
const sinks = new Map<string, { spec: SinkSpec; finish: () => Promise<unknown> }>();

async function writeClip(path: string): Promise<void> {
  await using input = await Demuxer.open(`testsrc=size=160x90:rate=10:duration=${SECONDS}`, { format: 'lavfi' });
  const video = input.video();
  if (!video) throw new Error('no test picture');
  using decoder = await Decoder.create(video);
  using encoder = await Encoder.create(FF_ENCODER_LIBX264, { decoder, gopSize: 10, autoFormat: true });
  const options = { movflags: '+frag_keyframe+empty_moov+default_base_moof' };
  await using output = await Muxer.open(path, path.endsWith('.mp4') ? { options } : {});
  const index = output.addStream(encoder);
  for await (const packet of encoder.packets(decoder.frames(input.packets(video.index)))) {
    await output.writePacket(packet, index);
  }
}

async function fileSink(spec: SinkSpec & { kind: 'file' }): Promise<() => Promise<void>> {
  await writeClip(spec.path.replace(/webm$/, 'mkv'));
  if (spec.format === 'webm') await rename(spec.path.replace(/webm$/, 'mkv'), spec.path);
  say({ type: 'sink-started', sinkId: spec.id });
  return async () => {
    const { size } = await stat(spec.path);
    const file = { size, duration: SECONDS, width: 160, height: 90, path: spec.path };
    say({ type: 'sink-finished', sinkId: spec.id, file });
  };
}

async function hlsSink(spec: SinkSpec & { kind: 'hls' }): Promise<() => Promise<void>> {
  await mkdir(spec.folder, { recursive: true });
  let parts = 0;
  const write = async (ended: boolean) => {
    const lines = ['#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-TARGETDURATION:1', '#EXT-X-MEDIA-SEQUENCE:0'];
    for (let part = 0; part < parts; part++) {
      lines.push(`#EXT-X-PART:DURATION=0.2,URI="part-${part}.m4s"`);
      if (part % PARTS_PER_SEGMENT === PARTS_PER_SEGMENT - 1) {
        lines.push('#EXTINF:0.6,', `segment-${Math.floor(part / PARTS_PER_SEGMENT)}.m4s`);
      }
    }
    lines.push(ended ? '#EXT-X-ENDLIST' : `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="part-${parts}.m4s"`, '');
    for (const name of ['index.m3u8', 'live.m3u8']) {
      await writeFile(join(spec.folder, `${name}.tmp`), lines.join('\n'));
      await rename(join(spec.folder, `${name}.tmp`), join(spec.folder, name));
    }
  };
  await write(false);
  say({ type: 'sink-started', sinkId: spec.id });
  let writing = Promise.resolve();
  const timer = setInterval(() => {
    writing = writing.then(async () => {
      await writeFile(join(spec.folder, `part-${parts}.m4s`), `part ${parts}`);
      if (parts % PARTS_PER_SEGMENT === PARTS_PER_SEGMENT - 1) {
        await writeFile(join(spec.folder, `segment-${Math.floor(parts / PARTS_PER_SEGMENT)}.m4s`), '0123456789');
      }
      parts += 1;
      await write(false);
      if (parts === PARTS_PER_SEGMENT) say({ type: 'sink-playable', sinkId: spec.id });
    });
  }, PART_MS);
  return async () => {
    clearInterval(timer);
    await writing;
    await write(true);
    say({ type: 'sink-finished', sinkId: spec.id });
  };
}

async function add(spec: SinkSpec): Promise<void> {
  let finish: () => Promise<unknown> = async () => say({ type: 'sink-finished', sinkId: spec.id });
  sinks.set(spec.id, { spec, finish: () => finish() });
  if (spec.kind === 'file') finish = await fileSink(spec);
  if (spec.kind === 'hls') finish = await hlsSink(spec);
  if (spec.kind !== 'rtmp') return;
  // Servers of this name refuse; all others accept.
  if (!spec.url.includes('refuses')) return say({ type: 'sink-started', sinkId: spec.id });
  sinks.delete(spec.id);
  say({ type: 'sink-failed', sinkId: spec.id, reason: 'the server refused the stream', blame: 'destination' });
}

async function remove(id: string): Promise<void> {
  const sink = sinks.get(id);
  sinks.delete(id);
  await sink?.finish();
}

async function end(): Promise<void> {
  for (const id of [...sinks.keys()]) await remove(id);
  process.once('disconnect', () => process.exit(0));
  if (process.connected) process.disconnect();
  else process.exit(0);
}

process.on('disconnect', () => void end());
process.on('message', (message: ToChild) => {
  if (message.type === 'start') {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      say({ type: 'ready', port: socket.address().port });
      for (const spec of message.sinks) void add(spec);
    });
  }
  if (message.type === 'add-sink') void add(message.sink);
  if (message.type === 'remove-sink') void remove(message.sinkId);
  if (message.type === 'stop') void end();
});
