// A page that shows as many videos as a recording has tiles, in a grid, with names: what a browser that records a meeting
// has to show, without the network in front of it.
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AV_CODEC_ID_VP8, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { FFmpegError, FormatContext, Packet, Rational } from 'node-av/lib';
import { type Clip, FRAMES_PER_SECOND } from '../test/harness/test-clip.ts';

interface Size {
  width: number;
  height: number;
}

export class TilePage implements AsyncDisposable {
  readonly url: string;
  readonly #server: Server;
  readonly #folder: string;

  private constructor(url: string, server: Server, folder: string) {
    this.url = url;
    this.#server = server;
    this.#folder = folder;
  }

  /** Without clips there are people without cameras. */
  static async serve(clips: readonly Clip[], size: Size, tiles: number): Promise<TilePage> {
    const folder = await mkdtemp(join(tmpdir(), 'roomful-bench-'));
    for (const [index, clip] of clips.entries()) await writeWebm(join(folder, `${index}.webm`), clip, size);
    const server = createServer((request, response) => {
      const name = /^\/(\d+)\.webm$/.exec(request.url ?? '')?.[1];
      if (name === undefined) return response.setHeader('content-type', 'text/html').end(page(clips.length, tiles));
      readFile(join(folder, `${name}.webm`)).then(
        (bytes) => response.setHeader('content-type', 'video/webm').end(bytes),
        () => response.writeHead(404).end(),
      );
      return undefined;
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TilePage(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function page(clips: number, tiles: number): string {
  const columns = Math.ceil(Math.sqrt(tiles));
  const tile = (index: number) =>
    clips > 0
      ? `<div><video src="/${index % clips}.webm" autoplay loop muted></video><b>Person ${index + 1}</b></div>`
      : `<div><i>P${index + 1}</i><b>Person ${index + 1}</b></div>`;
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; height: 100vh; background: #0e1116; display: grid; gap: 8px; grid-template-columns: repeat(${columns}, 1fr); }
    div { position: relative; overflow: hidden; border-radius: 12px; background: #1d232e; }
    video { width: 100%; height: 100%; object-fit: cover; }
    b { position: absolute; left: 10px; bottom: 10px; padding: 4px 10px; border-radius: 8px; background: #0009; color: #fff; font: 15px sans-serif; }
    i { position: absolute; inset: 30%; display: grid; place-items: center; border-radius: 50%; background: #3d6be0; color: #fff; font: 40px sans-serif; }
    </style>${Array.from({ length: tiles }, (_, index) => tile(index)).join('')}`;
}

async function writeWebm(path: string, clip: Clip, { width, height }: Size): Promise<void> {
  await using output = new FormatContext();
  must(output.allocOutputContext2(null, 'webm', path));
  const stream = output.newStream();
  stream.codecpar.codecType = AVMEDIA_TYPE_VIDEO;
  stream.codecpar.codecId = AV_CODEC_ID_VP8;
  stream.codecpar.width = width;
  stream.codecpar.height = height;
  stream.timeBase = new Rational(1, FRAMES_PER_SECOND);
  must(await output.openOutput());
  must(await output.writeHeader(null));
  using packet = new Packet();
  packet.alloc();
  for (const [index, { data, isKey }] of clip.frames.entries()) {
    packet.data = data;
    packet.pts = BigInt(index);
    packet.dts = BigInt(index);
    packet.duration = 1n;
    packet.isKeyframe = isKey;
    packet.streamIndex = 0;
    packet.rescaleTs(new Rational(1, FRAMES_PER_SECOND), stream.timeBase);
    must(await output.interleavedWriteFrame(packet));
    packet.unref();
  }
  must(await output.writeTrailer());
}

function must(code: number): void {
  FFmpegError.throwIfError(code, 'write a clip');
}
