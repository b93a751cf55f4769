// Writes packets through one of FFmpeg's muxers, on its threads, from a bounded queue.
import {
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_OPUS,
  AV_CODEC_ID_VP8,
  AV_NOPTS_VALUE,
  AV_PIX_FMT_YUV420P,
  AV_SAMPLE_FMT_FLTP,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
} from 'node-av/constants';
import { Dictionary, FormatContext, Packet, Rational, type Stream } from 'node-av/lib';
import { type AudioTrack, type EncodedPacket, VIDEO_CLOCK, type VideoTrack } from '../encode/packet.ts';
import { check, SAMPLE_RATE, STEREO } from '../ffmpeg.ts';

export interface AvMuxerOptions {
  format: 'webm';
  url: string;
  options: Record<string, string | number>;
  video: VideoTrack | undefined;
  audio: AudioTrack;
}

const VIDEO_BASE = new Rational(1, VIDEO_CLOCK);
const AUDIO_BASE = new Rational(1, SAMPLE_RATE);

export class AvMuxer {
  readonly #context: FormatContext;
  readonly #video: Stream | undefined;
  readonly #audio: Stream;
  readonly #waiting: EncodedPacket[] = [];
  #pumping: Promise<void> | undefined;
  #waitingBytes = 0;
  #failure: Error | undefined;
  #isClosed = false;
  onFailure: ((error: Error) => void) | undefined;

  private constructor(context: FormatContext, video: Stream | undefined, audio: Stream) {
    this.#context = context;
    this.#video = video;
    this.#audio = audio;
  }

  static async open({ format, url, options, video, audio }: AvMuxerOptions): Promise<AvMuxer> {
    const context = new FormatContext();
    try {
      check(context.allocOutputContext2(null, format, url), `create ${format}`);
      const videoStream = video && addVideo(context, video);
      const audioStream = addAudio(context, audio);
      check(await context.openOutput(), 'open');
      check(await context.writeHeader(Dictionary.fromObject(options)), 'begin');
      return new AvMuxer(context, videoStream, audioStream);
    } catch (error) {
      await context.closeOutput().catch(() => undefined);
      context.freeContext();
      throw error;
    }
  }

  /** Bytes that wait for a slow disk or network. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  write(packet: EncodedPacket): void {
    if (this.#failure || this.#isClosed) return;
    this.#waiting.push(packet);
    this.#waitingBytes += packet.data.length;
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = undefined;
    });
  }

  /** Writes what waits and ends the file or stream in good form. */
  async finish(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#pumping;
    if (!this.#failure) check(await this.#context.writeTrailer(), 'finish');
    await this.#free();
    if (this.#failure) throw this.#failure;
  }

  /** Ends without form, in bounded time whatever the other side does. */
  async abort(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting.length = 0;
    this.#context.interrupt();
    await this.#pumping;
    await this.#free();
  }

  async #free(): Promise<void> {
    await this.#context.closeOutput().catch(() => undefined);
    this.#context.freeContext();
  }

  async #pump(): Promise<void> {
    for (let next = this.#waiting.shift(); next && !this.#failure; next = this.#waiting.shift()) {
      this.#waitingBytes -= next.data.length;
      try {
        await this.#writeOne(next);
      } catch (error) {
        this.#failure = error instanceof Error ? error : new Error(String(error));
        this.#waiting.length = 0;
        this.#waitingBytes = 0;
        this.onFailure?.(this.#failure);
      }
    }
  }

  async #writeOne({ kind, data, time, duration, isKey }: EncodedPacket): Promise<void> {
    const stream = kind === 'video' ? this.#video : this.#audio;
    if (!stream) return;
    const packet = new Packet();
    packet.alloc();
    try {
      packet.data = data;
      packet.pts = BigInt(time);
      packet.dts = BigInt(time);
      packet.duration = BigInt(duration);
      packet.isKeyframe = isKey;
      packet.streamIndex = stream.index;
      packet.rescaleTs(kind === 'video' ? VIDEO_BASE : AUDIO_BASE, stream.timeBase);
      if (packet.pts === AV_NOPTS_VALUE) return;
      check(await this.#context.interleavedWriteFrame(packet), 'write');
    } finally {
      packet.free();
    }
  }
}

function addVideo(context: FormatContext, { codec, width, height, extraData }: VideoTrack): Stream {
  const stream = context.newStream();
  const parameters = stream.codecpar;
  parameters.codecType = AVMEDIA_TYPE_VIDEO;
  parameters.codecId = codec === 'h264' ? AV_CODEC_ID_H264 : AV_CODEC_ID_VP8;
  parameters.format = AV_PIX_FMT_YUV420P;
  parameters.width = width;
  parameters.height = height;
  if (extraData) parameters.extradata = extraData;
  stream.timeBase = VIDEO_BASE;
  stream.avgFrameRate = new Rational(30, 1);
  return stream;
}

function addAudio(context: FormatContext, { codec, extraData, priming }: AudioTrack): Stream {
  const stream = context.newStream();
  const parameters = stream.codecpar;
  parameters.codecType = AVMEDIA_TYPE_AUDIO;
  parameters.codecId = codec === 'aac' ? AV_CODEC_ID_AAC : AV_CODEC_ID_OPUS;
  parameters.format = AV_SAMPLE_FMT_FLTP;
  parameters.sampleRate = SAMPLE_RATE;
  parameters.channelLayout = STEREO;
  parameters.frameSize = codec === 'aac' ? 1024 : 960;
  if (codec === 'opus') parameters.initialPadding = priming;
  if (extraData) parameters.extradata = extraData;
  stream.timeBase = AUDIO_BASE;
  return stream;
}
