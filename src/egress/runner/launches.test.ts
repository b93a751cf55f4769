// Egresses from their launch to their end: slots, the queue, stops at bad moments, sessions that end, and a node that
// drains; with a store in memory and compositors that do what the test says.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { anEgress } from '../../../test/harness/an-egress.ts';
import { type FakeCompositor, fakeCompositors } from '../../../test/harness/fake-compositor.ts';
import { createLogger } from '../../log.ts';
import type { Egress, EgressStatus } from '../../protocol/egress.ts';
import { Moves } from '../moves.ts';
import type { EgressStore, SessionSource, Tap } from '../ports.ts';
import { statesBefore } from '../states.ts';
import type { Finisher } from '../storage/finisher.ts';
import { EgressRunner } from './runner.ts';

const log = createLogger('silent');

let folder: string;
let rows: Map<string, Egress>;
/** Commands to other nodes. */
let commands: [nodeId: string, command: string, egressId: string][];
let sessions: Map<string, SessionSource & { live: boolean; isElsewhere: boolean }>;
let released: string[];
/** Parts that each egress was finished with. */
let finished: Record<string, readonly string[]>;
let processes: FakeCompositor[];
let store: EgressStore;
let runner: EgressRunner;
/** While given, nothing can be written. */
let blocked: Promise<void> | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'roomful-launches-'));
  rows = new Map();
  commands = [];
  sessions = new Map();
  released = [];
  finished = {};
  blocked = undefined;
  store = {
    unfinishedOn: async () => [...rows.values()].filter(({ endedAt }) => !endedAt),
    unfinishedOnLost: async () => [],
    handOver: async () => undefined,
    sendTo: async (nodeId: string, job: { command: string; egressId: string }) =>
      void commands.push([nodeId, job.command, job.egressId]),
    get: async (id: string) => rows.get(id),
    move: async (id: string, to: EgressStatus, { reason, at }: { reason?: string; at: Date }) => {
      await blocked;
      const egress = rows.get(id);
      if (!egress || !statesBefore(to).includes(egress.status)) return undefined;
      const isEnd = to === 'completed' || to === 'failed' || to === 'aborted';
      const moved: Egress = {
        ...egress,
        status: to,
        reason: reason ?? null,
        startedAt: to === 'active' ? at : egress.startedAt,
        endedAt: isEnd ? at : null,
      };
      rows.set(id, moved);
      return moved;
    },
  } as unknown as EgressStore;
  newRunner({ slots: 1 });
});
afterEach(async () => {
  for (const process of processes) process.exit();
  await runner.stop();
  rmSync(folder, { recursive: true });
});

function newRunner({ slots }: { slots: number }): void {
  const compositors = fakeCompositors();
  processes = compositors.processes;
  runner = new EgressRunner({
    nodeId: 'here',
    store,
    finisher: {
      finish: async ({ id }: Egress, parts: readonly string[]) => {
        finished[id] = parts;
        return { failure: undefined, file: undefined, uploads: [] };
      },
      partsOf: async () => ['left.mp4'],
      settled: async () => undefined,
      removeFromDisk: async () => undefined,
    } as unknown as Finisher,
    moves: new Moves({ store, notify: () => undefined, log }),
    sessions: { open: async (sessionId) => sessions.get(sessionId), release: (id) => void released.push(id) },
    templates: {
      browser: undefined,
      sandboxed: true,
      bounds: { memoryBytes: 1, diskBytes: 1, threads: 1 },
      installation: async () => ({ hosts: [], certificates: [] }),
      tokenFor: async () => '',
    },
    launchCompositor: compositors.launch,
    outboundAllow: [],
    folder,
    slots,
    limits: { freeDiskBytes: 0 },
    log,
  });
}

/** A row of this node, with its session. */
function insert(id: string, facts: Partial<Egress> = {}): Egress {
  const egress = anEgress({ id, nodeId: 'here', sessionNodeId: 'here', ...facts });
  rows.set(id, egress);
  const { sessionId } = egress;
  const tap: Tap = { refresh: () => undefined, want: () => undefined, close: () => undefined };
  const source = {
    ...{ sessionId, roomId: 'r', live: true, isElsewhere: egress.sessionNodeId !== 'here' },
    ...{ participants: () => [], activeSpeaker: () => null, mediaHosts: () => [], openTap: () => tap },
    expectObserver: () => () => undefined,
  };
  if (!sessions.has(sessionId)) sessions.set(sessionId, source);
  return egress;
}

const statusOf = (id: string) => rows.get(id)?.status;

