import { describe, expect, it } from 'vitest';
import { focusOn, GAP_PX, gridFor } from './layout.ts';

const DESKTOP = { width: 1400, height: 780 };
const PHONE = { width: 344, height: 560 };

describe('the grid', () => {
  it('fits into the room for 1 to 49 people on every window', () => {
    for (const room of [DESKTOP, PHONE, { width: 700, height: 900 }, { width: 2500, height: 600 }]) {
      for (let count = 1; count <= 49; count++) {
        const { columns, rows, tile, perPage } = gridFor(count, room);
        expect(columns * rows).toBeGreaterThanOrEqual(Math.min(count, perPage));
        expect(columns * tile.width + (columns - 1) * GAP_PX).toBeLessThanOrEqual(room.width);
        expect(rows * tile.height + (rows - 1) * GAP_PX).toBeLessThanOrEqual(room.height);
        expect(tile.width).toBeGreaterThan(60);
        expect(tile.height).toBeGreaterThan(40);
      }
    }
  });

  it('follows the shape of the window', () => {
    expect(gridFor(2, DESKTOP)).toMatchObject({ columns: 2, rows: 1 });
    expect(gridFor(2, PHONE)).toMatchObject({ columns: 1, rows: 2 });
    expect(gridFor(4, DESKTOP)).toMatchObject({ columns: 2, rows: 2 });
    expect(gridFor(49, DESKTOP)).toMatchObject({ columns: 7, rows: 7, perPage: 49 });
    expect(gridFor(49, PHONE).perPage).toBeLessThan(49);
  });

  it('of no room has no tiles of negative size', () => {
    expect(gridFor(9, { width: 0, height: 0 }).tile).toEqual({ width: 0, height: 0 });
  });
});

describe('the main picture', () => {
  const people = [
    { id: 'me', isMe: true, sharing: false },
    { id: 'ann', isMe: false, sharing: false },
    { id: 'bob', isMe: false, sharing: false },
  ];
  const calm = { view: 'grid', pinnedId: undefined, activeSpeakerId: undefined } as const;

  it('is nobody in the grid', () => {
    expect(focusOn({ people, ...calm, activeSpeakerId: 'ann' })).toEqual({
      main: undefined,
      others: ['me', 'ann', 'bob'],
    });
  });

  it('is a shared screen before a pin, and a pin before a speaker', () => {
    const sharing = people.map((it) => ({ ...it, sharing: it.id !== 'bob' }));
    expect(focusOn({ people: sharing, ...calm, pinnedId: 'bob' }).main).toEqual({ id: 'ann', kind: 'share' });
    const pinned = { people, view: 'speaker', pinnedId: 'bob', activeSpeakerId: 'ann' } as const;
    expect(focusOn(pinned)).toEqual({ main: { id: 'bob', kind: 'video' }, others: ['me', 'ann'] });
    expect(focusOn({ ...pinned, pinnedId: 'gone' }).main).toEqual({ id: 'ann', kind: 'video' });
  });

  it('of a speaker is never oneself, and nobody when alone', () => {
    expect(focusOn({ people, ...calm, view: 'speaker', activeSpeakerId: 'me' }).main?.id).toBe('ann');
    expect(focusOn({ people: people.slice(0, 1), ...calm, view: 'speaker' }).main).toBeUndefined();
  });
});
