// H.264 for MP4, HLS and RTMP; VP8 for WebM. Encodes on FFmpeg's threads, one frame after another.
import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_SMPTE170M,
  AVCOL_TRC_BT709,
  FF_ENCODER_LIBVPX_VP8,
  FF_ENCODER_LIBX264,
} from 'node-av/constants';
import { Codec, CodecContext, Dictionary, type Frame, Packet, Rational } from 'node-av/lib';
import { SerialQueue } from '../../../kit/serial-queue.ts';
import { check, present } from '../ffmpeg.ts';
import type { ColourMatrix } from '../picture/colour.ts';
import { type EncodedPacket, VIDEO_CLOCK, type VideoTrack } from './packet.ts';

export interface VideoEncoderOptions {
  codec: VideoTrack['codec'];
  width: number;
  height: number;
  frameRate: number;
  matrix: ColourMatrix;
  onPacket(packet: EncodedPacket): void;
}

/** Bits per second at most, by the pixels of the short side; what does not move takes much less. */
const BITRATES: Record<number, number> = { 480: 1_200_000, 720: 2_800_000, 1080: 5_000_000 };
const DEFAULT_BITRATE = 2_800_000;
/** Keyframes come when they are asked for, every two seconds; the encoder itself never adds one. */
const GOP_FRAMES = 100_000;

export class VideoEncoder {
  readonly track: VideoTrack;
  readonly #context: CodecContext;
  readonly #options: VideoEncoderOptions;
  readonly #packet = new Packet();
  readonly #queue = new SerialQueue();
  #isClosed = false;

  private constructor(options: VideoEncoderOptions, context: CodecContext) {
    this.#options = options;
    this.#context = context;
    this.#packet.alloc();
    const { codec, width, height, matrix } = options;
    const extraData = context.extraData ? Buffer.from(context.extraData) : undefined;
    this.track = { codec, width, height, matrix, extraData };
  }

  static async open(options: VideoEncoderOptions): Promise<VideoEncoder> {
    const { codec: name, width, height, frameRate, matrix } = options;
    const bitrate = BITRATES[Math.min(width, height)] ?? DEFAULT_BITRATE;
    const isH264 = name === 'h264';
    const codec = present(Codec.findEncoderByName(isH264 ? FF_ENCODER_LIBX264 : FF_ENCODER_LIBVPX_VP8), name);
    const context = new CodecContext();
    context.allocContext3(codec);
    context.width = width;
    context.height = height;
    context.pixelFormat = AV_PIX_FMT_YUV420P;
    context.timeBase = new Rational(1, VIDEO_CLOCK);
    context.framerate = new Rational(frameRate, 1);
    context.gopSize = GOP_FRAMES;
    context.maxBFrames = 0;
    context.colorRange = AVCOL_RANGE_MPEG;
    context.colorSpace = matrix === 'bt709' ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    context.colorPrimaries = AVCOL_PRI_BT709;
    context.colorTrc = AVCOL_TRC_BT709;
    context.rcMaxRate = BigInt(bitrate);
    context.rcBufferSize = bitrate * 2;
    context.threadCount = Math.min(width, height) > 720 ? 2 : 1;
    context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
    if (!isH264) context.bitRate = BigInt(Math.round(bitrate * 0.7));
    check(
      await context.open2(codec, Dictionary.fromObject(isH264 ? x264Options() : vp8Options())),
      `open ${name} encoder`,
    );
    return new VideoEncoder(options, context);
  }

  /** Settles when the encoder no longer reads from `frame`. `time` is in ticks of `VIDEO_CLOCK`. */
  encode(frame: Frame, time: number, isKey: boolean): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#isClosed) return;
      frame.pts = BigInt(time);
      frame.pictType = isKey ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
      check(await this.#context.sendFrame(frame), 'encode picture');
      this.#takePackets();
    });
  }

  /** Settles when everything handed in so far is encoded. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /** Gives what the encoder still holds, and frees it. */
  finish(): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      await this.#context.sendFrame(null);
      this.#takePackets();
      this.#context.freeContext();
      this.#packet.free();
    });
  }

  #takePackets(): void {
    while (this.#context.receivePacketSync(this.#packet) === 0) {
      const { data } = this.#packet;
      if (data) {
        const time = Number(this.#packet.pts);
        const copy = Buffer.from(data);
        this.#options.onPacket({ kind: 'video', data: copy, time, duration: 0, isKey: this.#packet.isKeyframe });
      }
      this.#packet.unref();
    }
  }
}

function x264Options() {
  return {
    preset: 'superfast',
    profile: 'high',
    crf: 23,
    'forced-idr': 1,
    // No lookahead and no scene cuts: a frame goes in and its packet comes out.
    'x264-params': 'scenecut=0:rc-lookahead=0:sync-lookahead=0:sliced-threads=0:bframes=0:keyint=infinite',
  };
}

function vp8Options() {
  return { deadline: 'realtime', 'cpu-used': 8, 'lag-in-frames': 0, 'error-resilient': 0, crf: 24, qmin: 4, qmax: 52 };
}
