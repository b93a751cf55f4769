// The life of a composition, with a process that does what the test says.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { anEgress } from '../../../test/harness/an-egress.ts';
import { type FakeCompositor, fakeCompositors, RTP_PORT } from '../../../test/harness/fake-compositor.ts';
import type { CompositorEvent } from '../../compositor/ipc.ts';
import { createLogger } from '../../log.ts';
import type { SessionSource, Tap, TapOptions } from '../ports.ts';
import { Composition, NotStarted } from './composition.ts';
import type { OutputEnd, OutputSpec } from './composition-output.ts';

const REMOVE_TIMEOUT_MS = 130_000;

/** Everything that is under way has gone on. */
const turn = () => vi.advanceTimersByTimeAsync(0);

let folder: string;
let compositors: ReturnType<typeof fakeCompositors>;
let processes: FakeCompositor[];
let pids: (number | undefined)[];
let tap: { options: TapOptions; wanted: unknown[]; isClosed: boolean } | undefined;
let closed: number;
/** The events of each output, and how it ended. */
let events: Record<string, unknown[]>;
let ends: Record<string, OutputEnd>;
let log: ReturnType<typeof createLogger>;

const participants = [{ id: 'ann', name: 'Ann', micOn: true, camOn: true, shareOn: false, pinned: false, joinedAt: 1 }];
const source = {
  sessionId: 's',
  live: true,
  isElsewhere: false,
  participants: () => participants,
  activeSpeaker: () => 'ann',
  openTap: (options: TapOptions): Tap => {
    const opened = { options, wanted: [] as unknown[], isClosed: false };
    tap = opened;
    return {
      refresh: () => undefined,
      want: (streams) => {
        opened.wanted = streams;
      },
      close: () => {
        opened.isClosed = true;
      },
    };
  },
} as unknown as SessionSource;

