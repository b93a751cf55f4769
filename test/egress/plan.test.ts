// Four people with different cameras and packet sizes are recorded, and found again: place, name, rhythm, and voice.
import { expect, it } from 'vitest';
import { observe, senders } from '../harness/plan.ts';

it('everybody is where they belong, under their name, in time with their voice', async () => {
  const seen = await observe({ senders: senders(4), seconds: 8 });
  for (const one of seen.senders) {
    expect(one.lagP95Ms).toBeLessThanOrEqual(60);
    expect(one.rightColour).toBeGreaterThan(0.99);
    expect(one.rightName).toBeGreaterThan(0.95);
    expect(one.badSteps).toBeLessThanOrEqual(one.steps * 0.03 + seen.droppedTicks);
    expect(one.beeps).toBeGreaterThanOrEqual(7);
  }
  expect(seen.apartMs).toBeLessThanOrEqual(100);
});