/** Launches one and waits until it runs. */
async function run(id: string, facts: Partial<Egress> = {}): Promise<FakeCompositor> {
  const launched = runner.launch(insert(id, facts));
  const process = await vi.waitFor(() => compositorOf(id));
  process.becomeReady();
  await launched;
  process.say({ type: 'sink-started', sinkId: id });
  await vi.waitFor(() => expect(statusOf(id)).toBe('active'));
  return process;
}

function compositorOf(id: string): FakeCompositor {
  const process = processes.find(({ sinks }) => sinks.includes(id));
  if (!process) throw new Error(`nothing composes ${id}`);
  return process;
}

/** The process finishes what it has, as it was asked to. */
function finish(process: FakeCompositor, ...ids: string[]): void {
  for (const id of ids) process.say({ type: 'sink-finished', sinkId: id });
  process.exit('it ended with code 0');
}

describe('a launch', () => {
  it('runs, is stopped as asked, and is completed with the parts that were written', async () => {
    const process = await run('a');
    expect(runner.runningIn('s'.repeat(24)).map(({ id, status }) => [id, status])).toEqual([['a', 'active']]);
    await runner.end('a');
    expect([statusOf('a'), process.ended]).toEqual(['stopping', ['finish']]);
    finish(process, 'a');
    await vi.waitFor(() => expect(statusOf('a')).toBe('completed'));
    expect(finished.a).toEqual([join(folder, 'egress', 'work', 'a', 'part-1.mp4')]);
    await vi.waitFor(() => expect(runner.counts).toMatchObject({ running: 0, waiting: 0, slotsTaken: 0 }));
    expect(released).toEqual(['s'.repeat(24)]);
  });

  it('with the settings of one that runs joins its composition', async () => {
    newRunner({ slots: 2 });
    const process = await run('a');
    await runner.launch(insert('b', { kind: 'hls', folder: 'f' }));
    expect([processes.length, process.sinks, runner.counts.slotsTaken]).toEqual([1, ['a', 'b'], 1]);
  });

  it('that is asked for twice is made once', async () => {
    const egress = insert('a');
    const [first, second] = [runner.launch(egress), runner.launch(egress)];
    await second;
    (await vi.waitFor(() => compositorOf('a'))).becomeReady();
    await first;
    expect(processes).toHaveLength(1);
  });

  it('is refused on a node without slots, and without a browser for a page', async () => {
    newRunner({ slots: 0 });
    await expect(runner.launch(insert('a'))).rejects.toThrow('its roles lack egress');
    newRunner({ slots: 1 });
    const config = { ...anEgress({}).config, templateUrl: 'https://example.com/' };
    await expect(runner.launch(insert('b', { config }))).rejects.toThrow('no browser to capture templateUrl with');
    expect([statusOf('a'), statusOf('b')]).toEqual(['failed', 'failed']);
  });

  it('whose compositor cannot be started fails with the reason, and gives its slot back', async () => {
    const launched = runner.launch(insert('a')).catch((error: Error) => error.message);
    (await vi.waitFor(() => compositorOf('a'))).exit('it was not ready after 20 s');
    expect(await launched).toContain('it was not ready after 20 s');
    await vi.waitFor(() => expect(statusOf('a')).toBe('failed'));
    expect(runner.freeSlots).toBe(1);
  });
});

describe('a stop', () => {
  it('while the start is being written calls it off', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    blocked = promise;
    const launched = runner.launch(insert('a')).catch((error: Error) => error.message);
    await runner.end('a');
    resolve();
    const process = await vi.waitFor(() => {
      expect(processes).toHaveLength(1);
      return processes[0] as FakeCompositor;
    });
    await vi.waitFor(() => expect(process.ended).toEqual(['finish']));
    process.exit('it ended with code 0');
    expect(await launched).toContain('it was stopped before it had begun');
    await vi.waitFor(() => expect(statusOf('a')).toBe('failed'));
    expect(rows.get('a')?.reason).toBe('It was stopped before it had begun.');
  });

  it('while it waits takes it out of the queue', async () => {
    await run('a', { sessionId: 's1' });
    await runner.launch(insert('b', { sessionId: 's2' }));
    expect([statusOf('b'), runner.counts.waiting]).toEqual(['queued', 1]);
    await runner.end('b');
    expect([statusOf('b'), runner.counts.waiting]).toEqual(['aborted', 0]);
    expect(released).toEqual(['s2']);
  });

  it('while it is offered to other nodes takes it out of the queue', async () => {
    await run('a', { sessionId: 's1' });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    store.handOver = () => promise;
    const launched = runner.launch(insert('b', { sessionId: 's2' }));
    await vi.waitFor(() => expect(runner.counts.waiting).toBe(1));
    await runner.end('b');
    resolve(undefined);
    await launched;
    expect([statusOf('b'), runner.counts.waiting]).toEqual(['aborted', 0]);
  });
});

