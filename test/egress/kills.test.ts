// The database is killed under a recording, which goes on; `kills.long.test.ts` kills everything, again and again.
import { expect, it } from 'vitest';
import { KillStage, problemsOf } from '../harness/egress-kills.ts';

it('a recording and a stream survive the death of the database', { timeout: 90_000 }, async () => {
  await using stage = await KillStage.set();
  const seen = await stage.round('database', 3_000);
  expect(problemsOf(seen)).toEqual([]);
  expect(seen.recording).toMatchObject({ status: 'completed' });
  expect(seen.hls.status).toBe('completed');
});
