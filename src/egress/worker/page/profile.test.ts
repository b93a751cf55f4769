import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeProfile, profileBytes, removeProfile, removeStaleProfiles } from './profile.ts';

let profile: string;
beforeEach(() => {
  profile = makeProfile(undefined);
});
afterEach(() => removeProfile(profile));

it('is for its owner alone', () => {
  expect(statSync(profile).mode & 0o777).toBe(0o700);
});

it('counts what it takes on the disk, empty files too', async () => {
  expect(await profileBytes(profile)).toBe(0);
  mkdirSync(join(profile, 'many'));
  for (let index = 0; index < 100; index++) writeFileSync(join(profile, 'many', String(index)), '');
  expect(await profileBytes(profile)).toBe(101 * 4096);
  writeFileSync(join(profile, 'large'), Buffer.alloc(1_000_000));
  expect(await profileBytes(profile)).toBeGreaterThan(101 * 4096 + 1_000_000);
});

it('stays while its process runs, and is removed when that has ended', () => {
  removeStaleProfiles();
  expect(existsSync(profile)).toBe(true);
  // As of a process that had our id before us.
  const stale = profile.replace(/-[0-9a-f]{8}-/, '-00000000-');
  mkdirSync(stale);
  removeStaleProfiles();
  expect([existsSync(profile), existsSync(stale)]).toEqual([true, false]);
});

it('that is not there takes nothing', async () => {
  expect(await profileBytes('/no/such/folder')).toBe(0);
});
