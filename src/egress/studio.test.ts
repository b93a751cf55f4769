// What becomes of egresses when the database, the disk or another node fails at a bad moment.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { anEgress } from '../../test/harness/an-egress.ts';
import { createLogger } from '../log.ts';
import type { Egress, EgressStatus } from '../protocol/egress.ts';
import type { Finisher } from './finisher.ts';
import { Moves } from './moves.ts';
import type { EgressStore, MoveFacts, SessionSource } from './ports.ts';
import { Studio } from './studio.ts';

const SWEEP_MS = 15_000;
const log = createLogger('silent');

let folder: string;
let rows: Map<string, Egress>;
let moves: [id: string, to: EgressStatus, reason: string | undefined][];
let store: EgressStore;
let openSession: () => Promise<SessionSource | undefined>;
let writing: Moves;
let studio: Studio;

beforeEach(() => {
  vi.useFakeTimers();
  folder = mkdtempSync(join(tmpdir(), 'roomful-studio-'));
  rows = new Map();
  moves = [];
  openSession = async () => undefined;
  store = {
    unfinishedOn: async () => [...rows.values()].filter(({ endedAt }) => !endedAt),
    unfinishedOnLost: async () => [],
    handOver: async () => undefined,
    sendTo: async () => undefined,
    get: async (id: string) => rows.get(id),
    move: async (id: string, to: EgressStatus, { reason, at }: MoveFacts) => {
      moves.push([id, to, reason]);
      const egress = rows.get(id);
      const moved = egress && { ...egress, status: to, ...(to === 'failed' && { endedAt: at }) };
      if (moved) rows.set(id, moved);
      return moved;
    },
  } as unknown as EgressStore;
  studio = newStudio();
});
afterEach(async () => {
  vi.useRealTimers();
  await studio.stop();
  rmSync(folder, { recursive: true });
});

function newStudio(): Studio {
  const finisher = {
    finish: async () => ({ failure: 'Nothing was recorded.', file: undefined, uploads: undefined }),
    partsOf: async () => [],
    settled: async () => undefined,
  } as unknown as Finisher;
  writing = new Moves({ store, tell: () => undefined, log });
  return new Studio({
    ...{ nodeId: 'n', store, finisher, folder, slots: 1, log, outboundAllow: [], program: '/does/not/exist.ts' },
    moves: writing,
    sessions: { open: () => openSession(), release: () => undefined },
    templates: {
      browser: undefined,
      sandboxed: true,
      bounds: { memoryBytes: 1, diskBytes: 1, threads: 1 },
      installation: async () => ({ hosts: [], certificates: [] }),
      tokenFor: async () => '',
    },
  });
}

function insert(facts: Partial<Egress>): Egress {
  const egress = anEgress({ nodeId: 'n', ...facts });
  rows.set(egress.id, egress);
  return egress;
}

const liveSession = { sessionId: 's', roomId: 'r', live: true, isElsewhere: false } as unknown as SessionSource;

describe('what a node has to run but knows nothing of', () => {
  it('is begun within half a minute', async () => {
    await studio.start();
    insert({ id: 'lost', kind: 'livestream' });
    await vi.advanceTimersByTimeAsync(SWEEP_MS + 10);
    expect(moves).toEqual([]);
    await vi.advanceTimersByTimeAsync(SWEEP_MS + 10);
    expect(moves).toEqual([['lost', 'failed', 'The session is over.']]);
  });

  it('is finished when it ran before', async () => {
    await studio.start();
    insert({ id: 'lost', status: 'active', startedAt: new Date(0) });
    await vi.advanceTimersByTimeAsync(2 * SWEEP_MS + 10);
    expect(moves).toEqual([['lost', 'failed', 'Nothing was recorded.']]);
  });

  it('is looked for again when the database is away', async () => {
    await studio.start();
    insert({ id: 'lost', kind: 'livestream' });
    const { unfinishedOn } = store;
    store.unfinishedOn = () => Promise.reject(new Error('Connection terminated unexpectedly'));
    await vi.advanceTimersByTimeAsync(3 * SWEEP_MS);
    store.unfinishedOn = unfinishedOn;
    await vi.advanceTimersByTimeAsync(2 * SWEEP_MS + 10);
    expect(moves).toHaveLength(1);
  });
});

describe('a start that fails', () => {
  it('because the node of its session does not answer, is told with the reason', async () => {
    openSession = () => Promise.reject(new Error('The server that has the session does not answer.'));
    await expect(studio.launch(insert({ id: 'a' }))).rejects.toMatchObject({
      code: 'RECORDING_NOT_STARTED',
      status: 503,
    });
    expect(moves).toEqual([['a', 'failed', 'The server that has the session does not answer.']]);
  });

  it('because it cannot be written, gives its slot back', async () => {
    openSession = async () => liveSession;
    const { move } = store;
    store.move = () => Promise.reject(new Error('Connection terminated unexpectedly'));
    const launched = studio.launch(insert({ id: 'a', kind: 'livestream' })).catch((error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(0);
    expect(studio.freeSlots).toBe(0);
    writing.giveUp();
    expect(await launched).toBe('Connection terminated unexpectedly');
    expect(studio.freeSlots).toBe(1);
    store.move = move;
  });
});
