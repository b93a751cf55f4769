// What a synthetic participant sends: a colour, a flash and a beep at the beginning of each second, and the number of
// the frame in black and white cells. Encoded once, sent round and round.
import {
  AV_CHANNEL_ORDER_NATIVE,
  AV_LOG_ERROR,
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AV_SAMPLE_FMT_FLT,
  FF_ENCODER_LIBOPUS,
  FF_ENCODER_LIBVPX_VP8,
  FF_ENCODER_LIBVPX_VP9,
  FF_ENCODER_LIBX264,
} from 'node-av/constants';
import { Codec, CodecContext, Dictionary, FFmpegError, Frame, Log, Packet, Rational } from 'node-av/lib';

export type VideoCodec = 'VP8' | 'H264' | 'VP9';

export interface Clip {
  codec: VideoCodec | 'opus';
  /** One for each frame, or each packet of sound. */
  frames: { data: Buffer; isKey: boolean }[];
  /** RTP clock ticks from one to the next. */
  ticksPerFrame: number;
  clockRate: number;
}

/** Where things are in the picture, as shares of its width and height; all within what any tile shows. */
export const MARKS = {
  flash: { x: 0.5, y: 0.22 },
  colour: { x: 0.5, y: 0.42 },
  cells: { left: 0.3, right: 0.7, y: 0.62, count: 6 },
};
export const FRAMES_PER_SECOND = 30;
export const CLIP_SECONDS = 2;
export const FLASH_FRAMES = 3;
export const BEEP_SECONDS = 0.08;
const KEY_EVERY = 15;

/** Colours far apart in both chroma planes. */
export const COLOURS = [
  { y: 90, u: 60, v: 200 },
  { y: 90, u: 200, v: 70 },
  { y: 110, u: 70, v: 70 },
  { y: 110, u: 200, v: 200 },
  { y: 100, u: 128, v: 220 },
  { y: 100, u: 220, v: 128 },
  { y: 120, u: 40, v: 128 },
  { y: 120, u: 128, v: 40 },
  { y: 60, u: 128, v: 128 },
] as const;
export type ClipColour = (typeof COLOURS)[number];

Log.setLevel(AV_LOG_ERROR);

function must(code: number): void {
  if (code < 0) throw new Error(FFmpegError.strerror(code));
}

function paint(frame: Frame, number: number, colour: ClipColour): void {
  const { width, height } = frame;
  const [luma, u, v] = frame.data ?? [];
  const stride = frame.linesize[0] ?? width;
  if (!luma || !u || !v) throw new Error('no planes');
  luma.fill(colour.y);
  u.fill(colour.u);
  v.fill(colour.v);
  const box = (x0: number, x1: number, y0: number, y1: number, value: number) => {
    for (let y = Math.round(y0 * height); y < y1 * height; y++) {
      luma.fill(value, y * stride + Math.round(x0 * width), y * stride + Math.round(x1 * width));
    }
  };
  box(0.25, 0.75, 0.12, 0.32, number % FRAMES_PER_SECOND < FLASH_FRAMES ? 235 : 16);
  const { left, right, count } = MARKS.cells;
  const size = (right - left) / count;
  for (let cell = 0; cell < count; cell++) {
    box(left + cell * size, left + (cell + 1) * size, 0.54, 0.7, (number >> cell) & 1 ? 235 : 16);
  }
}

export function videoClip(codec: VideoCodec, width: number, height: number, colour: ClipColour): Promise<Clip> {
  const count = CLIP_SECONDS * FRAMES_PER_SECOND;
  return encodeClip(codec, { width, height, count }, (frame, number) => paint(frame, number, colour));
}

