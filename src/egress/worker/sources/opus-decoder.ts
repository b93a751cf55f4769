// Opus packets to stereo samples.
import { AV_SAMPLE_FMT_FLT, AV_SAMPLE_FMT_FLTP, AV_SAMPLE_FMT_S16, FF_DECODER_OPUS } from 'node-av/constants';
import { Codec, CodecContext, Frame, Packet } from 'node-av/lib';
import { check, present, SAMPLE_RATE, STEREO } from '../ffmpeg.ts';

export class OpusDecoder {
  readonly #context = new CodecContext();
  readonly #packet = new Packet();
  readonly #frame = new Frame();

  constructor() {
    const codec = present(Codec.findDecoderByName(FF_DECODER_OPUS), 'Opus');
    this.#context.allocContext3(codec);
    this.#context.sampleRate = SAMPLE_RATE;
    this.#context.channelLayout = STEREO;
    check(this.#context.open2Sync(codec, null), 'open Opus decoder');
    this.#packet.alloc();
    this.#frame.alloc();
  }

  /** The samples are valid until the next call. False when the packet cannot be decoded. */
  decode(data: Buffer, onSamples: (left: Float32Array, right: Float32Array, count: number) => void): boolean {
    this.#packet.data = data;
    const sent = this.#context.sendPacketSync(this.#packet);
    this.#packet.unref();
    if (sent < 0) return false;
    while (this.#context.receiveFrameSync(this.#frame) === 0) {
      const [left, right] = stereoOf(this.#frame);
      if (left && right) onSamples(left, right, this.#frame.nbSamples);
    }
    return true;
  }

  close(): void {
    this.#context.freeContext();
    this.#frame.free();
    this.#packet.free();
  }
}

function stereoOf(frame: Frame): [Float32Array, Float32Array] | [] {
  const [first, second] = frame.data ?? [];
  const count = frame.nbSamples;
  if (!first) return [];
  if (frame.format === AV_SAMPLE_FMT_FLTP) {
    const left = new Float32Array(first.buffer, first.byteOffset, count);
    return [left, second ? new Float32Array(second.buffer, second.byteOffset, count) : left];
  }
  if (frame.format === AV_SAMPLE_FMT_FLT) {
    return split(new Float32Array(first.buffer, first.byteOffset, count * 2), 1);
  }
  if (frame.format === AV_SAMPLE_FMT_S16) {
    return split(new Int16Array(first.buffer, first.byteOffset, count * 2), 1 / 32768);
  }
  return [];
}

function split(samples: Float32Array | Int16Array, factor: number): [Float32Array, Float32Array] {
  const left = new Float32Array(samples.length / 2);
  const right = new Float32Array(samples.length / 2);
  for (let index = 0; index < left.length; index++) {
    left[index] = (samples[index * 2] as number) * factor;
    right[index] = (samples[index * 2 + 1] as number) * factor;
  }
  return [left, right];
}
