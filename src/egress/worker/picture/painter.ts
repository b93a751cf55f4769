// Paints the tiles of a layout onto a canvas, and only those that look different from what that canvas shows already.

import type { CompositionConfig } from '../../../protocol/composition.ts';
import type { Tile } from '../../../protocol/layout.ts';
import type { VideoSource } from '../sources/video-source.ts';
import { Artwork } from './artwork.ts';
import type { Canvas } from './canvas.ts';
import { toYuv, type Yuv } from './colour.ts';
import { Lettering } from './lettering.ts';
import { type Rectangle, Scaler } from './scaler.ts';
import { type Painted, Sheet } from './sheet.ts';
import { type Theme, themeOf } from './theme.ts';

/** A tile with who is in it. */
export interface TileLook extends Tile {
  name: string;
  isMuted: boolean;
  isSpeaking: boolean;
  source: VideoSource | undefined;
}

/** A canvas and what it shows. */
interface Page {
  sheet: Sheet;
  layoutVersion: number;
  /** What each tile shows, as its key. */
  shown: string[];
}

const RING_PIXELS = 4;
const AVATAR_SHARE = 0.42;

export class Painter {
  readonly #theme: Theme;
  readonly #background: Yuv;
  readonly #tileColour: Yuv;
  readonly #accent: Yuv;
  readonly #lettering = new Lettering();
  readonly #artwork: Artwork;
  readonly #pages: Page[];
  readonly #scale: number;
  readonly #scalers = new Map<string, Scaler>();
  #layoutVersion = 0;
  #lastKeys = '';

  constructor(
    size: { width: number; height: number },
    theme: CompositionConfig['theme'],
    onProblem: (error: unknown) => void,
  ) {
    const shortSide = Math.min(size.width, size.height);
    this.#theme = themeOf(theme);
    this.#background = toYuv(this.#theme.background);
    this.#tileColour = toYuv(this.#theme.tile);
    this.#accent = toYuv(this.#theme.accent);
    this.#scale = shortSide / 720;
    this.#artwork = new Artwork(this.#theme, this.#lettering, shortSide, onProblem);
    this.#pages = Sheet.set(size).map((sheet) => ({ sheet, layoutVersion: -1, shown: [] }));
  }

  /** To be called when tiles have come, gone or moved. */
  layoutChanged(tiles: readonly Tile[]): void {
    this.#layoutVersion += 1;
    const needed = new Set(tiles.map(scalerKey));
    for (const [key, scaler] of this.#scalers) {
      if (needed.has(key)) continue;
      scaler.close();
      this.#scalers.delete(key);
    }
  }

