// Whether the disk has room for what will be written to it: better to refuse a recording than to lose those that run.
import { statfs } from 'node:fs/promises';
import type { Logger } from '../log.ts';

/** A small disk keeps this part of itself free, if that is less than the bound. */
const FREE_PART = 20;
const MEGABYTE = 1024 * 1024;

export class DiskSpace {
  readonly #folder: string;
  readonly #floorBytes: number;
  readonly #log: Logger;

  constructor({ folder, floorBytes, log }: { folder: string; floorBytes: number; log: Logger }) {
    this.#folder = folder;
    this.#floorBytes = floorBytes;
    this.#log = log;
  }

  /** Why nothing new may be written now, fit for the caller; undefined when it may. */
  async refusal(): Promise<string | undefined> {
    try {
      const { bavail, blocks, bsize } = await statfs(this.#folder);
      const floor = Math.min(this.#floorBytes, (blocks * bsize) / FREE_PART);
      const free = bavail * bsize;
      if (free >= floor) return undefined;
      const [freeMb, floorMb] = [free, floor].map((bytes) => (bytes / MEGABYTE).toFixed(1));
      return `There is no space left on the disk of this server: ${freeMb} MB are free, at least ${floorMb} MB have to be. Its operator has to make room.`;
    } catch (error) {
      // A disk that cannot be asked may still take what is written.
      this.#log.warn({ err: error, folder: this.#folder }, 'free disk space unknown');
      return undefined;
    }
  }
}
