// Where tiles go: pure functions of how many there are and how much room there is.

export interface Size {
  width: number;
  height: number;
}

export interface Grid {
  columns: number;
  rows: number;
  tile: Size;
  /** Tiles that fit at a size at which a face can be told. */
  perPage: number;
}

export const GAP_PX = 8;
const SMALLEST_TILE_PX = 112;
const MOST_PER_PAGE = 49;
const WIDEST = 16 / 9;
/** Cameras are wide: only a window that is held upright makes their pictures narrow, where they are few. */
const NARROWEST = { wide: 4 / 3, upright: 1, uprightFew: 3 / 4 };
const FEW = 6;

/** The arrangement whose tiles are largest; more than fit go to further pages. */
export function gridFor(count: number, room: Size): Grid {
  const perPage = Math.min(MOST_PER_PAGE, capacityOf(room));
  const tiles = Math.max(1, Math.min(count, perPage));
  const upright = tiles > FEW ? NARROWEST.upright : NARROWEST.uprightFew;
  const narrowest = room.width > room.height ? NARROWEST.wide : upright;
  let best: Grid | undefined;
  for (let columns = 1; columns <= tiles; columns++) {
    const rows = Math.ceil(tiles / columns);
    const width = (room.width - GAP_PX * (columns - 1)) / columns;
    const height = (room.height - GAP_PX * (rows - 1)) / rows;
    const tile = tileIn(width, height, narrowest);
    if (!best || area(tile) > area(best.tile)) best = { columns, rows, tile, perPage };
  }
  return best ?? { columns: 1, rows: 1, tile: { width: 0, height: 0 }, perPage: 1 };
}

function area({ width, height }: Size): number {
  return width * height;
}

function tileIn(width: number, height: number, narrowest: number): Size {
  const w = Math.max(0, Math.min(width, height * WIDEST));
  const h = Math.max(0, Math.min(height, width / narrowest));
  return { width: Math.floor(w), height: Math.floor(h) };
}

function capacityOf({ width, height }: Size): number {
  const columns = Math.floor((width + GAP_PX) / (SMALLEST_TILE_PX + GAP_PX));
  const rows = Math.floor((height + GAP_PX) / ((SMALLEST_TILE_PX * 9) / 16 + GAP_PX));
  return Math.max(1, columns) * Math.max(1, rows);
}

export interface Focus {
  main: { id: string; kind: 'video' | 'share' } | undefined;
  /** Whose cameras are shown beside it, or in the grid when there is no main picture. */
  others: string[];
}

interface Attention {
  /** In the order of the list of participants. */
  people: readonly { id: string; isMe: boolean; sharing: boolean }[];
  view: 'grid' | 'speaker';
  pinnedId: string | undefined;
  activeSpeakerId: string | undefined;
}

/** What deserves the main place: a shared screen, then who is pinned, then, in the speaker view, who speaks. */
export function focusOn({ people, view, pinnedId, activeSpeakerId }: Attention): Focus {
  const ids = people.map((it) => it.id);
  // The newest share of somebody else: one's own screen is on one's screen already.
  const sharer = people.findLast((it) => it.sharing && !it.isMe) ?? people.find((it) => it.sharing);
  if (sharer) return { main: { id: sharer.id, kind: 'share' }, others: ids };
  const spoken = view === 'speaker' ? speakerAmong(people, activeSpeakerId) : undefined;
  const main = pinnedId !== undefined && ids.includes(pinnedId) ? pinnedId : spoken;
  if (main === undefined || people.length < 2) return { main: undefined, others: ids };
  return { main: { id: main, kind: 'video' }, others: ids.filter((id) => id !== main) };
}

/** Nobody looks at themselves while they speak. */
function speakerAmong(people: Attention['people'], activeSpeakerId: string | undefined): string | undefined {
  const others = people.filter((it) => !it.isMe);
  return others.find((it) => it.id === activeSpeakerId)?.id ?? others[0]?.id;
}
