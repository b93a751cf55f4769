// The joiner's program: makes one seekable file of the parts that a recording was written in, however abruptly they end,
// without encoding anything again. It runs apart from the server, since a damaged file may bring FFmpeg down.
//
// Usage: main.ts <output> <part>...; prints the facts of the file as one line of JSON.
import { stat } from 'node:fs/promises';
import { AV_TIME_BASE_Q, AVMEDIA_TYPE_AUDIO, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { avRescaleQ, Dictionary, FFmpegError, FormatContext, Packet, type Stream } from 'node-av/lib';

interface Target {
  stream: Stream;
  /** Decoding times must grow, also where one part follows another. */
  lastDts: bigint;
}

const NO_TIME = -(2n ** 63n);

/** Writes what the parts hold one after another; answers the length of the whole in microseconds. */
async function join(output: string, parts: readonly string[]): Promise<bigint> {
  await using target = new FormatContext();
  check(target.allocOutputContext2(null, null, output), 'choose the container');
  const targets = new Map<number, Target>();
  let endUs = 0n;
  let started = false;
  for (const part of parts) {
    await using source = new FormatContext();
    if ((await source.openInput(part)) < 0 || (await source.findStreamInfo()) < 0) continue;
    if (!started) {
      declareStreams(source, target, targets);
      if (targets.size === 0) continue;
      check(await target.openOutput(), 'open the file');
      check(await target.writeHeader(options(output)), 'write the header');
      started = true;
    }
    endUs = await append(source, target, targets, endUs);
  }
  if (!started) throw new Error('no part can be read');
  check(await target.writeTrailer(), 'finish the file');
  return endUs;
}

function options(output: string): Dictionary | null {
  return output.endsWith('.mp4') ? Dictionary.fromObject({ movflags: '+faststart' }) : null;
}

function declareStreams(source: FormatContext, target: FormatContext, targets: Map<number, Target>): void {
  for (const stream of source.streams) {
    const type = stream.codecpar.codecType;
    if (type !== AVMEDIA_TYPE_VIDEO && type !== AVMEDIA_TYPE_AUDIO) continue;
    const made = target.newStream();
    check(stream.codecpar.copy(made.codecpar), 'copy the codec');
    made.codecpar.codecTag = 0;
    made.timeBase = stream.timeBase;
    targets.set(type, { stream: made, lastDts: NO_TIME });
  }
}

/** Appends one part at `offsetUs`; answers where it ends. A part that breaks off ends where it can be read to. */
async function append(
  source: FormatContext,
  target: FormatContext,
  targets: Map<number, Target>,
  offsetUs: bigint,
): Promise<bigint> {
  using packet = new Packet();
  packet.alloc();
  const startUs = source.startTime === NO_TIME ? 0n : source.startTime;
  const shiftUs = offsetUs - (startUs > 0n ? startUs : 0n);
  let endUs = offsetUs;
  for (; (await source.readFrame(packet)) >= 0; packet.unref()) {
    const from = source.streams[packet.streamIndex];
    const to = from && targets.get(from.codecpar.codecType);
    if (!to || packet.dts === NO_TIME) continue;
    const shift = avRescaleQ(shiftUs, AV_TIME_BASE_Q, from.timeBase);
    packet.pts += shift;
    packet.dts += shift;
    const packetEndUs = avRescaleQ(packet.pts + packet.duration, from.timeBase, AV_TIME_BASE_Q);
    if (packetEndUs > endUs) endUs = packetEndUs;
    packet.rescaleTs(from.timeBase, to.stream.timeBase);
    packet.streamIndex = to.stream.index;
    packet.pos = -1n;
    if (packet.dts <= to.lastDts) packet.dts = to.lastDts + 1n;
    if (packet.pts < packet.dts) packet.pts = packet.dts;
    to.lastDts = packet.dts;
    check(await target.interleavedWriteFrame(packet), 'write the file');
  }
  return endUs;
}

async function factsOf(path: string, durationUs: bigint) {
  await using file = new FormatContext();
  check(await file.openInput(path), 'read the file again');
  const video = file.streams.find(({ codecpar }) => codecpar.codecType === AVMEDIA_TYPE_VIDEO)?.codecpar;
  const { size } = await stat(path);
  return {
    size,
    duration: Number(durationUs) / 1_000_000,
    path,
    ...(video && { width: video.width, height: video.height }),
  };
}

function check(code: number, what: string): void {
  FFmpegError.throwIfError(code, `could not ${what}`);
}

const [output = '', ...parts] = process.argv.slice(2);
const durationUs = await join(output, parts);
process.stdout.write(`${JSON.stringify(await factsOf(output, durationUs))}\n`);
