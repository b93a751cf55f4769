import { describe, expect, it } from 'vitest';
import { InFlight } from './in-flight.ts';
import { Turns } from './turns.ts';

describe('what is under way', () => {
  it('is bounded for each key and in all, and a place that is given back can be taken', () => {
    const inFlight = new InFlight({ perKey: 2, total: 3 });
    expect([inFlight.enter('a'), inFlight.enter('a'), inFlight.enter('a')]).toEqual([undefined, undefined, 'key']);
    expect([inFlight.enter('b'), inFlight.enter('b')]).toEqual([undefined, 'total']);
    inFlight.leave('a');
    expect([inFlight.enter('b'), inFlight.enter('c')]).toEqual([undefined, 'total']);
  });

  it('has no bound in all where none is given', () => {
    const inFlight = new InFlight({ perKey: 1 });
    expect(['a', 'b', 'c', 'a'].map((key) => inFlight.enter(key))).toEqual([undefined, undefined, undefined, 'key']);
  });

  it('cannot be given back more often than it was taken', () => {
    const inFlight = new InFlight({ perKey: 1, total: 1 });
    inFlight.leave('a');
    inFlight.enter('a');
    inFlight.leave('a');
    inFlight.leave('a');
    expect([inFlight.enter('b'), inFlight.enter('c')]).toEqual([undefined, 'total']);
  });
});

describe('turns', () => {
  it('are taken in order, so many at once, for each key apart', async () => {
    const turns = new Turns(2);
    const order: string[] = [];
    const enter = (key: string, name: string) => turns.take(key).then(() => order.push(name));
    await Promise.all([enter('a', 'a1'), enter('a', 'a2')]);
    const waiting = [enter('a', 'a3'), enter('a', 'a4')];
    await enter('b', 'b1');
    expect(order).toEqual(['a1', 'a2', 'b1']);
    turns.done('a');
    await waiting[0];
    expect(order).toEqual(['a1', 'a2', 'b1', 'a3']);
    turns.done('a');
    await waiting[1];
    turns.done('a');
    turns.done('a');
    await Promise.all([enter('a', 'a5'), enter('a', 'a6')]);
    expect(order.slice(-2)).toEqual(['a5', 'a6']);
  });
});
