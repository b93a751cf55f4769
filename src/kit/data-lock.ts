import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, pidOf, processIdentity } from './process-identity.ts';
import { StartError } from './start-error.ts';

const FILE_NAME = 'roomful.lock';

/**
 * Keeps a second server out of a folder. The lock is a file that names its holder; a holder that no longer runs does
 * not count. Processes are compared by id and start time, so it holds between processes of one machine (and one
 * container); folders shared over a network are not protected.
 */
export class DataLock {
  readonly #path: string;
  readonly #content: string;

  private constructor(path: string, content: string) {
    this.#path = path;
    this.#content = content;
  }

  /** Takes the lock of an existing folder, or throws a StartError that names the process which has it. */
  static acquire(folder: string): DataLock {
    const path = join(folder, FILE_NAME);
    const content = `${processIdentity(process.pid)}\n`;
    while (!tryLink(path, content)) {
      const holder = readIfPresent(path);
      if (holder === undefined) continue;
      if (isRunning(holder.trim())) throw heldBy(pidOf(holder), folder);
      putAside(path, holder);
    }
    return new DataLock(path, content);
  }

  /** The process that uses a folder now, if one does. */
  static holder(folder: string): number | undefined {
    const holder = readIfPresent(join(folder, FILE_NAME))?.trim();
    return holder !== undefined && isRunning(holder) ? pidOf(holder) : undefined;
  }

  /** Idempotent. Leaves the file alone if it has become somebody else's. */
  release(): void {
    if (readIfPresent(this.#path) === this.#content) rmSync(this.#path, { force: true });
  }
}

function heldBy(pid: number, folder: string): StartError {
  const who = pid === process.pid ? 'This process already uses' : `Another Roomful, process ${pid}, is using`;
  return new StartError(
    `${who} the data folder ${folder}. Stop it first, or give each its own folder with ROOMFUL_DATA_DIR.`,
  );
}

/** link() fails when the name exists, and makes the file appear complete: nobody reads half a line. */
function tryLink(path: string, content: string): boolean {
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, content);
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw new StartError(`The data folder cannot be written: ${(error as Error).message}.`, { cause: error });
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes a dead holder's lock, unless somebody else has done so and taken the lock in the meantime. */
function putAside(path: string, dead: string): void {
  const aside = `${path}.${process.pid}.aside`;
  try {
    renameSync(path, aside);
    if (readFileSync(aside, 'utf8') !== dead) linkSync(aside, path);
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT' && code !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
