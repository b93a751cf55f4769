// Everything drawn that is not a camera: labels, avatars, corners. Prepared once for each size and kept.

import { clip } from '../../../kit/text.ts';
import { Artboard, disc, type Mask, roundedBox } from './artboard.ts';
import type { Stamp } from './canvas.ts';
import type { Colour } from './colour.ts';
import type { Lettering } from './lettering.ts';
import { avatarColour, type Theme } from './theme.ts';

/** Labels and avatars in both states for everybody a canvas can show, several times over. */
const MAX_KEPT = 300;
/** Heights are for a canvas whose short side has 720 pixels. */
const LABEL_HEIGHT = 30;
const SMALL_LABEL_HEIGHT = 24;
const SMALL_TILE_HEIGHT = 200;
const MAX_NAME_LENGTH = 80;

export interface LabelWish {
  text: string;
  isMuted: boolean;
  tileWidth: number;
  tileHeight: number;
}

export interface Corners {
  radius: number;
  topLeft: Stamp;
  topRight: Stamp;
  bottomLeft: Stamp;
  bottomRight: Stamp;
}

export class Artwork {
  readonly #theme: Theme;
  readonly #lettering: Lettering;
  readonly #scale: number;
  readonly #stamps = new Map<string, Stamp | undefined>();
  readonly #corners = new Map<string, Corners>();
  readonly #onProblem: (error: unknown) => void;

  constructor(theme: Theme, lettering: Lettering, shortSide: number, onProblem: (error: unknown) => void) {
    this.#theme = theme;
    this.#lettering = lettering;
    this.#scale = shortSide / 720;
    this.#onProblem = onProblem;
  }

  /** Nothing until it is ready, which takes some milliseconds once. */
  label({ text, isMuted, tileWidth, tileHeight }: LabelWish): Stamp | undefined {
    const height = even(
      (tileHeight < SMALL_TILE_HEIGHT * this.#scale ? SMALL_LABEL_HEIGHT : LABEL_HEIGHT) * this.#scale,
    );
    const maxWidth = tileWidth - height;
    const name = clip(text.trim(), MAX_NAME_LENGTH);
    if (maxWidth < height * 2 || (name === '' && !isMuted)) return undefined;
    return this.#kept(`label ${height} ${maxWidth} ${isMuted} ${name}`, () =>
      this.#makeLabel(name, isMuted, height, maxWidth),
    );
  }

