import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CANVAS } from './composition.ts';
import { arrange, type LayoutParticipant, type LayoutRequest } from './layout.ts';

function people(count: number, about: (index: number) => Partial<LayoutParticipant> = () => ({})): LayoutParticipant[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `p${index}`,
    shareOn: false,
    pinned: false,
    joinedAt: index,
    ...about(index),
  }));
}

function request(about: Partial<Omit<LayoutRequest, 'layout'>> & { layout?: Partial<LayoutRequest['layout']> }) {
  const layout = { type: 'GRID', priority: 'SPEAKER', gridSize: 25, ...about.layout } as const;
  return { participants: [], activeSpeakerId: null, width: 1280, height: 720, ...about, layout } as LayoutRequest;
}

const ids = (tiles: { participantId: string }[]) => tiles.map(({ participantId }) => participantId);

const anyRequest: fc.Arbitrary<LayoutRequest> = fc
  .record({
    count: fc.integer({ min: 0, max: 50 }),
    sharing: fc.array(fc.nat(49), { maxLength: 3 }),
    pinned: fc.array(fc.nat(49), { maxLength: 10 }),
    speaker: fc.option(fc.nat(49)),
    type: fc.constantFrom('GRID' as const, 'SPOTLIGHT' as const, 'SIDEBAR' as const),
    priority: fc.constantFrom('SPEAKER' as const, 'PIN' as const),
    gridSize: fc.integer({ min: 0, max: 25 }),
    size: fc.constantFrom(...Object.values(CANVAS)),
    upright: fc.boolean(),
  })
  .map(({ count, sharing, pinned, speaker, type, priority, gridSize, size, upright }) =>
    request({
      participants: people(count, (index) => ({ shareOn: sharing.includes(index), pinned: pinned.includes(index) })),
      activeSpeakerId: speaker === null ? null : `p${speaker}`,
      layout: { type, priority, gridSize },
      width: upright ? size.height : size.width,
      height: upright ? size.width : size.height,
    }),
  );

describe('any layout', () => {
  it('keeps its tiles inside the canvas, apart, even and large enough to see', () => {
    fc.assert(
      fc.property(anyRequest, (any) => {
        const tiles = arrange(any);
        tiles.forEach((tile, index) => {
          const { x, y, width, height } = tile;
          expect([x, y, width, height].every((value) => value % 2 === 0)).toBe(true);
          expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
          expect(x + width).toBeLessThanOrEqual(any.width);
          expect(y + height).toBeLessThanOrEqual(any.height);
          expect(Math.min(width, height)).toBeGreaterThan(20);
          for (const other of tiles.slice(index + 1)) {
            const apart =
              x + width <= other.x ||
              other.x + other.width <= x ||
              y + height <= other.y ||
              other.y + other.height <= y;
            expect(apart).toBe(true);
          }
        });
      }),
    );
  });

  it('shows somebody when there is somebody, nobody twice, and no more than asked for', () => {
    fc.assert(
      fc.property(anyRequest, (any) => {
        const tiles = arrange(any);
        expect(tiles.length > 0).toBe(any.participants.length > 0);
        const cameras = tiles.filter(({ kind }) => kind === 'video');
        expect(new Set(ids(cameras)).size).toBe(cameras.length);
        expect(cameras.length).toBeLessThanOrEqual(any.layout.gridSize || 25);
      }),
    );
  });

  it('shows a screen that is shared, once, as the main tile', () => {
    fc.assert(
      fc.property(anyRequest, (any) => {
        const screens = arrange(any).filter(({ kind }) => kind === 'share');
        const onlyPinned = any.layout.priority === 'PIN' && any.layout.type !== 'GRID';
        const sharers = any.participants.filter(({ shareOn, pinned }) => shareOn && (pinned || !onlyPinned));
        if (sharers.length > 0) expect(screens.map(({ main }) => main)).toEqual([true]);
        else expect(screens.length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('depends on nothing but what it is given, in whatever order people are listed', () => {
    fc.assert(
      fc.property(anyRequest, (any) => {
        expect(arrange({ ...any, participants: [...any.participants].reverse() })).toEqual(arrange(any));
      }),
    );
  });
});

describe('a grid', () => {
  it('keeps everybody in place while someone else speaks', () => {
    const quiet = arrange(request({ participants: people(6) }));
    expect(arrange(request({ participants: people(6), activeSpeakerId: 'p4' }))).toEqual(quiet);
  });

  it('makes room for the speaker when not everybody fits', () => {
    const tiles = arrange(request({ participants: people(9), activeSpeakerId: 'p8', layout: { gridSize: 4 } }));
    expect(ids(tiles)).toEqual(['p8', 'p0', 'p1', 'p2']);
  });

  it('puts pinned people first under PIN', () => {
    const participants = people(4, (index) => ({ pinned: index === 2 }));
    expect(ids(arrange(request({ participants, layout: { priority: 'PIN' } })))).toEqual(['p2', 'p0', 'p1', 'p3']);
  });

  it('gives a shared screen the main area and people a strip', () => {
    const participants = people(3, (index) => ({ shareOn: index === 1 }));
    const [screen, ...strip] = arrange(request({ participants }));
    expect(screen).toMatchObject({ participantId: 'p1', kind: 'share', main: true });
    expect(ids(strip)).toEqual(['p0', 'p1', 'p2']);
    expect(Math.min(...strip.map(({ x }) => x))).toBeGreaterThan(1280 * 0.7);
  });
});

describe('a sidebar', () => {
  it('has the speaker as its main tile', () => {
    const tiles = arrange(request({ participants: people(4), activeSpeakerId: 'p2', layout: { type: 'SIDEBAR' } }));
    expect(tiles.map(({ participantId, main }) => [participantId, main])).toEqual([
      ['p2', true],
      ['p0', false],
      ['p1', false],
      ['p3', false],
    ]);
  });

  it('shows only pinned people under PIN, the first as its main tile', () => {
    const participants = people(4, (index) => ({ pinned: index > 1 }));
    const tiles = arrange(request({ participants, layout: { type: 'SIDEBAR', priority: 'PIN' } }));
    expect(ids(tiles)).toEqual(['p2', 'p3']);
  });
});

describe('a spotlight', () => {
  it('shows the speaker alone', () => {
    const tiles = arrange(request({ participants: people(3), activeSpeakerId: 'p1', layout: { type: 'SPOTLIGHT' } }));
    expect(ids(tiles)).toEqual(['p1']);
  });

  it('shows only the screen while there is one', () => {
    const participants = people(3, (index) => ({ shareOn: index === 2 }));
    const tiles = arrange(request({ participants, layout: { type: 'SPOTLIGHT' } }));
    expect(tiles).toMatchObject([{ participantId: 'p2', kind: 'share' }]);
  });

  it('falls back to somebody when nobody is pinned', () => {
    const tiles = arrange(request({ participants: people(3), layout: { type: 'SPOTLIGHT', priority: 'PIN' } }));
    expect(ids(tiles)).toEqual(['p0']);
  });
});
