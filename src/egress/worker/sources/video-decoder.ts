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

/** A decoded picture; its planes are FFmpeg's memory, and hold the next picture once the decoder has decoded it. */
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
  readonly #frame = newFrame();
  #shown: { frame: Frame; picture: Picture } | undefined;

  constructor(mimeType: string) {
    const id = present(CODEC_IDS[mimeType.toLowerCase()], mimeType);
    const codec = present(Codec.findDecoder(id), mimeType);
    this.#context.allocContext3(codec);
    this.#context.threadCount = 1;
    check(this.#context.open2Sync(codec, null), `open decoder for ${mimeType}`);
    this.#packet.alloc();
  }

  /** The picture decoded last. */
  get picture(): Picture | undefined {
    return this.#shown?.picture;
  }

  /** `shown` when there is a new picture, `broken` when the decoder needs a keyframe. */
  decode(data: Buffer): 'shown' | 'nothing' | 'broken' {
    this.#packet.data = data;
    const sent = this.#context.sendPacketSync(this.#packet);
    this.#packet.unref();
    if (sent < 0 && sent !== AVERROR_EAGAIN) return 'broken';
    let result: 'shown' | 'nothing' = 'nothing';
    while (this.#context.receiveFrameSync(this.#frame) === 0) {
      if (this.#frame.width * this.#frame.height > MAX_PIXELS) continue;
      this.#show(this.#frame);
      result = 'shown';
    }
    return result;
  }

  close(): void {
    this.#context.freeContext();
    this.#frame.free();
    this.#shown?.frame.free();
    this.#shown = undefined;
    this.#packet.free();
  }

  /**
   * Copies into memory of our own, which is looked at once: V8 takes every look at the planes of another frame for so much
   * new memory, and collects all garbage several times a second to get it back.
   */
  #show(decoded: Frame): void {
    let shown = this.#shown;
    if (!shown || !isLike(shown.frame, decoded)) {
      shown?.frame.free();
      this.#shown = undefined;
      shown = emptyLike(decoded);
    }
    check(shown.frame.copy(decoded), 'copy picture');
    this.#shown = shown;
  }
}

function newFrame(): Frame {
  const frame = new Frame();
  frame.alloc();
  return frame;
}

function isLike(one: Frame, other: Frame): boolean {
  return one.width === other.width && one.height === other.height && one.format === other.format;
}

function emptyLike({ width, height, format }: Frame): { frame: Frame; picture: Picture } {
  const frame = newFrame();
  frame.width = width;
  frame.height = height;
  frame.format = format;
  check(frame.getBuffer(0), 'allocate picture');
  const planes = present(frame.data, 'picture').slice(0, 3);
  const strides = frame.linesize.slice(0, 3);
  return { frame, picture: { width, height, format: format as AVPixelFormat, planes, strides } };
}