  avatar(participantId: string, name: string, diameter: number): Stamp | undefined {
    const size = even(diameter);
    const text = initials(name);
    return this.#kept(`avatar ${size} ${participantId} ${text}`, () =>
      this.#makeAvatar(avatarColour(this.#theme, participantId), text, size),
    );
  }

  /** What rounds a tile off, with or without the ring of who speaks. */
  corners(radius: number, ring: number): Corners {
    const key = `${radius} ${ring}`;
    let corners = this.#corners.get(key);
    if (!corners) {
      corners = makeCorners(this.#theme, radius, ring);
      this.#corners.set(key, corners);
    }
    return corners;
  }

  #kept(key: string, make: () => Promise<Stamp>): Stamp | undefined {
    if (this.#stamps.has(key)) return this.#stamps.get(key);
    if (this.#stamps.size >= MAX_KEPT) this.#stamps.delete(this.#stamps.keys().next().value ?? '');
    this.#stamps.set(key, undefined);
    make().then(
      (stamp) => this.#stamps.set(key, stamp),
      (error: unknown) => this.#onProblem(error),
    );
    return undefined;
  }

  async #makeLabel(name: string, isMuted: boolean, height: number, maxWidth: number): Promise<Stamp> {
    const { label } = this.#theme;
    const padding = Math.round(height * 0.36);
    const icon = isMuted ? Math.round(height * 0.58) : 0;
    const iconSpace = isMuted && name ? icon + Math.round(height * 0.2) : icon;
    const text =
      name && (await this.#lettering.set(name, Math.round(height * 0.66), maxWidth - 2 * padding - iconSpace));
    const width = even(2 * padding + iconSpace + (text ? text.width : 0) + 1);
    const box = { x: 0, y: 0, width, height };
    const board = new Artboard(width, height);
    const pill = roundedBox(box, Math.round(height * 0.3));
    board.paint(label.background, (x, y) => pill(x, y) * label.opacity);
    if (isMuted) board.paint(label.icon, mutedMicrophone(padding, (height - icon) / 2, icon));
    if (text) board.paintMask(text, padding + iconSpace, Math.round((height - text.height) / 2), label.text);
    return board.toStamp();
  }

  async #makeAvatar(colour: Colour, text: string, size: number): Promise<Stamp> {
    const board = new Artboard(size, size);
    board.paint(colour, disc(size / 2, size / 2, size / 2));
    const letters = await this.#lettering.set(text, Math.round(size * 0.5), size);
    const left = Math.round((size - letters.width) / 2);
    return board
      .paintMask(letters, left, Math.round((size - letters.height) / 2 + middleOffset(letters)), this.#theme.avatarText)
      .toStamp();
  }
}

/** First letters of the first and the last word of a name. */
export function initials(name: string): string {
  const words = name.split(/[\s_.@-]+/u).filter((word) => /[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(word));
  const chosen = words.length > 1 ? [words[0] ?? '', words.at(-1) ?? ''] : words.slice(0, 1);
  const letters = chosen.map((word) => firstGrapheme(word).toLocaleUpperCase('en'));
  return letters.join('') || '?';
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

function firstGrapheme(word: string): string {
  for (const { segment } of graphemes.segment(word)) {
    if (/[\p{L}\p{N}\p{Extended_Pictographic}]/u.test(segment)) return segment;
  }
  return '';
}

/** How far letters have to move down for their visible middle to be in the middle. */
function middleOffset({ width, height, coverage }: Mask): number {
  let [top, bottom] = [height, 0];
  for (let at = 0; at < coverage.length; at++) {
    if ((coverage[at] as number) < 128) continue;
    top = Math.min(top, Math.floor(at / width));
    bottom = Math.max(bottom, Math.floor(at / width));
  }
  return bottom < top ? 0 : height / 2 - (top + bottom + 1) / 2;
}

/** A crossed-out microphone in a square of `size`. */
function mutedMicrophone(left: number, top: number, size: number): (x: number, y: number) => number {
  const unit = size / 24;
  return (pixelX, pixelY) => {
    const x = (pixelX - left) / unit;
    const y = (pixelY - top) / unit;
    const capsule = toSegment(x, y, 12, 6, 12, 12) - 3.6;
    const bow = y > 11.5 ? Math.abs(Math.hypot(x - 12, y - 11.5) - 7) - 1.1 : Infinity;
    const stem = toSegment(x, y, 12, 18.6, 12, 22) - 1.1;
    const slash = toSegment(x, y, 3.5, 3, 20.5, 21) - 1.25;
    const gap = toSegment(x, y, 3.5, 3, 20.5, 21) - 2.7;
    const microphone = Math.max(Math.min(capsule, bow, stem), -gap);
    return Math.min(1, Math.max(0, 0.5 - Math.min(microphone, slash) * unit));
  };
}

function toSegment(x: number, y: number, x1: number, y1: number, x2: number, y2: number): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const along = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x - x1 - along * dx, y - y1 - along * dy);
}

function makeCorners(theme: Theme, radius: number, ring: number): Corners {
  const far = radius * 100;
  const outside = roundedBox({ x: 0, y: 0, width: far, height: far }, radius);
  const inside = roundedBox({ x: ring, y: ring, width: far, height: far }, Math.max(1, radius - ring));
  const corner = (isRight: boolean, isBottom: boolean) => {
    const mirrored = (shape: (x: number, y: number) => number) => (x: number, y: number) =>
      shape(isRight ? radius - x : x, isBottom ? radius - y : y);
    const board = new Artboard(radius, radius);
    if (ring > 0)
      board.paint(
        theme.accent,
        mirrored((x, y) => 1 - inside(x, y)),
      );
    return board
      .paint(
        theme.background,
        mirrored((x, y) => 1 - outside(x, y)),
      )
      .toStamp();
  };
  return {
    radius,
    topLeft: corner(false, false),
    topRight: corner(true, false),
    bottomLeft: corner(false, true),
    bottomRight: corner(true, true),
  };
}

function even(value: number): number {
  return Math.ceil(value / 2) * 2;
}
