// Decodes one participant's pictures, on the main thread: up to 720p this takes a millisecond or two.
import {
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_VP8,
  AV_CODEC_ID_VP9,
  type AVCodecID,
  AVERROR_EAGAIN,
  type AVPixelFormat,
} from 'node-av/constants';
import { Codec, CodecContext, Frame, Packet } from 'node-av/lib';
import { check, present } from '../ffmpeg.ts';

/** A decoded picture; its planes are FFmpeg's memory and valid until the decoder decodes or closes. */
export interface Picture {
  width: number;
  height: number;
  format: AVPixelFormat;
  planes: Buffer[];
  strides: number[];
}

const CODEC_IDS: Record<string, AVCodecID> = {
  'video/vp8': AV_CODEC_ID_VP8,
  'video/vp9': AV_CODEC_ID_VP9,
  'video/h264': AV_CODEC_ID_H264,
  'video/av1': AV_CODEC_ID_AV1,
};
/** A picture of more pixels than 4K is not decoded for a canvas of at most 1080p. */
const MAX_PIXELS = 3840 * 2160;

export class VideoDecoder {
  readonly #context = new CodecContext();
  readonly #packet = new Packet();
  #shown: Frame | undefined;
  #spare: Frame;
  #picture: Picture | undefined;

  constructor(mimeType: string) {
    const id = present(CODEC_IDS[mimeType.toLowerCase()], mimeType);
    const codec = present(Codec.findDecoder(id), mimeType);
    this.#context.allocContext3(codec);
    this.#context.threadCount = 1;
    check(this.#context.open2Sync(codec, null), `open decoder for ${mimeType}`);
    this.#packet.alloc();
    this.#spare = newFrame();
  }

  /** The picture decoded last. */
  get picture(): Picture | undefined {
    if (!this.#picture && this.#shown) this.#picture = viewOf(this.#shown);
    return this.#picture;
  }

  /** `shown` when there is a new picture, `broken` when the decoder needs a keyframe. */
  decode(data: Buffer): 'shown' | 'nothing' | 'broken' {
    this.#packet.data = data;
    const sent = this.#context.sendPacketSync(this.#packet);
    this.#packet.unref();
    if (sent < 0 && sent !== AVERROR_EAGAIN) return 'broken';
    let result: 'shown' | 'nothing' = 'nothing';
    while (this.#context.receiveFrameSync(this.#spare) === 0) {
      if (this.#spare.width * this.#spare.height > MAX_PIXELS) continue;
      const previous = this.#shown;
      this.#shown = this.#spare;
      this.#spare = previous ?? newFrame();
      this.#picture = undefined;
      result = 'shown';
    }
    return result;
  }

  close(): void {
    this.#picture = undefined;
    this.#context.freeContext();
    this.#shown?.free();
    this.#spare.free();
    this.#packet.free();
  }
}

function newFrame(): Frame {
  const frame = new Frame();
  frame.alloc();
  return frame;
}

function viewOf(frame: Frame): Picture | undefined {
  const planes = frame.data?.slice(0, 3);
  if (!planes || planes.length < 1) return undefined;
  const format = frame.format as AVPixelFormat;
  return { width: frame.width, height: frame.height, format, planes, strides: frame.linesize.slice(0, 3) };
}