describe('the queue', () => {
  it('gives a free slot to the owner who has least, oldest first', async () => {
    newRunner({ slots: 2 });
    const process = await run('a1', { sessionId: 's1', ownerId: 'a' });
    const other = await run('a2', { sessionId: 's2', ownerId: 'a' });
    for (const [id, ownerId] of [
      ['a3', 'a'],
      ['b1', 'b'],
      ['b2', 'b'],
    ] as const) {
      await runner.launch(insert(id, { sessionId: `of ${id}`, ownerId }));
    }
    finish(process, 'a1');
    await vi.waitFor(() => compositorOf('b1'));
    finish(other, 'a2');
    await vi.waitFor(() => compositorOf('a3'));
    expect([statusOf('b2'), runner.counts.waiting]).toEqual(['queued', 1]);
  });

  it('lets none pass a large one that has no room yet', async () => {
    newRunner({ slots: 2 });
    const process = await run('a', { sessionId: 's1' });
    const high = { ...anEgress({}).config, quality: 'high' as const };
    await runner.launch(insert('large', { sessionId: 's2', config: high }));
    const small = runner.launch(insert('small', { sessionId: 's3' }));
    (await vi.waitFor(() => compositorOf('small'))).becomeReady();
    await small;
    finish(process, 'a');
    await vi.waitFor(() => expect(statusOf('a')).toBe('completed'));
    expect([statusOf('large'), runner.freeSlots]).toEqual(['queued', 1]);
  });
});

describe('a session that ends', () => {
  it('ends what runs of it, and what waits', async () => {
    const process = await run('a', { sessionId: 's1' });
    await runner.launch(insert('b', { sessionId: 's2' }));
    runner.sessionEnded('s2');
    runner.sessionEnded('s1');
    expect([process.ended, runner.counts.waiting]).toEqual([['finish'], 0]);
    finish(process, 'a');
    await vi.waitFor(() => expect(statusOf('a')).toBe('completed'));
  });

  it('while the start is being written ends it all the same', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    blocked = promise;
    const launched = runner.launch(insert('a', { sessionId: 's1' })).catch((error: Error) => error.message);
    await vi.waitFor(() => expect(runner.freeSlots).toBe(0));
    Object.assign(sessions.get('s1') ?? {}, { live: false });
    resolve();
    await vi.waitFor(() => expect(processes[0]?.ended).toEqual(['finish']));
    processes[0]?.exit('it ended with code 0');
    expect(await launched).toContain('it was stopped before it had begun');
  });
});

describe('a node that drains', () => {
  it('finishes what it has, and asks the node of a session that goes on to have it continued', async () => {
    newRunner({ slots: 2 });
    const mine = await run('a', { sessionId: 's1' });
    const theirs = await run('b', { sessionId: 's2', sessionNodeId: 'there' });
    const stopped = runner.stop();
    await vi.waitFor(() => expect([mine.ended, theirs.ended]).toEqual([['finish'], ['finish']]));
    expect(commands).toEqual([['there', 'continue-egress', 'b']]);
    finish(mine, 'a');
    finish(theirs, 'b');
    await stopped;
    expect([statusOf('a'), statusOf('b')]).toEqual(['completed', 'completed']);
  });

  it('begins nothing any more', async () => {
    await runner.stop();
    await runner.launch(insert('a'));
    expect([statusOf('a'), processes.length]).toEqual(['queued', 0]);
  });
});

describe('a start after a crash', () => {
  it('finishes what ran, begins what waited, and has the sessions of other nodes continued', async () => {
    insert('ran', { status: 'active', startedAt: new Date(0), sessionNodeId: 'there', sessionId: 's1' });
    insert('waited', { sessionId: 's2' });
    await runner.start();
    await vi.waitFor(() => expect(statusOf('ran')).toBe('completed'));
    expect(finished.ran).toEqual(['left.mp4']);
    expect(commands).toEqual([['there', 'continue-egress', 'ran']]);
    (await vi.waitFor(() => compositorOf('waited'))).becomeReady();
    await vi.waitFor(() => expect(statusOf('waited')).toBe('starting'));
  });

  it('fails a livestream that never began', async () => {
    insert('a', { kind: 'livestream', status: 'starting' });
    await runner.start();
    await vi.waitFor(() => expect(rows.get('a')).toMatchObject({ status: 'failed' }));
    expect(rows.get('a')?.reason).toBe('The server went down before it began.');
  });
});
