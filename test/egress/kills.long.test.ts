// Twenty kills, of the compositor, the server and the database, at any moment: nothing is stuck, nothing told twice, and
// every recording plays to within two seconds of the kill.
import { expect, it } from 'vitest';
import { KillStage, problemsOf, type Victim } from '../harness/egress-kills.ts';

const ROUNDS = 20;
const VICTIMS: Victim[] = ['compositor', 'server', 'database'];
const LONGEST_MS = 6_000;

it('every recording survives', { timeout: 15 * 60_000 }, async () => {
  await using stage = await KillStage.set();
  const problems: unknown[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const victim = VICTIMS[round % VICTIMS.length] ?? 'server';
    const seen = await stage.round(victim, Math.random() * LONGEST_MS);
    const wrong = problemsOf(seen);
    console.log(`round ${round + 1}: ${JSON.stringify(seen)}${wrong.length > 0 ? ` WRONG: ${wrong.join('; ')}` : ''}`);
    if (wrong.length > 0) problems.push({ round, wrong, seen });
  }
  expect(problems).toEqual([]);
});
