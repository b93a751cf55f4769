// A folder on this machine.
import { randomUUID } from 'node:crypto';
import { constants, copyFile, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { PRIVATE } from '../../kit/private-folder.ts';
import { MAX_KEY_BYTES } from './names.ts';
import type { ByteRange, Storage } from './storage.ts';

export class FileStorage implements Storage {
  readonly kind = 'file';
  readonly maxKeyBytes = MAX_KEY_BYTES;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = resolve(folder);
  }

  /** On the same disk it costs nothing: the file gets a second name. */
  async put(localPath: string, key: string): Promise<void> {
    const path = this.#pathOf(key);
    await mkdir(dirname(path), { recursive: true, mode: PRIVATE });
    try {
      await link(localPath, path);
    } catch (error) {
      // An attempt that was killed before it could be noted has left it there.
      const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST' && (await haveSameSize(localPath, path));
      if (!isThere) await copyWhole(localPath, path);
    }
  }

  open(key: string, range?: ByteRange): Promise<Readable | undefined> {
    return openLocal(this.#pathOf(key), range);
  }

  async size(key: string): Promise<number | undefined> {
    const facts = await stat(this.#pathOf(key)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    return facts?.size;
  }

  async removeFolder(folder: string): Promise<void> {
    await rm(this.#pathOf(folder), { recursive: true, force: true });
  }

  async remove(key: string): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  /** It is made with the first file. */
  async check(): Promise<void> {}

  close(): void {}

  #pathOf(key: string): string {
    const path = join(this.#folder, key);
    if (!path.startsWith(this.#folder + sep)) throw new Error(`storage key ${key} leads out of the folder`);
    return path;
  }
}

async function haveSameSize(a: string, b: string): Promise<boolean> {
  const [{ size: ofA }, { size: ofB }] = await Promise.all([stat(a), stat(b)]);
  return ofA === ofB;
}

/** There is all of it under the name, or nothing: a disk may become full in the middle. */
async function copyWhole(from: string, to: string): Promise<void> {
  const unfinished = join(dirname(to), `.${randomUUID()}.part`);
  try {
    await copyFile(from, unfinished, constants.COPYFILE_EXCL);
    await rename(unfinished, to);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** The content of a file on this machine, or a part of it; nothing when there is none. */
export async function openLocal(path: string, range?: ByteRange): Promise<Readable | undefined> {
  const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  const stream = handle?.createReadStream(range && { start: range.start, end: range.end });
  // Whoever reads it hears of an error all the same; without a listener it would end the process.
  stream?.on('error', () => undefined);
  return stream;
}

/** All of a file on this machine, to be sent elsewhere. Whatever cannot be opened rejects here, and not later. */
export async function openWhole(path: string): Promise<{ body: Readable; size: number }> {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    const body = handle.createReadStream();
    // Whoever reads it hears of an error all the same; without a listener it would end the process.
    body.on('error', () => undefined);
    return { body, size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
