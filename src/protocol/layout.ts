// Where everybody stands in a composed picture: pure arithmetic, shared by recordings, streams and the web pages.
import type { CompositionConfig } from './composition.ts';

/** What the layout has to know of a participant. */
export interface LayoutParticipant {
  id: string;
  shareOn: boolean;
  pinned: boolean;
  /** Milliseconds since the epoch. */
  joinedAt: number;
}

export interface LayoutRequest {
  participants: readonly LayoutParticipant[];
  /** Who speaks now or spoke last. */
  activeSpeakerId: string | null;
  layout: CompositionConfig['layout'];
  /** Pixels; both even. */
  width: number;
  height: number;
}

/** A rectangle with somebody's camera (cropped to it) or screen (fitted into it). All numbers are even. */
export interface Tile {
  participantId: string;
  kind: 'video' | 'share';
  x: number;
  y: number;
  width: number;
  height: number;
  /** The one tile that the others stand beside. */
  main: boolean;
}

interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Aspects {
  narrowest: number;
  widest: number;
}

/** What a layout shows when its grid size is 0 or absent, and the most it ever shows. */
export const MAX_TILES = 25;
/** Gaps as a share of the canvas's short side: 8 pixels at 720p. */
const GAP_SHARE = 1 / 90;
/** How much of a landscape canvas's width, or of a portrait canvas's height, the strip takes. */
const STRIP_SHARE = { landscape: 0.2, portrait: 0.26 };
/** Cameras are 16:9 or 4:3, and a tile between the two crops neither much; upright canvases are filled by squares. */
const ASPECTS = {
  landscape: { narrowest: 4 / 3, widest: 16 / 9 },
  portrait: { narrowest: 1, widest: 16 / 9 },
};

/** The tiles of a picture: who is first in importance is first in the list; no two overlap, none leaves the canvas. */
export function arrange(request: LayoutRequest): Tile[] {
  const { layout } = request;
  const people = inOrder(request);
  const sharer = people.find(({ shareOn }) => shareOn);
  if (layout.type === 'SPOTLIGHT') {
    if (sharer) return alone(sharer, 'share', request);
    return grid(spotlit(people, request), request);
  }
  if (sharer) return besideStrip(sharer, 'share', visible(people, request), request);
  if (layout.type === 'GRID') return grid(visible(people, request), request);
  const [main, ...others] = visible(people, request);
  if (!main) return [];
  return others.length === 0 ? alone(main, 'video', request) : besideStrip(main, 'video', others, request);
}

/** By time of joining; those who matter most under the layout's priority stand before the others. */
function inOrder({ participants, layout, activeSpeakerId }: LayoutRequest): LayoutParticipant[] {
  const people = [...participants].sort((a, b) => a.joinedAt - b.joinedAt || (a.id < b.id ? -1 : 1));
  const isPinned = (person: LayoutParticipant) => person.pinned;
  const speaks = (person: LayoutParticipant) => person.id === activeSpeakerId;
  if (layout.priority === 'PIN') {
    const pinned = people.filter(isPinned);
    const others = people.filter((person) => !person.pinned);
    if (layout.type === 'GRID') return [...pinned, ...others];
    // Beside a pinned main tile stand other pinned participants only; without any pin the speaker takes the place.
    return pinned.length > 0 ? pinned : [...others.filter(speaks), ...others.filter((person) => !speaks(person))];
  }
  // In a grid where everybody has a place, people keep theirs: a picture that reshuffles with each word is unwatchable.
  const everybodyFits = people.length <= capacity(layout.gridSize);
  if (layout.type === 'GRID' && everybodyFits) return people;
  return [...people.filter(speaks), ...people.filter((person) => !speaks(person))];
}

function capacity(gridSize: number): number {
  return gridSize > 0 ? Math.min(gridSize, MAX_TILES) : MAX_TILES;
}

function visible(people: LayoutParticipant[], { layout }: LayoutRequest): LayoutParticipant[] {
  return people.slice(0, capacity(layout.gridSize));
}

function spotlit(people: LayoutParticipant[], request: LayoutRequest): LayoutParticipant[] {
  const pinned = request.layout.priority === 'PIN' ? people.filter((person) => person.pinned) : [];
  return visible(pinned.length > 0 ? pinned : people.slice(0, 1), request);
}

function alone(person: LayoutParticipant, kind: Tile['kind'], request: LayoutRequest): Tile[] {
  const { x, y, width, height } = inner(request);
  return [{ participantId: person.id, kind, x, y, width, height, main: true }];
}

function grid(people: LayoutParticipant[], request: LayoutRequest): Tile[] {
  const only = people.length === 1 ? people[0] : undefined;
  if (only) return alone(only, 'video', request);
  return packed(people, inner(request), aspects(request), gapOf(request));
}

function besideStrip(
  main: LayoutParticipant,
  kind: Tile['kind'],
  others: LayoutParticipant[],
  request: LayoutRequest,
): Tile[] {
  if (others.length === 0) return alone(main, kind, request);
  const area = inner(request);
  const gap = gapOf(request);
  const upright = request.height > request.width;
  const strip = { ...area };
  const rest = { ...area };
  if (upright) {
    strip.height = even(area.height * STRIP_SHARE.portrait);
    strip.y = area.y + area.height - strip.height;
    rest.height = area.height - strip.height - gap;
  } else {
    strip.width = even(area.width * STRIP_SHARE.landscape);
    strip.x = area.x + area.width - strip.width;
    rest.width = area.width - strip.width - gap;
  }
  const tile = { participantId: main.id, kind, ...rest, main: true };
  return [tile, ...packed(others, strip, aspects(request), gap)];
}

/** Equal tiles in rows, as large as they get, the last row centred. */
function packed(people: LayoutParticipant[], area: Area, allowed: Aspects, gap: number): Tile[] {
  if (people.length === 0) return [];
  const { columns, rows, width, height } = bestCells(people.length, area, allowed, gap);
  const blockHeight = rows * height + (rows - 1) * gap;
  const top = area.y + even((area.height - blockHeight) / 2);
  return people.map((person, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, people.length - row * columns);
    const rowWidth = inRow * width + (inRow - 1) * gap;
    const left = area.x + even((area.width - rowWidth) / 2);
    return {
      participantId: person.id,
      kind: 'video',
      x: left + (index % columns) * (width + gap),
      y: top + row * (height + gap),
      width,
      height,
      main: false,
    };
  });
}

function bestCells(count: number, area: Area, allowed: Aspects, gap: number) {
  let best = { columns: 1, rows: count, width: 2, height: 2 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cellWidth = (area.width - (columns - 1) * gap) / columns;
    const cellHeight = (area.height - (rows - 1) * gap) / rows;
    const width = Math.max(2, even(Math.min(cellWidth, cellHeight * allowed.widest)));
    const height = Math.max(2, even(Math.min(cellHeight, cellWidth / allowed.narrowest)));
    if (width * height > best.width * best.height) best = { columns, rows, width, height };
  }
  return best;
}

function aspects({ width, height }: LayoutRequest): Aspects {
  return height > width ? ASPECTS.portrait : ASPECTS.landscape;
}

function gapOf({ width, height }: LayoutRequest): number {
  return Math.max(2, even(Math.min(width, height) * GAP_SHARE));
}

/** The canvas within its margin. */
function inner(request: LayoutRequest): Area {
  const gap = gapOf(request);
  return { x: gap, y: gap, width: even(request.width - 2 * gap), height: even(request.height - 2 * gap) };
}

/** Chroma has half the resolution, so everything begins and ends on even pixels. */
function even(value: number): number {
  return Math.max(0, Math.floor(value / 2) * 2);
}
