// Notes of the compositor processes that run, so that a start after a crash finds those that outlived their server.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PRIVATE } from '../kit/private-folder.ts';
import { isRunning, pidOf, processIdentity } from '../kit/process-identity.ts';
import type { Logger } from '../log.ts';

/** A compositor whose server is gone finishes by itself; one that does not is ended. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 100;

export class Children {
  readonly #folder: string;
  readonly #log: Logger;

  constructor(dataFolder: string, log: Logger) {
    this.#folder = join(dataFolder, 'egress', 'children');
    this.#log = log;
  }

  /** The process behind a composition, or that there is none any more. */
  async note(compositionId: string, pid: number | undefined): Promise<void> {
    const path = join(this.#folder, compositionId);
    try {
      await mkdir(this.#folder, { recursive: true, mode: PRIVATE });
      if (pid === undefined) await rm(path, { force: true });
      else await writeFile(path, processIdentity(pid));
    } catch (error) {
      this.#log.debug({ err: error, pid }, 'compositor not noted');
    }
  }

  /** Waits until no compositor of an earlier life writes any more. */
  async endOrphans(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name);
        await endProcess((await readFile(path, 'utf8').catch(() => '')).trim());
        await rm(path, { force: true });
      }),
    );
  }
}

async function endProcess(identity: string): Promise<void> {
  if (!identity) return;
  for (let waitedMs = 0; isRunning(identity); waitedMs += LOOK_EVERY_MS) {
    if (waitedMs >= PATIENCE_MS) process.kill(pidOf(identity), 'SIGKILL');
    await sleep(LOOK_EVERY_MS);
  }
}
