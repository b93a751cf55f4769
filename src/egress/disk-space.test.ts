import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { createLogger } from '../log.ts';
import { DiskSpace } from './disk-space.ts';

const refusal = (folder: string, floorBytes: number) =>
  new DiskSpace({ folder, floorBytes, log: createLogger('silent') }).refusal();

it('is enough, or not, and says what to do', async () => {
  expect(await refusal(tmpdir(), 1)).toBeUndefined();
  // A file system that has no blocks at all.
  expect(await refusal('/proc', 1)).toBeUndefined();
  expect(await refusal('/does/not/exist', 1)).toBeUndefined();
});
