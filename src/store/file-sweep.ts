// Deletes uploaded files when their time is over, and what uploads that broke off with the process have left.
import { opendir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { inBackground } from '../kit/in-background.ts';
import { Lifecycle, type Service } from '../kit/lifecycle.ts';
import type { Limits } from '../limits.ts';
import { isObjectId, newObjectId } from '../protocol/ids.ts';
import type { Db } from './database.ts';
import { filesFolder, PART } from './file-store.ts';

const SWEEP_EVERY_MS = 3_600_000;
const DAY_MS = 24 * 3_600_000;
/** Files in one statement, and statements in one sweep: the rest is left to the next one. */
const BATCH = 500;
const MAX_BATCHES = 100;

export class FileSweep implements Service {
  readonly #db: Db;
  readonly #folder: string;
  readonly #days: number;
  readonly #log: Logger;
  readonly #lifecycle = new Lifecycle(
    () => this.#onStart(),
    () => this.#onStop(),
  );
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(deps: { db: Db; dataDir: string; limits: Pick<Limits, 'fileDays'>; log: Logger }) {
    this.#db = deps.db;
    this.#folder = filesFolder(deps.dataDir);
    this.#days = deps.limits.fileDays;
    this.#log = deps.log;
  }

  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** Deletes what is too old now; calls while it runs share one run. */
  sweep(): Promise<void> {
    this.#running ??= this.#sweep().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Nothing is being uploaded yet, so whatever is not complete never will be. */
  async #onStart(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names) if (name.endsWith(PART)) await rm(join(this.#folder, name), { force: true });
    const run = () => inBackground(this.#log, 'sweeping files', () => this.sweep());
    run();
    this.#timer = setInterval(run, SWEEP_EVERY_MS);
    this.#timer.unref();
  }

  async #onStop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running?.catch(() => undefined);
  }

  async #sweep(): Promise<void> {
    // Ids begin with the time they were made at.
    const oldest = newObjectId(new Date(Date.now() - this.#days * DAY_MS)).slice(0, 8);
    let deleted = 0;
    for (let batch = 0; batch < MAX_BATCHES && !this.#lifecycle.stopped; batch++) {
      const ids = await this.#forget(oldest);
      for (const id of ids) await rm(join(this.#folder, id), { force: true });
      deleted += ids.length;
      if (ids.length < BATCH) break;
    }
    await this.#removeForgotten(oldest);
    if (deleted > 0) this.#log.info({ deleted, days: this.#days }, 'uploaded files expired');
  }

  async #forget(oldest: string): Promise<string[]> {
    const rows = await this.#db
      .deleteFrom('files')
      .where('id', 'in', (eb) =>
        eb.selectFrom('files').select('id').where('id', '<', oldest).orderBy('id').limit(BATCH),
      )
      .returning('id')
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Another node may have deleted the row of a file that is here. */
  async #removeForgotten(oldest: string): Promise<void> {
    const folder = await opendir(this.#folder).catch(() => undefined);
    if (!folder) return;
    for await (const { name } of folder) {
      if (isObjectId(name) && name < oldest) await rm(join(this.#folder, name), { force: true });
    }
  }
}
