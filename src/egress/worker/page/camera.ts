// Takes what `camera.html` sends from inside the browser: raw pictures and sound of the page, with the time of capture.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AV_PIX_FMT_NV12, AV_PIX_FMT_YUV420P } from 'node-av/constants';
import { type Static, Type } from 'typebox';
import { WebSocketServer } from 'ws';
import { fits } from '../../../kit/validate.ts';
import { RecentMinimum } from '../recent-minimum.ts';
import type { Picture } from '../sources/video-decoder.ts';

export interface FilmedPicture extends Picture {
  /** Milliseconds on our clock. */
  capturedAtMs: number;
}

export interface FilmedSound {
  /** Of the first sample, in milliseconds on our clock. */
  capturedAtMs: number;
  sampleRate: number;
  left: Float32Array;
  right: Float32Array;
}

export interface CameraOptions {
  nowMs(): number;
  onPicture(picture: FilmedPicture): void;
  onSound(sound: FilmedSound): void;
}

const PAGE = readFileSync(new URL('./camera.html', import.meta.url));
/** A picture of 4K, uncompressed. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
const CLOCK_WINDOW_MS = 10_000;
const FORMATS = { I420: AV_PIX_FMT_YUV420P, NV12: AV_PIX_FMT_NV12 } as const;

const Times = {
  /** Microseconds since an epoch of its own. */
  at: Type.Number(),
  /** When it was read, in milliseconds on the browser's clock. */
  now: Type.Number(),
};
const Offset = Type.Integer({ minimum: 0, maximum: MAX_MESSAGE_BYTES });
const PictureFacts = Type.Object({
  kind: Type.Literal('picture'),
  ...Times,
  width: Type.Integer({ minimum: 2, maximum: 8192 }),
  height: Type.Integer({ minimum: 2, maximum: 8192 }),
  format: Type.Enum(['I420', 'NV12']),
  planes: Type.Array(Type.Object({ offset: Offset, stride: Offset }), { minItems: 2, maxItems: 3 }),
});
const SoundFacts = Type.Object({
  kind: Type.Literal('sound'),
  ...Times,
  sampleRate: Type.Integer({ minimum: 8_000, maximum: 192_000 }),
  count: Type.Integer({ minimum: 1, maximum: 192_000 }),
});
const Facts = Type.Union([PictureFacts, SoundFacts]);

/**
 * Pictures and sound count from epochs of their own. What was read in the browser soonest after its capture ties each
 * to the browser's clock, and what arrived here soonest ties that to ours.
 */
class CaptureClock {
  readonly #pictures = new RecentMinimum(CLOCK_WINDOW_MS);
  readonly #sound = new RecentMinimum(CLOCK_WINDOW_MS);
  readonly #browser = new RecentMinimum(CLOCK_WINDOW_MS);

  toLocal(kind: 'pictures' | 'sound', { at, now }: { at: number; now: number }, arrivedAtMs: number): number {
    const offset = (kind === 'pictures' ? this.#pictures : this.#sound).add(now - at / 1000, arrivedAtMs);
    return at / 1000 + offset + this.#browser.add(arrivedAtMs - now, arrivedAtMs);
  }
}

export class Camera {
  readonly #options: CameraOptions;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #clock = new CaptureClock();
  /** Keeps the page that is filmed from sending pictures of its own. */
  readonly #path = `/${randomBytes(16).toString('hex')}/`;
  /** What the bytes that come next are. */
  #announced: Static<typeof Facts> | undefined;

  private constructor(options: CameraOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      if (request.url !== this.#path) response.writeHead(404).end();
      else response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(PAGE);
    });
    this.#sockets = new WebSocketServer({
      server: this.#server,
      path: this.#path,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    this.#sockets.on('connection', (socket) => {
      socket.on('error', () => socket.terminate());
      socket.on('message', (data, isBinary) => this.#take(data as Buffer, isBinary));
    });
  }

  static async open(options: CameraOptions): Promise<Camera> {
    const camera = new Camera(options);
    camera.#server.listen(0, '127.0.0.1');
    await once(camera.#server, 'listening');
    return camera;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The address of the page that films. */
  get url(): string {
    return `http://${this.host}${this.#path}`;
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (!isBinary) {
      const facts: unknown = JSON.parse(data.toString('utf8'));
      this.#announced = fits(Facts, facts) ? facts : undefined;
      return;
    }
    const facts = this.#announced;
    this.#announced = undefined;
    const arrivedAtMs = this.#options.nowMs();
    if (facts?.kind === 'picture') this.#takePicture(facts, data, arrivedAtMs);
    else if (facts?.kind === 'sound') this.#takeSound(facts, data, arrivedAtMs);
  }

  #takePicture(facts: Static<typeof PictureFacts>, data: Buffer, arrivedAtMs: number): void {
    const { width, height, format, planes } = facts;
    this.#options.onPicture({
      width,
      height,
      format: FORMATS[format],
      planes: planes.map(({ offset }) => data.subarray(offset)),
      strides: planes.map(({ stride }) => stride),
      capturedAtMs: this.#clock.toLocal('pictures', facts, arrivedAtMs),
    });
  }

  #takeSound(facts: Static<typeof SoundFacts>, data: Buffer, arrivedAtMs: number): void {
    const { count, sampleRate } = facts;
    if (data.length !== count * 8) return;
    // A copy, since samples have to be aligned to their size.
    const samples = new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.length) as ArrayBuffer);
    this.#options.onSound({
      capturedAtMs: this.#clock.toLocal('sound', facts, arrivedAtMs),
      sampleRate,
      left: samples.subarray(0, count),
      right: samples.subarray(count),
    });
  }
}