beforeEach(() => {
  vi.useFakeTimers();
  folder = mkdtempSync(join(tmpdir(), 'roomful-composition-'));
  compositors = fakeCompositors();
  processes = compositors.processes;
  pids = [];
  tap = undefined;
  closed = 0;
  events = {};
  ends = {};
  log = createLogger('silent');
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

function compose(template?: { page(): Promise<never>; close(): void }): Composition {
  return new Composition({
    id: 'c',
    config: anEgress({}).config,
    source,
    template,
    launch: compositors.launch,
    outboundAllow: [],
    log,
    onProcess: (pid) => pids.push(pid),
    onClosed: () => {
      closed += 1;
    },
  });
}

const file = (id: string): OutputSpec => ({ id, kind: 'file', format: 'mp4', folder });
const part = (number: number) => join(folder, `part-${number}.mp4`);

function add(composition: Composition, spec: OutputSpec): void {
  events[spec.id] = [];
  composition.add(spec, {
    started: () => events[spec.id]?.push('started'),
    playable: () => events[spec.id]?.push('playable'),
    interrupted: (gap) => events[spec.id]?.push(gap),
    ended: (end) => {
      expect(ends[spec.id]).toBeUndefined();
      ends[spec.id] = end;
    },
  });
}

/** A composition that runs, with one file. */
async function running(): Promise<{ composition: Composition; process: FakeCompositor }> {
  const composition = compose();
  add(composition, file('a'));
  await turn();
  last().becomeReady();
  await turn();
  await composition.ready;
  return { composition, process: last() };
}

function last(): FakeCompositor {
  const process = processes.at(-1);
  if (!process) throw new Error('no process was launched');
  return process;
}

/** Of the first output. */
const gapMs = () => (events.a as { ms: number }[])[0]?.ms;

/** The delay before a restart has passed. */
async function untilRestarted(): Promise<FakeCompositor> {
  const count = processes.length;
  await vi.advanceTimersByTimeAsync(100);
  await vi.waitFor(() => expect(processes.length).toBe(count + 1));
  return last();
}

describe('a launch', () => {
  it('waits for the first output, which comes with it', async () => {
    const composition = compose();
    await turn();
    expect([composition.idle, composition.open, processes.length]).toEqual([true, true, 0]);
    add(composition, file('a'));
    await turn();
    expect([composition.idle, composition.open, processes.length]).toEqual([false, true, 1]);
    expect(processes[0]?.start).toMatchObject({ egressId: 'c', sinks: [{ id: 'a', kind: 'file', path: part(1) }] });
    expect(pids).toEqual([1]);
    expect(last().sent).toEqual([]);
  });

  it('that is ready gets the session, and the outputs added meanwhile', async () => {
    const composition = compose();
    add(composition, file('a'));
    await turn();
    add(composition, { id: 'b', kind: 'rtmp', url: 'rtmp://example.com/x' });
    expect(last().sent).toEqual([]);
    last().becomeReady();
    await turn();
    await composition.ready;
    expect(tap?.options.port).toBe(RTP_PORT);
    expect(last().sent).toEqual([
      { type: 'participants', participants },
      { type: 'active-speaker', participantId: 'ann' },
      { type: 'add-sink', sink: { id: 'b', kind: 'rtmp', url: 'rtmp://example.com/x' } },
    ]);
  });

  it('that never gets ready fails every output, without a restart', async () => {
    const composition = compose();
    add(composition, file('a'));
    await turn();
    last().exit('it was not ready after 20 s');
    await turn();
    await expect(composition.ready).rejects.toEqual(
      new NotStarted({ reason: 'it was not ready after 20 s', blame: 'us' }),
    );
    expect(ends.a).toMatchObject({ failure: { reason: 'it was not ready after 20 s' } });
    expect([composition.open, closed, processes.length]).toEqual([false, 1, 1]);
  });

  it('of a page that cannot be prepared fails every output, and frees the place in the meeting', async () => {
    const close = vi.fn();
    const composition = compose({ page: () => Promise.reject(new Error('no such host')), close });
    add(composition, file('a'));
    await turn();
    await expect(composition.ready).rejects.toThrow('no such host');
    expect(ends.a?.failure).toEqual({ reason: 'no such host', blame: 'us' });
    expect([closed, processes.length]).toEqual([1, 0]);
    expect(close).toHaveBeenCalledTimes(1);
  });

  it('of a page opens no tap', async () => {
    const composition = compose({
      page: async () => ({ url: 'https://example.com/' }) as never,
      close: () => undefined,
    });
    add(composition, file('a'));
    await turn();
    last().becomeReady({ port: undefined });
    await turn();
    await composition.ready;
    expect([processes[0]?.start.page, tap]).toEqual([{ url: 'https://example.com/' }, undefined]);
    composition.refresh();
    composition.speaker('ann');
    await vi.advanceTimersByTimeAsync(1);
    expect(last().sent).toEqual([]);
  });
});

describe('a running composition', () => {
  it('hands new outputs over at once, and passes their events on', async () => {
    const { composition, process } = await running();
    add(composition, { id: 'b', kind: 'hls', folder });
    expect(process.sent.at(-1)).toEqual({ type: 'add-sink', sink: { id: 'b', kind: 'hls', folder } });
    process.say({ type: 'sink-started', sinkId: 'b' } as CompositorEvent);
    process.say({ type: 'sink-playable', sinkId: 'b' } as CompositorEvent);
    expect(events).toEqual({ a: [], b: ['started', 'playable'] });
  });

  it('sends the scene once for all changes of one turn', async () => {
    const { composition, process } = await running();
    process.sent.length = 0;
    composition.refresh();
    composition.refresh();
    composition.speaker(null);
    await vi.advanceTimersByTimeAsync(1);
    expect(process.sent.map(({ type }) => type)).toEqual(['active-speaker', 'participants']);
  });

  it('asks the tap for the streams that its process wants', async () => {
    const { process } = await running();
    const streams = [{ participantId: 'ann', kind: 'video', width: 1, height: 1 }] as never;
    process.say({ type: 'wanted', streams });
    expect(tap?.wanted).toEqual(streams);
  });

  it('ends an output that failed, and goes on with the others', async () => {
    const { composition, process } = await running();
    add(composition, { id: 'b', kind: 'rtmp', url: 'rtmp://example.com/x' });
    process.say({ type: 'sink-failed', sinkId: 'b', reason: 'refused', blame: 'destination' } as CompositorEvent);
    expect(ends).toEqual({ b: { parts: [], file: undefined, failure: { reason: 'refused', blame: 'destination' } } });
    expect([composition.open, process.ended]).toEqual([true, []]);
  });
});

describe('removing an output', () => {
  it('asks the process for it, and ends it when its file is finished', async () => {
    const { composition, process } = await running();
    add(composition, file('b'));
    composition.remove('a');
    expect(process.sent.at(-1)).toEqual({ type: 'remove-sink', sinkId: 'a' });
    expect(ends).toEqual({});
    const facts = { path: part(1), size: 1, duration: 1 };
    process.say({ type: 'sink-finished', sinkId: 'a', file: facts } as CompositorEvent);
    expect(ends.a).toEqual({ parts: [part(1)], file: facts, failure: undefined });
    expect(composition.open).toBe(true);
  });

  it('ends it all the same when the process does not answer', async () => {
    const { composition } = await running();
    add(composition, file('b'));
    composition.remove('a');
    await vi.advanceTimersByTimeAsync(REMOVE_TIMEOUT_MS - 1);
    expect(ends).toEqual({});
    await vi.advanceTimersByTimeAsync(1);
    expect(ends.a).toEqual({ parts: [part(1)], file: undefined, failure: undefined });
  });

  it('that the process does not have yet ends it at once', async () => {
    const composition = compose();
    add(composition, file('a'));
    await turn();
    add(composition, file('b'));
    composition.remove('b');
    expect(ends.b).toEqual({ parts: [], file: undefined, failure: undefined });
  });

  it('finishes the process with the last one', async () => {
    const { composition, process } = await running();
    composition.remove('a');
    expect([process.sent.map(({ type }) => type).includes('remove-sink'), process.ended, composition.open]).toEqual([
      false,
      ['finish'],
      false,
    ]);
    process.say({ type: 'sink-finished', sinkId: 'a' } as CompositorEvent);
    expect(closed).toBe(0);
    process.exit();
    await turn();
    expect([closed, tap?.isClosed, pids]).toEqual([1, true, [1, undefined]]);
  });
});

describe('a crash', () => {
  it('restarts the process; a file goes on in another part, and each output gets the gap', async () => {
    const { composition, process } = await running();
    process.exit();
    await turn();
    expect([tap?.isClosed, composition.open]).toEqual([true, true]);
    const next = await untilRestarted();
    expect(processes[1]?.start.sinks).toEqual([{ id: 'a', kind: 'file', format: 'mp4', path: part(2) }]);
    await vi.advanceTimersByTimeAsync(900);
    next.becomeReady();
    await turn();
    expect(events.a).toEqual([{ at: expect.any(Date), ms: expect.any(Number) }]);
    expect(gapMs()).toBeGreaterThanOrEqual(1_000);
    next.say({ type: 'sink-finished', sinkId: 'a' } as CompositorEvent);
    expect(ends.a?.parts).toEqual([part(1), part(2)]);
  });

  it('sets the folder of a stream aside before the next process writes to it', async () => {
    const composition = compose();
    writeFileSync(join(folder, 'index.m3u8'), '#EXTM3U\n');
    add(composition, { id: 'h', kind: 'hls', folder });
    await turn();
    last().becomeReady();
    await turn();
    last().exit();
    await turn();
    await untilRestarted();
    expect(processes[1]?.start.sinks).toEqual([{ id: 'h', kind: 'hls', folder }]);
  });

  it('while it restarts counts from the first one', async () => {
    const { process } = await running();
    process.exit();
    await turn();
    (await untilRestarted()).exit();
    await turn();
    const third = await untilRestarted();
    third.becomeReady();
    await turn();
    expect(events.a).toHaveLength(1);
    expect(gapMs()).toBeGreaterThanOrEqual(200);
  });

  it('ends what was being removed, and nothing else', async () => {
    const { composition, process } = await running();
    add(composition, file('b'));
    composition.remove('a');
    process.exit();
    await turn();
    expect(Object.keys(ends)).toEqual(['a']);
    await untilRestarted();
    expect(processes[1]?.start.sinks.map(({ id }) => id)).toEqual(['b']);
  });

  it('that happens too often fails every output', async () => {
    let { process } = await running();
    for (let crash = 1; crash <= 5; crash++) {
      process.exit();
      await turn();
      process = await untilRestarted();
      process.becomeReady();
      await turn();
    }
    process.exit('it crashed again');
    await turn();
    expect(ends.a?.failure).toEqual({ reason: 'it crashed again', blame: 'us' });
    expect([closed, processes.length]).toEqual([1, 6]);
  });

  it('that the process calls fatal fails every output', async () => {
    const { process } = await running();
    process.isFatal = true;
    process.exit('the page cannot be loaded');
    await turn();
    expect(ends.a?.failure?.reason).toBe('the page cannot be loaded');
    expect([closed, processes.length]).toEqual([1, 1]);
  });

  it('is not followed by a restart when it was finished meanwhile', async () => {
    const { composition, process } = await running();
    process.exit();
    await turn();
    composition.finish();
    expect([closed, ends.a]).toEqual([1, { parts: [part(1)], file: undefined, failure: undefined }]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(processes).toHaveLength(1);
  });

  it('takes outputs that are added before the restart into the next process', async () => {
    const { composition, process } = await running();
    process.exit();
    await turn();
    add(composition, file('b'));
    await untilRestarted();
    expect(processes[1]?.start.sinks.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(processes).toHaveLength(2);
  });
});

describe('an end', () => {
  it('before any output closes it', () => {
    const composition = compose();
    composition.finish();
    expect([closed, composition.open, composition.idle]).toEqual([1, false, false]);
  });

  it('while a page is being prepared launches nothing', async () => {
    const page = Promise.withResolvers<never>();
    const composition = compose({ page: () => page.promise, close: () => undefined });
    add(composition, file('a'));
    composition.finish();
    page.resolve({} as never);
    await turn();
    await expect(composition.ready).rejects.toThrow('it was stopped before it began');
    expect([closed, processes.length, ends.a?.failure]).toEqual([1, 0, undefined]);
  });

  it('while it launches waits for the process', async () => {
    const composition = compose();
    add(composition, file('a'));
    await turn();
    composition.finish();
    expect([last().ended, closed]).toEqual([['finish'], 0]);
    last().exit();
    await turn();
    await expect(composition.ready).rejects.toThrow('it was stopped before it began');
    expect([closed, ends.a?.failure]).toEqual([1, undefined]);
  });

  it('that came as the process got ready opens no tap', async () => {
    const composition = compose();
    add(composition, file('a'));
    await turn();
    composition.finish();
    last().becomeReady();
    await turn();
    await composition.ready;
    expect(tap).toBeUndefined();
  });

  it('is asked of the process once, but a kill always', async () => {
    const { composition, process } = await running();
    composition.finish();
    composition.finish();
    composition.kill();
    expect(process.ended).toEqual(['finish', 'kill']);
    process.exit();
    await turn();
    composition.kill();
    expect([closed, ends.a]).toEqual([1, { parts: [part(1)], file: undefined, failure: undefined }]);
  });

  it('ends an output that comes too late', async () => {
    const { composition, process } = await running();
    composition.finish();
    add(composition, file('b'));
    expect(ends.b).toBeUndefined();
    process.exit();
    await turn();
    add(composition, file('c'));
    expect([ends.b, ends.c]).toEqual(Array(2).fill({ parts: [], file: undefined, failure: undefined }));
    expect(processes).toHaveLength(1);
  });
});