/** Encodes what `draw` makes of each frame. */
export async function encodeClip(
  codec: VideoCodec,
  shape: { width: number; height: number; count: number; framesPerSecond?: number },
  draw: (frame: Frame, number: number) => void,
): Promise<Clip> {
  const { width, height, count, framesPerSecond = FRAMES_PER_SECOND } = shape;
  const name = { VP8: FF_ENCODER_LIBVPX_VP8, VP9: FF_ENCODER_LIBVPX_VP9, H264: FF_ENCODER_LIBX264 }[codec];
  const encoder = Codec.findEncoderByName(name);
  const context = new CodecContext();
  context.allocContext3(encoder);
  context.width = width;
  context.height = height;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  context.timeBase = new Rational(1, framesPerSecond);
  context.bitRate = BigInt(Math.round(width * height * 2.5));
  context.maxBFrames = 0;
  context.gopSize = 1000;
  context.threadCount = 1;
  const options =
    codec === 'H264'
      ? { preset: 'ultrafast', tune: 'zerolatency', 'forced-idr': 1, profile: 'baseline' }
      : { deadline: 'realtime', 'cpu-used': 8, 'lag-in-frames': 0 };
  must(await context.open2(encoder, Dictionary.fromObject(options)));
  const frames: Clip['frames'] = [];
  const packet = new Packet();
  packet.alloc();
  for (let number = 0; number < count; number++) {
    const frame = new Frame();
    frame.alloc();
    frame.format = AV_PIX_FMT_YUV420P;
    frame.width = width;
    frame.height = height;
    must(frame.getBuffer(0));
    draw(frame, number);
    frame.pts = BigInt(number);
    frame.pictType = number % KEY_EVERY === 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    must(context.sendFrameSync(frame));
    frame.free();
    while (context.receivePacketSync(packet) === 0) {
      frames.push({ data: Buffer.from(packet.data ?? []), isKey: packet.isKeyframe });
      packet.unref();
    }
  }
  packet.free();
  context.freeContext();
  return { codec, frames, ticksPerFrame: 90_000 / framesPerSecond, clockRate: 90_000 };
}

/** Opus packets of `packetMs`, with a beep of `hertz` each second. */
export async function beepClip(packetMs: 20 | 40 | 60, hertz: number): Promise<Clip> {
  const encoder = Codec.findEncoderByName(FF_ENCODER_LIBOPUS);
  const context = new CodecContext();
  context.allocContext3(encoder);
  context.sampleRate = 48_000;
  context.channelLayout = { nbChannels: 2, order: AV_CHANNEL_ORDER_NATIVE, mask: 3n };
  context.sampleFormat = AV_SAMPLE_FMT_FLT;
  context.bitRate = 64_000n;
  context.timeBase = new Rational(1, 48_000);
  must(await context.open2(encoder, Dictionary.fromObject({ frame_duration: packetMs, application: 'lowdelay' })));
  const count = 48 * packetMs;
  const frames: Clip['frames'] = [];
  const packet = new Packet();
  packet.alloc();
  // Sound repeats after so many whole packets that they are whole seconds.
  const seconds = packetMs === 60 ? 3 : CLIP_SECONDS;
  for (let start = 0; start < seconds * 48_000; start += count) {
    const frame = new Frame();
    frame.alloc();
    frame.format = AV_SAMPLE_FMT_FLT;
    frame.sampleRate = 48_000;
    frame.channelLayout = { nbChannels: 2, order: AV_CHANNEL_ORDER_NATIVE, mask: 3n };
    frame.nbSamples = count;
    must(frame.getBuffer(0));
    const bytes = frame.data?.[0];
    if (!bytes) throw new Error('no samples');
    const samples = new Float32Array(bytes.buffer, bytes.byteOffset, count * 2);
    for (let index = 0; index < count; index++) {
      const inSecond = ((start + index) % 48_000) / 48_000;
      const value = inSecond < BEEP_SECONDS ? 0.3 * Math.sin(2 * Math.PI * hertz * inSecond) : 0;
      samples[index * 2] = value;
      samples[index * 2 + 1] = value;
    }
    frame.pts = BigInt(start);
    must(context.sendFrameSync(frame));
    frame.free();
    while (context.receivePacketSync(packet) === 0) {
      frames.push({ data: Buffer.from(packet.data ?? []), isKey: true });
      packet.unref();
    }
  }
  packet.free();
  context.freeContext();
  return { codec: 'opus', frames, ticksPerFrame: count, clockRate: 48_000 };
}