  /** Nothing when every canvas is still being encoded. */
  paint(looks: readonly TileLook[]): Painted | undefined {
    const page = this.#pages.find(({ sheet }) => sheet.isFree);
    if (!page) return undefined;
    const { canvas } = page.sheet;
    if (page.layoutVersion !== this.#layoutVersion) {
      canvas.fill(0, 0, canvas.width, canvas.height, this.#background);
      page.layoutVersion = this.#layoutVersion;
      page.shown = [];
    }
    looks.forEach((look, index) => {
      const key = this.#keyOf(look);
      if (page.shown[index] === key) return;
      page.shown[index] = key;
      this.#paintTile(canvas, look);
    });
    const keys = `${this.#layoutVersion} ${page.shown.join('|')}`;
    const isNew = keys !== this.#lastKeys;
    this.#lastKeys = keys;
    return page.sheet.painted(isNew);
  }

  close(): void {
    for (const scaler of this.#scalers.values()) scaler.close();
    for (const { sheet } of this.#pages) sheet.canvas.close();
    this.#lettering.close();
  }

  #keyOf(look: TileLook): string {
    const picture = look.source?.picture;
    const content = picture ? `v${look.source?.version}` : `a${this.#avatarOf(look) ? 1 : 0}`;
    const label = this.#labelOf(look) ? 1 : 0;
    return `${content} ${label} ${look.isMuted ? 1 : 0} ${look.isSpeaking ? 1 : 0} ${look.name}`;
  }

  #paintTile(canvas: Canvas, look: TileLook): void {
    const picture = look.source?.picture;
    if (picture && look.source) {
      const fit = look.kind === 'share' ? 'contain' : 'cover';
      const covered = this.#scalerOf(look).draw(picture, look.source.rotation, canvas, look, fit);
      this.#fillAround(canvas, look, covered);
    } else {
      this.#paintAvatar(canvas, look);
    }
    this.#paintEdge(canvas, look);
    const label = this.#labelOf(look);
    const margin = even(10 * this.#scale);
    if (label) canvas.draw(label, look.x + margin, look.y + look.height - label.height - margin);
  }

  #paintAvatar(canvas: Canvas, look: TileLook): void {
    canvas.fill(look.x, look.y, look.width, look.height, this.#tileColour);
    const avatar = this.#avatarOf(look);
    if (!avatar) return;
    const x = look.x + even((look.width - avatar.width) / 2);
    canvas.draw(avatar, x, look.y + even((look.height - avatar.height) / 2));
  }

  #paintEdge(canvas: Canvas, { x, y, width, height, isSpeaking }: TileLook): void {
    const ring = isSpeaking ? Math.max(2, even(RING_PIXELS * this.#scale)) : 0;
    if (ring > 0) {
      canvas.fill(x, y, width, ring, this.#accent);
      canvas.fill(x, y + height - ring, width, ring, this.#accent);
      canvas.fill(x, y, ring, height, this.#accent);
      canvas.fill(x + width - ring, y, ring, height, this.#accent);
    }
    const corners = this.#artwork.corners(radiusOf(width, height, this.#scale), ring);
    const [right, bottom] = [x + width - corners.radius, y + height - corners.radius];
    canvas.draw(corners.topLeft, x, y);
    canvas.draw(corners.topRight, right, y);
    canvas.draw(corners.bottomLeft, x, bottom);
    canvas.draw(corners.bottomRight, right, bottom);
  }

  #fillAround(canvas: Canvas, tile: Rectangle, inside: Rectangle): void {
    const [right, bottom] = [inside.x + inside.width, inside.y + inside.height];
    const colour = this.#tileColour;
    if (inside.y > tile.y) canvas.fill(tile.x, tile.y, tile.width, inside.y - tile.y, colour);
    if (bottom < tile.y + tile.height) canvas.fill(tile.x, bottom, tile.width, tile.y + tile.height - bottom, colour);
    if (inside.x > tile.x) canvas.fill(tile.x, inside.y, inside.x - tile.x, inside.height, colour);
    if (right < tile.x + tile.width) canvas.fill(right, inside.y, tile.x + tile.width - right, inside.height, colour);
  }

  #labelOf(look: TileLook) {
    return this.#artwork.label({
      text: look.kind === 'share' ? `${look.name} · Screen` : look.name,
      isMuted: look.isMuted && look.kind === 'video',
      tileWidth: look.width,
      tileHeight: look.height,
    });
  }

  #avatarOf(look: TileLook) {
    return this.#artwork.avatar(look.participantId, look.name, Math.min(look.width, look.height) * AVATAR_SHARE);
  }

  #scalerOf(tile: Tile): Scaler {
    const key = scalerKey(tile);
    let scaler = this.#scalers.get(key);
    if (!scaler) {
      scaler = new Scaler();
      this.#scalers.set(key, scaler);
    }
    return scaler;
  }
}

function scalerKey({ participantId, kind }: Tile): string {
  return `${kind} ${participantId}`;
}

function radiusOf(width: number, height: number, scale: number): number {
  return Math.max(4, even(Math.min(14 * scale, Math.min(width, height) * 0.08)));
}

function even(value: number): number {
  return Math.floor(value / 2) * 2;
}
