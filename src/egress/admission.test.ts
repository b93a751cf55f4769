import { expect, it } from 'vitest';
import { anEgress } from '../../test/harness/an-egress.ts';
import { costOf, Slots } from './admission.ts';

const { config } = anEgress({});

it('a composition costs by its pixels, sound alone little', () => {
  expect(costOf(config)).toBe(1);
  expect(costOf({ ...config, quality: 'high' })).toBe(2);
  expect(costOf({ ...config, quality: 'high', mode: 'audio' })).toBe(0.25);
});

it('slots are taken until there is no room, and given back', () => {
  const slots = new Slots(2);
  expect([slots.take(1), slots.take(1), slots.take(0.25)]).toEqual([true, true, false]);
  slots.giveBack(1);
  expect(slots.take(0.25)).toBe(true);
});

it('one alone always has room', () => {
  const slots = new Slots(1);
  expect(slots.take(2)).toBe(true);
  expect(slots.take(0.25)).toBe(false);
});
