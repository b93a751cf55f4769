// AAC for MP4, HLS and RTMP; Opus for WebM. A millisecond for a second of sound, so on the main thread.
import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_SAMPLE_FMT_FLT,
  AV_SAMPLE_FMT_FLTP,
  FF_ENCODER_AAC,
  FF_ENCODER_LIBOPUS,
} from 'node-av/constants';
import { Codec, CodecContext, Dictionary, Frame, Packet, Rational } from 'node-av/lib';
import { check, present, SAMPLE_RATE, STEREO } from '../ffmpeg.ts';
import type { AudioTrack, EncodedPacket } from './packet.ts';

const BITRATES = { aac: 128_000n, opus: 96_000n };
const FRAME_SAMPLES = { aac: 1024, opus: 960 };

export class AudioEncoder {
  readonly track: AudioTrack;
  readonly frameSamples: number;
  readonly #context: CodecContext;
  readonly #frame = new Frame();
  readonly #packet = new Packet();
  readonly #left: Float32Array;
  readonly #right: Float32Array | undefined;
  readonly #onPacket: (packet: EncodedPacket) => void;
  /** Where the next frame begins, in samples of the composition. */
  #position: number;
  #isClosed = false;

  private constructor(
    context: CodecContext,
    codec: AudioTrack['codec'],
    position: number,
    onPacket: (packet: EncodedPacket) => void,
  ) {
    const isPlanar = codec === 'aac';
    this.#context = context;
    this.#position = position;
    this.#onPacket = onPacket;
    this.frameSamples = FRAME_SAMPLES[codec];
    this.#packet.alloc();
    const frame = this.#frame;
    frame.alloc();
    frame.format = context.sampleFormat;
    frame.sampleRate = SAMPLE_RATE;
    frame.channelLayout = STEREO;
    frame.nbSamples = this.frameSamples;
    check(frame.getBuffer(0), 'allocate sound');
    const [first, second] = present(frame.data, 'sound');
    this.#left = floats(present(first, 'sound'), this.frameSamples * (isPlanar ? 1 : 2));
    this.#right = isPlanar && second ? floats(second, this.frameSamples) : undefined;
    const extraData = context.extraData ? Buffer.from(context.extraData) : undefined;
    this.track = { codec, extraData, priming: isPlanar ? 1024 : 312 };
  }

  /** `position` is where its first sample stands, in samples of the composition; it is asked for when all is ready. */
  static async open(
    codecName: AudioTrack['codec'],
    position: () => number,
    onPacket: (packet: EncodedPacket) => void,
  ): Promise<AudioEncoder> {
    const isAac = codecName === 'aac';
    const codec = present(Codec.findEncoderByName(isAac ? FF_ENCODER_AAC : FF_ENCODER_LIBOPUS), codecName);
    const context = new CodecContext();
    context.allocContext3(codec);
    context.sampleRate = SAMPLE_RATE;
    context.channelLayout = STEREO;
    context.sampleFormat = isAac ? AV_SAMPLE_FMT_FLTP : AV_SAMPLE_FMT_FLT;
    context.bitRate = BITRATES[codecName];
    context.timeBase = new Rational(1, SAMPLE_RATE);
    context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
    const options = isAac ? { aac_coder: 'fast' } : { frame_duration: 20 };
    // Only the asynchronous call may take options: with them the other one frees their dictionary twice (node-av 6.1).
    check(await context.open2(codec, Dictionary.fromObject(options)), `open ${codecName} encoder`);
    return new AudioEncoder(context, codecName, position(), onPacket);
  }

  /** Takes one frame of `frameSamples` samples. */
  encode(left: Float32Array, right: Float32Array): void {
    if (this.#isClosed) return;
    if (this.#right) {
      this.#left.set(left);
      this.#right.set(right);
    } else {
      for (let index = 0; index < left.length; index++) {
        this.#left[index * 2] = left[index] as number;
        this.#left[index * 2 + 1] = right[index] as number;
      }
    }
    this.#frame.pts = BigInt(this.#position);
    this.#position += this.frameSamples;
    check(this.#context.sendFrameSync(this.#frame), 'encode sound');
    this.#takePackets();
  }

  finish(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#context.sendFrameSync(null);
    this.#takePackets();
    this.#context.freeContext();
    this.#frame.free();
    this.#packet.free();
  }

  #takePackets(): void {
    while (this.#context.receivePacketSync(this.#packet) === 0) {
      const { data } = this.#packet;
      if (data) {
        const time = Number(this.#packet.pts);
        const duration = this.frameSamples;
        this.#onPacket({ kind: 'audio', data: Buffer.from(data), time, duration, isKey: true });
      }
      this.#packet.unref();
    }
  }
}

function floats(bytes: Buffer, count: number): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, count);
}
