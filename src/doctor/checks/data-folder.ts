import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, rmdir, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { reasonOf } from '../../kit/ask.ts';
import { type Check, failure, ok, type Verdict, warning } from '../check.ts';

const GIGABYTE = 1e9;
/** PostgreSQL stops without room for its log. */
const TOO_LITTLE = 0.5 * GIGABYTE;
/** About four hours of recording at 720p. */
const LITTLE = 5 * GIGABYTE;

export function dataFolderCheck(folder: string): Check {
  return {
    name: 'data-folder',
    title: 'Data folder',
    timeoutMs: 10_000,
    advice: 'See to it that the user of the server may write there, or choose another folder with ROOMFUL_DATA_DIR.',
    async run() {
      if (!existsSync(folder)) return notThereYet(folder);
      const probe = join(folder, `.doctor-${randomUUID()}`);
      try {
        await writeFile(probe, 'written by the doctor');
      } catch (error) {
        return failure(`${folder} cannot be written: ${reasonOf(error)}.`, this.advice);
      } finally {
        await rm(probe, { force: true });
      }
      const { bsize, bavail } = await statfs(folder);
      return roomIn(folder, bsize * bavail);
    },
  };
}

async function notThereYet(folder: string): Promise<Verdict> {
  let above = dirname(folder);
  while (!existsSync(above)) above = dirname(above);
  try {
    await rmdir(await mkdtemp(join(above, '.doctor-')));
    return ok(`${folder} is not there yet; the first start makes it.`);
  } catch (error) {
    return failure(
      `${folder} is not there and cannot be made: ${reasonOf(error)}.`,
      'Make it and give it to the user of the server, or choose another folder with ROOMFUL_DATA_DIR.',
    );
  }
}

function roomIn(folder: string, freeBytes: number): Verdict {
  const free = `${(freeBytes / GIGABYTE).toFixed(1)} GB`;
  const advice = 'Make room, or move the folder to a larger disk.';
  if (freeBytes < TOO_LITTLE) return failure(`${folder} has only ${free} of room left.`, advice);
  if (freeBytes < LITTLE) return warning(`${folder} has ${free} of room left, some hours of recording.`, advice);
  return ok(`${folder} can be written and has ${free} of room.`);
}
