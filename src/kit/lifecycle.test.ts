import { describe, expect, it } from 'vitest';
import { Lifecycle } from './lifecycle.ts';
import { SerialQueue } from './serial-queue.ts';

function traced(onStart: () => Promise<void> = async () => undefined) {
  const trace: string[] = [];
  const lifecycle = new Lifecycle(
    async () => {
      trace.push('start');
      await onStart();
      trace.push('started');
    },
    async () => void trace.push('stop'),
  );
  return { lifecycle, trace };
}

describe('a lifecycle', () => {
  it('starts and stops once, whoever asks and however often', async () => {
    const { lifecycle, trace } = traced();
    await Promise.all([lifecycle.start(), lifecycle.start()]);
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    expect(trace).toEqual(['start', 'started', 'stop']);
  });

  it('lets a stop wait for the start it interrupts', async () => {
    const { lifecycle, trace } = traced(() => new Promise(setImmediate));
    const starting = lifecycle.start();
    await lifecycle.stop();
    await starting;
    expect(trace).toEqual(['start', 'started', 'stop']);
  });

  it('stops before it was started, and after a start that failed', async () => {
    const early = traced();
    await early.lifecycle.stop();
    expect(early.trace).toEqual(['stop']);
    await expect(early.lifecycle.start()).rejects.toThrow('start after stop');
    const failing = traced(() => Promise.reject(new Error('no')));
    await expect(failing.lifecycle.start()).rejects.toThrow('no');
    await failing.lifecycle.stop();
    expect(failing.trace).toEqual(['start', 'stop']);
  });
});

describe('a serial queue', () => {
  it('runs work in order, one at a time, and survives a failure', async () => {
    const queue = new SerialQueue();
    const trace: string[] = [];
    const work = (name: string) => async () => {
      trace.push(`${name} begins`);
      await new Promise(setImmediate);
      trace.push(`${name} ends`);
      if (name === 'b') throw new Error('b failed');
    };
    const results = await Promise.allSettled(['a', 'b', 'c'].map((name) => queue.run(work(name))));
    expect(trace).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
