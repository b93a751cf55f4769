// Watches a recording: every frame and every sample, decoded, so that what was published can be looked for in it.
import {
  AV_PIX_FMT_RGB24,
  AV_SAMPLE_FMT_FLTP,
  AVCOL_SPC_BT709,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
  type AVPixelFormat,
  SWS_BILINEAR,
} from 'node-av/constants';
import {
  Codec,
  CodecContext,
  FFmpegError,
  FormatContext,
  Frame,
  Packet,
  Rational,
  SoftwareScaleContext,
} from 'node-av/lib';
import { FRAMES_PER_SECOND, MARKS } from './test-clip.ts';

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Shot {
  /** Seconds. */
  time: number;
  width: number;
  height: number;
  /** What the file says of its colours. */
  isBt709: boolean;
  luma(x: number, y: number): number;
  chroma(x: number, y: number): { u: number; v: number };
  png(): Buffer;
  /** Writes its planes into others of the same size. */
  copyTo(planes: readonly Buffer[], strides: readonly number[]): void;
}

export interface Sound {
  /** Seconds at which it begins. */
  begin: number;
  samples: Float32Array;
}

function must(code: number, doing: string): number {
  if (code < 0) throw new Error(`${doing}: ${FFmpegError.strerror(code)}`);
  return code;
}

/** Calls `onShot` with each picture and gives back the sound, whole. */
export function watch(path: string, onShot: (shot: Shot) => void): Sound {
  const input = new FormatContext();
  must(input.openInputSync(path), `open ${path}`);
  must(input.findStreamInfoSync(), 'read');
  const decoders = input.streams.map((stream) => {
    const decoder = new CodecContext();
    const codec = Codec.findDecoder(stream.codecpar.codecId);
    decoder.allocContext3(codec);
    must(stream.codecpar.toContext(decoder), 'parameters');
    decoder.pktTimebase = stream.timeBase;
    must(decoder.open2Sync(codec, null), 'open decoder');
    return { decoder, stream, type: stream.codecpar.codecType };
  });
  const packet = new Packet();
  const frame = new Frame();
  packet.alloc();
  frame.alloc();
  const pieces: { time: number; samples: Float32Array }[] = [];
  const drain = (index: number) => {
    const entry = decoders[index];
    if (!entry) return;
    while (entry.decoder.receiveFrameSync(frame) === 0) {
      const base = entry.stream.timeBase;
      const time = (Number(frame.bestEffortTimestamp) * base.num) / base.den;
      if (entry.type === AVMEDIA_TYPE_VIDEO) onShot(shotOf(frame, time));
      else if (entry.type === AVMEDIA_TYPE_AUDIO) pieces.push({ time, samples: monoOf(frame) });
    }
  };
  while (input.readFrameSync(packet) === 0) {
    decoders[packet.streamIndex]?.decoder.sendPacketSync(packet);
    drain(packet.streamIndex);
    packet.unref();
  }
  decoders.forEach(({ decoder }, index) => {
    decoder.sendPacketSync(null);
    drain(index);
    decoder.freeContext();
  });
  packet.free();
  frame.free();
  input.closeInputSync();
  return join(pieces);
}

function join(pieces: { time: number; samples: Float32Array }[]): Sound {
  const begin = pieces[0]?.time ?? 0;
  const last = pieces.at(-1);
  const length = last ? Math.round((last.time - begin) * 48_000) + last.samples.length : 0;
  const samples = new Float32Array(length);
  for (const piece of pieces) samples.set(piece.samples, Math.round((piece.time - begin) * 48_000));
  return { begin, samples };
}

function monoOf(frame: Frame): Float32Array {
  const count = frame.nbSamples;
  const first = frame.data?.[0];
  if (!first) return new Float32Array(count);
  if (frame.format === AV_SAMPLE_FMT_FLTP) return new Float32Array(first.buffer, first.byteOffset, count).slice();
  const interleaved = new Float32Array(first.buffer, first.byteOffset, count * 2);
  return interleaved.filter((_, index) => index % 2 === 0);
}

function shotOf(frame: Frame, time: number): Shot {
  const { width, height } = frame;
  const planes = frame.data ?? [];
  const strides = frame.linesize;
  const at = (plane: number, x: number, y: number) => planes[plane]?.[y * (strides[plane] ?? 0) + x] ?? 0;
  return {
    time,
    width,
    height,
    isBt709: frame.colorSpace === AVCOL_SPC_BT709,
    luma: (x, y) => at(0, Math.floor(x), Math.floor(y)),
    chroma: (x, y) => ({ u: at(1, x >> 1, y >> 1), v: at(2, x >> 1, y >> 1) }),
    png: () => pngOf(frame),
    copyTo: (to, toStrides) => {
      for (const [plane, target] of to.entries()) {
        const shift = plane === 0 ? 0 : 1;
        for (let row = 0; row < height >> shift; row++) {
          const from = row * (strides[plane] ?? 0);
          planes[plane]?.copy(target, row * (toStrides[plane] ?? 0), from, from + (width >> shift));
        }
      }
    },
  };
}

