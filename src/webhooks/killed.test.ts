import { expect, test } from 'vitest';
import { killInTheMiddle } from '../../test/harness/kill-rounds.ts';
import { createTestDatabase } from '../../test/harness/test-database.ts';

const KILLS = 2;

test('nothing is lost or reordered when the process is killed in the middle of delivering', {
  timeout: 60_000,
}, async () => {
  await using database = await createTestDatabase();
  const report = await killInTheMiddle(database, KILLS);
  expect(report).toMatchObject({ kills: KILLS, published: KILLS * 150, lost: 0, reordered: 0 });
  // Only what was under way at a kill may come twice: one per session.
  expect(report.repeated).toBeLessThanOrEqual(KILLS * 10);
});
