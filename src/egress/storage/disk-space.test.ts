import { tmpdir } from 'node:os';
import { expect, it, vi } from 'vitest';
import { createLogger } from '../../log.ts';
import { DiskSpace } from './disk-space.ts';

const MEGABYTE = 1024 * 1024;

let free: number | undefined;
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const statfs = async (folder: string) =>
    free === undefined ? real.statfs(folder) : { bavail: free, blocks: 1_000, bsize: MEGABYTE };
  return { ...real, statfs };
});

const refusal = (folder: string, floorBytes: number) =>
  new DiskSpace({ folder, floorBytes, log: createLogger('silent') }).refusal();

it('is enough where more is free than has to be, or where nobody can say', async () => {
  expect(await refusal(tmpdir(), 1)).toBeUndefined();
  // A file system that has no blocks at all.
  expect(await refusal('/proc', 1)).toBeUndefined();
  expect(await refusal('/does/not/exist', 1)).toBeUndefined();
});

it.each([
  ['more than the bound', 11, 10, undefined],
  ['the bound', 10, 10, undefined],
  ['less than the bound', 9, 10, '9.0 MB are free, at least 10.0 MB have to be'],
  ['a part of a small disk, whatever the bound', 50, 5_000, undefined],
  ['less than that part', 49, 5_000, '49.0 MB are free, at least 50.0 MB have to be'],
])('with %s free is enough, or refused with what to do', async (_what, freeMb, floorMb, expected) => {
  free = freeMb;
  const reason = await refusal('/any', floorMb * MEGABYTE);
  free = undefined;
  if (expected === undefined) expect(reason).toBeUndefined();
  else expect(reason).toContain(expected);
});
