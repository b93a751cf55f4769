// Auto-start while the database is away for a moment: what a meeting asked for is begun all the same, or told as failed.
import { describe, expect, it } from 'vitest';
import { anEgress } from '../../test/harness/an-egress.ts';
import { egressAlreadyRunning } from '../errors.ts';
import { createLogger } from '../log.ts';
import { Egress, type EgressDeps } from './egress.ts';
import type { AutoStartWish, EgressCaller } from './ports.ts';

const SESSION = { sessionId: 's1', room: { roomId: 'r1', ownerId: 'o1', multiComposition: null } };
const away = () => Promise.reject(new Error('Connection terminated unexpectedly'));
const recording: AutoStartWish = { id: 'w1', kind: 'recording', request: {} };

/** The calls in order; each step of `script` says what a call does, the last one from then on. */
function stage(script: { wishes?: (() => unknown)[]; begin?: (() => unknown)[]; refuse?: (() => unknown)[] }) {
  const calls: string[] = [];
  const call = (name: string, steps: (() => unknown)[] = []) => {
    return async () => {
      calls.push(name);
      return (steps.length > 1 ? steps.shift() : steps[0])?.();
    };
  };
  const stopping = new AbortController();
  const egress = new Egress({
    store: { wishes: call('wishes', script.wishes ?? [() => [recording]]), keepFailed: call('refuse', script.refuse) },
    dispatcher: { begin: call('begin', script.begin ?? [() => anEgress({})]) },
    storage: { maxKeyBytes: 1024 },
    checkUrl: (url: string) => new URL(url),
    stopping: stopping.signal,
    log: createLogger('silent'),
  } as unknown as EgressDeps<EgressCaller>);
  return { calls, egress, stopping };
}

describe('auto-start', () => {
  it('reads its requests again when the database was away', async () => {
    const { calls, egress } = stage({ wishes: [away, away, () => [recording]] });
    await egress.autoStart(SESSION);
    expect(calls).toEqual(['wishes', 'wishes', 'wishes', 'begin']);
  });

  it('begins again what the database did not take', async () => {
    const { calls, egress } = stage({ begin: [away, () => anEgress({})] });
    await egress.autoStart(SESSION);
    expect(calls).toEqual(['wishes', 'begin', 'begin']);
  });

  it('tells as failed what is refused, even if that has to be written twice', async () => {
    const refused = () => Promise.reject(egressAlreadyRunning('recording'));
    const { calls, egress } = stage({ begin: [refused], refuse: [away, () => undefined] });
    await egress.autoStart(SESSION);
    expect(calls).toEqual(['wishes', 'begin', 'refuse', 'refuse']);
  });

  it('begins one whatever becomes of the other', async () => {
    const others: AutoStartWish[] = [{ id: 'w0', kind: 'composite', request: {} }, recording];
    const { calls, egress } = stage({ wishes: [() => others] });
    await egress.autoStart(SESSION);
    expect(calls.toSorted()).toEqual(['begin', 'refuse', 'wishes']);
  });

  it('tries no more once the server stops', async () => {
    const { egress, stopping } = stage({ wishes: [away] });
    const started = egress.autoStart(SESSION);
    stopping.abort();
    await expect(started).rejects.toThrow('Connection terminated');
  });
});
