// Text as masks, set by libass inside FFmpeg: all scripts, both directions, with the machine's fonts where ours has no
// glyph. Each piece of text takes some milliseconds, so they are set one after another and kept by whoever asked.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Filter, FilterGraph, Frame } from 'node-av/lib';
import { SerialQueue } from '../../../kit/serial-queue.ts';
import { check, present } from '../ffmpeg.ts';
import type { Mask } from './artboard.ts';

const FONT_FAMILY = 'Inter SemiBold';
const FONT_FILE = '@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf';
/** Wider text is cut whatever its place allows. */
const MAX_TEXT_PIXELS = 1024;

export class Lettering {
  readonly #folder = mkdtempSync(join(tmpdir(), 'roomful-lettering-'));
  readonly #fontFolder = dirname(createRequire(import.meta.url).resolve(FONT_FILE));
  readonly #queue = new SerialQueue();
  #count = 0;

  /** `text` in letters of `pixels` height, cut with an ellipsis to at most `maxWidth`. */
  set(text: string, pixels: number, maxWidth: number): Promise<Mask> {
    return this.#queue.run(async () => {
      const characters = [...text.normalize('NFC')];
      let mask = await this.#render(text, pixels);
      for (let kept = characters.length; mask.width > maxWidth && kept > 1; ) {
        const fitting = Math.floor((kept * maxWidth) / mask.width);
        kept = Math.min(kept - 1, fitting);
        mask = await this.#render(`${characters.slice(0, Math.max(1, kept)).join('').trimEnd()}…`, pixels);
      }
      return mask;
    });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #render(text: string, pixels: number): Promise<Mask> {
    const height = Math.ceil(pixels * 1.5);
    const mask = await this.#rasterise(
      `{\\an4\\pos(2,${height / 2})}${escaped(text)}`,
      MAX_TEXT_PIXELS,
      height,
      pixels,
    );
    return trimmed(mask);
  }

  async #rasterise(line: string, width: number, height: number, pixels: number): Promise<Mask> {
    this.#count += 1;
    const file = join(this.#folder, `${this.#count}.ass`);
    writeFileSync(file, script(line, width, height, pixels));
    const graph = new FilterGraph();
    const frame = new Frame();
    graph.alloc();
    frame.alloc();
    try {
      const sink = this.#connect(graph, file, width, height);
      check(await graph.config(), 'prepare lettering');
      check(await sink.buffersinkGetFrame(frame), 'set text');
      return maskOf(frame, width, height);
    } finally {
      frame.free();
      graph.free();
      rmSync(file, { force: true });
    }
  }

  #connect(graph: FilterGraph, file: string, width: number, height: number) {
    const chain = [
      ['color', `c=black:s=${width}x${height}:r=1:d=1`],
      ['format', 'pix_fmts=gray'],
      ['ass', `filename=${quoted(file)}:fontsdir=${quoted(this.#fontFolder)}`],
      ['format', 'pix_fmts=gray'],
      ['buffersink', null],
    ] as const;
    const filters = chain.map(([name, options], index) => {
      const filter = present(Filter.getByName(name), name);
      return present(graph.createFilter(filter, `${name}${index}`, options), name);
    });
    filters.reduce((from, to) => {
      check(from.link(0, to, 0), 'link filters');
      return to;
    });
    return present(filters.at(-1), 'buffersink');
  }
}

function script(line: string, width: number, height: number, pixels: number): string {
  return `[Script Info]
ScriptType: v4.00+
PlayResX: ${width}
PlayResY: ${height}
WrapStyle: 2

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BackColour, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: text,${FONT_FAMILY},${pixels},&H00FFFFFF,&H00000000,&H00000000,1,0,0,5,0,0,0,1

[Events]
Format: Layer, Start, End, Style, MarginL, MarginR, MarginV, Text
Dialogue: 0,0:00:00.00,0:01:00.00,text,0,0,0,${line}
`;
}

/** Names are text, not commands: no line breaks, no braces, and a joiner behind each backslash. */
function escaped(text: string): string {
  return text
    .replaceAll(/\p{Cc}/gu, ' ')
    .replaceAll('\\', '\\\u2060')
    .replaceAll('{', '\\{');
}

/** A value inside a filter's options. */
function quoted(value: string): string {
  return value.replaceAll(/[\\':]/g, '\\$&');
}

function maskOf(frame: Frame, width: number, height: number): Mask {
  const plane = present(frame.data?.[0], 'text');
  const stride = frame.linesize[0] ?? width;
  const coverage = new Uint8Array(width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      coverage[row * width + column] = toCoverage(plane[row * stride + column] as number);
    }
  }
  return { width, height, coverage };
}

/** White text on black in video range. */
function toCoverage(luma: number): number {
  return Math.max(0, Math.min(255, Math.round(((luma - 16) * 255) / 219)));
}

/** Without the empty columns on both sides. */
function trimmed(mask: Mask): Mask {
  let [first, last] = [mask.width, 0];
  for (let at = 0; at < mask.coverage.length; at++) {
    if ((mask.coverage[at] as number) < 16) continue;
    first = Math.min(first, at % mask.width);
    last = Math.max(last, at % mask.width);
  }
  if (last < first) return { width: 0, height: mask.height, coverage: new Uint8Array(0) };
  const width = last - first + 1;
  const coverage = new Uint8Array(width * mask.height);
  for (let row = 0; row < mask.height; row++) {
    coverage.set(mask.coverage.subarray(row * mask.width + first, row * mask.width + last + 1), row * width);
  }
  return { width, height: mask.height, coverage };
}
