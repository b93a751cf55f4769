import { expect, test } from 'vitest';
import type { Finding } from '../protocol/doctor.ts';
import { type Check, failure, ok, type Verdict } from './check.ts';
import { Doctor } from './doctor.ts';

function check(name: string, run: Check['run'], timeoutMs = 1_000): Check {
  return { name, title: name.toUpperCase(), timeoutMs, advice: 'Repair it.', run };
}

test('findings come in the order of the checks, and each is told as soon as it is known', async () => {
  const slow = Promise.withResolvers<Verdict>();
  const told: string[] = [];
  const doctor = new Doctor([check('a', () => slow.promise), check('b', () => ok('Fine.'))]);
  const examined = doctor.examine(({ name }) => {
    told.push(name);
    if (name === 'b') slow.resolve(failure('Broken.', 'Mend it.'));
  });
  const findings: Finding[] = await examined;
  expect(told).toEqual(['b', 'a']);
  expect(findings).toEqual([
    { name: 'a', title: 'A', level: 'failure', found: 'Broken.', advice: 'Mend it.' },
    { name: 'b', title: 'B', level: 'ok', found: 'Fine.', advice: null },
  ]);
});

test('a check that throws, or does not end, is a failure with the advice of the check', async () => {
  const doctor = new Doctor([
    check('throws', () => {
      throw new Error('the disk is on fire');
    }),
    check('hangs', () => new Promise<Verdict>(() => undefined), 20),
    check('rejects', () => Promise.reject(new AggregateError([new Error('connect ECONNREFUSED')], ''))),
  ]);
  expect(await doctor.examine()).toMatchObject([
    { level: 'failure', found: 'The disk is on fire.', advice: 'Repair it.' },
    { level: 'failure', found: 'No answer within 0.02 s.' },
    { level: 'failure', found: 'Connect ECONNREFUSED.' },
  ]);
});

test('a few run at once, and in the end everything is closed', async () => {
  let running = 0;
  let most = 0;
  let closed = 0;
  const work = async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running -= 1;
    return ok('Done.');
  };
  const checks = Array.from({ length: 9 }, (_, nth) => check(`c${nth}`, work));
  const doctor = new Doctor(checks, async () => void closed++);
  expect(doctor.checks).toHaveLength(9);
  expect(await doctor.examine()).toHaveLength(9);
  expect([most, closed]).toEqual([3, 1]);
});