export function pngOf(frame: Frame): Buffer {
  const { width, height } = frame;
  const rgb = new Frame();
  rgb.alloc();
  rgb.format = AV_PIX_FMT_RGB24;
  rgb.width = width;
  rgb.height = height;
  must(rgb.getBuffer(0), 'buffer');
  const scaler = new SoftwareScaleContext();
  scaler.getContext(width, height, frame.format as AVPixelFormat, width, height, AV_PIX_FMT_RGB24, SWS_BILINEAR);
  scaler.scaleSync(frame.data ?? [], frame.linesize, 0, height, rgb.data ?? [], rgb.linesize);
  scaler.freeContext();
  const bytes = encodePng(rgb);
  rgb.free();
  return bytes;
}

export function encodePng(rgb: Frame): Buffer {
  const { width, height } = rgb;
  const encoder = new CodecContext();
  const codec = Codec.findEncoderByName('png' as never);
  encoder.allocContext3(codec);
  encoder.width = width;
  encoder.height = height;
  encoder.pixelFormat = AV_PIX_FMT_RGB24;
  encoder.timeBase = new Rational(1, 1);
  must(encoder.open2Sync(codec, null), 'png');
  must(encoder.sendFrameSync(rgb), 'png');
  const packet = new Packet();
  packet.alloc();
  must(encoder.receivePacketSync(packet), 'png');
  const bytes = Buffer.from(packet.data ?? []);
  packet.free();
  encoder.freeContext();
  return bytes;
}

/** What a tile shows of a test clip. */
export interface Seen {
  time: number;
  isFlash: boolean;
  number: number;
  u: number;
  v: number;
}

/** Reads a clip's marks where a 16:9 picture lies that was cropped to the tile. */
export function readTile(shot: Shot, tile: Rect): Seen {
  const aspect = 16 / 9;
  const isWider = tile.width / tile.height > aspect;
  const width = isWider ? tile.width : tile.height * aspect;
  const height = isWider ? tile.width / aspect : tile.height;
  const left = tile.x + (tile.width - width) / 2;
  const top = tile.y + (tile.height - height) / 2;
  const { flash, colour, cells } = MARKS;
  let number = 0;
  const size = (cells.right - cells.left) / cells.count;
  for (let cell = 0; cell < cells.count; cell++) {
    const x = left + width * (cells.left + (cell + 0.5) * size);
    if (shot.luma(x, top + height * cells.y) > 128) number |= 1 << cell;
  }
  const isFlash = shot.luma(left + width * flash.x, top + height * flash.y) > 140;
  return { time: shot.time, isFlash, number, ...shot.chroma(left + width * colour.x, top + height * colour.y) };
}

export function isColour(seen: { u: number; v: number }, colour: { u: number; v: number }): boolean {
  return Math.abs(seen.u - colour.u) < 24 && Math.abs(seen.v - colour.v) < 24;
}

/** Seconds at which flashes begin. */
export function flashes(seen: readonly Seen[]): number[] {
  return seen.filter((now, index) => now.isFlash && seen[index - 1]?.isFlash === false).map(({ time }) => time);
}

/** Seconds at which a tone of `hertz` begins. */
export function beeps({ begin, samples }: Sound, hertz: number): number[] {
  const step = 48;
  const span = 240;
  const found: number[] = [];
  let quietSince = 0;
  for (let from = 0; from + span < samples.length; from += step) {
    let [re, im] = [0, 0];
    for (let index = 0; index < span; index++) {
      const angle = (2 * Math.PI * hertz * index) / 48_000;
      re += (samples[from + index] ?? 0) * Math.cos(angle);
      im += (samples[from + index] ?? 0) * Math.sin(angle);
    }
    const isLoud = (2 * Math.hypot(re, im)) / span > 0.1;
    // Half of the window is in the tone when it is found.
    if (isLoud && from - quietSince > 4800) found.push(begin + (from + span * 0.6) / 48_000);
    if (isLoud) quietSince = from;
  }
  return found;
}

/**
 * How late each new picture is against the sound, in milliseconds: its number says how long after a beep it belongs. A
 * beat that the machine was too busy for leaves out a picture and says nothing of the others.
 */
export function lags(seen: readonly Seen[], beepTimes: readonly number[]): number[] {
  const fresh = seen.filter((now, index) => now.number !== seen[index - 1]?.number);
  return fresh.flatMap(({ time, number }) => {
    const second = time - (number % FRAMES_PER_SECOND) / FRAMES_PER_SECOND;
    return offsets([second], beepTimes);
  });
}

/** For each of `times` the distance to the nearest of `others`, in milliseconds. */
export function offsets(times: readonly number[], others: readonly number[]): number[] {
  return times.flatMap((time) => {
    const nearest = others.reduce(
      (best, other) => (Math.abs(other - time) < Math.abs(best - time) ? other : best),
      1e9,
    );
    return Math.abs(nearest - time) < 0.5 ? [(time - nearest) * 1000] : [];
  });
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
