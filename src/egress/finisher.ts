// Turns what an egress has written into what it is for: one seekable file in the storage, or playlists that end.
import { randomBytes } from 'node:crypto';
import { copyFile, link, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../log.ts';
import { canvasSize } from '../protocol/composition.ts';
import type { Egress, EgressFile } from '../protocol/egress.ts';
import { newObjectId } from '../protocol/ids.ts';
import { endPlaylists } from './hls-folder.ts';
import { durationOf } from './hls-playlist.ts';
import type { FileFacts } from './ipc.ts';
import { joinParts } from './joiner.ts';
import { hlsFolder, workFolder } from './outputs.ts';
import type { NewUpload } from './ports.ts';
import { sizeOfFolder } from './storage/folders.ts';
import { keyIn } from './storage/names.ts';
import type { Storage } from './storage/storage.ts';

const DEFAULT_DIR = 'recordings';
const HLS_DIR = 'hls';
const CONTENT_TYPES = { mp4: 'video/mp4', webm: 'video/webm' } as const;
/** 128 bits: nobody finds a recording by trying. */
const TOKEN_BYTES = 16;

export interface Finished {
  /** Why nothing came of it. */
  failure: string | undefined;
  file: EgressFile | undefined;
  uploads: NewUpload[] | undefined;
}

/** Files of an egress that nobody wants any more. */
export interface Left {
  egressId: string;
  /** Of an HLS stream. */
  folder: string | null;
  /** In the storage; with `isFolder` everything below it. */
  key: string | null;
  isFolder: boolean;
}

export class Finisher {
  readonly #folder: string;
  readonly #storage: Storage;
  /** Told when there is something to upload. */
  readonly #onUpload: () => void;
  readonly #log: Logger;

  constructor(options: { folder: string; storage: Storage; onUpload: () => void; log: Logger }) {
    this.#folder = options.folder;
    this.#storage = options.storage;
    this.#onUpload = options.onUpload;
    this.#log = options.log;
  }

  async finish(egress: Egress, parts: readonly string[], facts: FileFacts | undefined): Promise<Finished> {
    if (egress.kind === 'recording') return this.#finishFile(egress, parts, facts);
    if (egress.kind === 'hls') return this.#finishStream(egress);
    return { failure: undefined, file: undefined, uploads: undefined };
  }

  /** The end of an egress is written: what was only needed until then goes. */
  async settled(egress: Egress): Promise<void> {
    if (egress.kind === 'livestream') return;
    const isKept = egress.file?.storedIn === 'file' && (egress.kind === 'hls' || egress.preSignedUrl === null);
    if (!isKept) this.#onUpload();
    else if (egress.kind === 'recording') await this.#clear(egress.id);
  }

  /** The parts that are on this disk, in order. */
  async partsOf(egress: Egress): Promise<string[]> {
    if (egress.kind !== 'recording') return [];
    const folder = workFolder(this.#folder, egress.id);
    const names = (await readdir(folder).catch(() => [])).filter((name) => /^part-\d+\./.test(name));
    const number = (name: string) => Number(/\d+/.exec(name)?.[0]);
    return names.sort((a, b) => number(a) - number(b)).map((name) => join(folder, name));
  }

  /** Removes what an egress left on this disk, a storage that is a folder of it included. */
  async removeFromDisk(left: Left): Promise<void> {
    await this.#clear(left.egressId);
    if (left.folder !== null) await rm(hlsFolder(this.#folder, left.folder), { recursive: true, force: true });
    if (this.#storage.kind === 'file') await this.removeFromStorage(left);
  }

  async removeFromStorage({ key, isFolder }: Left): Promise<void> {
    if (key === null) return;
    if (isFolder) await this.#storage.removeFolder(key);
    else await this.#storage.remove(key);
  }

  /** A stream stays where it is played from; an object storage gets it when it is over. */
  async #finishStream(egress: Egress): Promise<Finished> {
    const folder = this.#hlsFolder(egress);
    const playlist = await endPlaylists(folder);
    if (playlist === undefined) return nothing('It ended before anything was produced.');
    const here = this.#storage.kind === 'file';
    const canvas = egress.config.mode === 'audio' ? undefined : canvasSize(egress.config);
    const file: EgressFile = {
      ...newFile(egress),
      size: await sizeOfFolder(folder),
      duration: durationOf(playlist),
      width: canvas?.width ?? null,
      height: canvas?.height ?? null,
      format: 'm3u8',
      key: `${HLS_DIR}/${egress.folder}`,
      localPath: folder,
      storedIn: here ? 'file' : null,
    };
    return { failure: undefined, file, uploads: here ? [] : [{ target: 'storage', url: null }] };
  }

  async #finishFile(egress: Egress, parts: readonly string[], facts: FileFacts | undefined): Promise<Finished> {
    const written = await nonEmpty(parts);
    if (written.length === 0) return nothing('Nothing was recorded.');
    const begun = newFile(egress);
    const { id } = begun;
    const format = egress.fileFormat;
    const localPath = join(workFolder(this.#folder, egress.id), `${id}.${format}`);
    const made = await oneFile(localPath, written, facts);
    const fileName = `${id}.${format}`;
    const key = keyIn(egress.dirPath, fileName, DEFAULT_DIR, this.#storage.maxKeyBytes);
    // On this machine's disk it is there at once; else it is brought as a durable task, however long it takes.
    const storedAs = await this.#putHere(localPath, [key, `${DEFAULT_DIR}/${fileName}`]);
    const uploads: NewUpload[] = [];
    if (storedAs === undefined) uploads.push({ target: 'storage', url: null });
    if (egress.preSignedUrl !== null) uploads.push({ target: 'presigned', url: egress.preSignedUrl });
    const file: EgressFile = {
      ...begun,
      size: made.size,
      duration: made.duration,
      width: made.width ?? null,
      height: made.height ?? null,
      format,
      key: storedAs ?? key,
      localPath: uploads.length > 0 ? localPath : null,
      storedIn: storedAs === undefined ? null : 'file',
    };
    return { failure: undefined, file, uploads };
  }

  /**
   * Puts a file into the storage where that is a folder of this machine: under the first of the keys that it takes, which
   * is returned. A name may be too long for the file system there, or that of a file where a folder is needed.
   */
  async #putHere(localPath: string, keys: readonly string[]): Promise<string | undefined> {
    if (this.#storage.kind !== 'file') return undefined;
    for (const key of keys) {
      try {
        await this.#storage.put(localPath, key, CONTENT_TYPES.mp4);
        return key;
      } catch (error) {
        this.#log.warn({ err: error, key }, 'recording not stored yet');
      }
    }
    return undefined;
  }

  #hlsFolder(egress: Egress): string {
    return hlsFolder(this.#folder, egress.folder ?? egress.id);
  }

  async #clear(egressId: string): Promise<void> {
    await rm(workFolder(this.#folder, egressId), { recursive: true, force: true });
  }
}

function nothing(failure: string): Finished {
  return { failure, file: undefined, uploads: undefined };
}

/** What every kept result has from the start. */
function newFile({ config }: Egress) {
  const now = new Date();
  return {
    id: newObjectId(),
    type: config.mode === 'audio' ? ('audio' as const) : ('video' as const),
    token: randomBytes(TOKEN_BYTES).toString('base64url'),
    createdAt: now,
    updatedAt: now,
  };
}

async function nonEmpty(parts: readonly string[]): Promise<string[]> {
  const sizes = await Promise.all(
    parts.map((part) =>
      stat(part).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return parts.filter((_, index) => sizes[index]);
}

/** A single part that its writer finished is the file already; everything else is joined. */
async function oneFile(path: string, parts: readonly string[], facts: FileFacts | undefined): Promise<FileFacts> {
  const [first] = parts;
  if (parts.length > 1 || first === undefined || facts?.path !== first) return joinParts(path, parts);
  // A second name: should we be killed now, the part is found again. Not every file system can.
  await link(first, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return;
    return copyFile(first, path);
  });
  return facts;
}
