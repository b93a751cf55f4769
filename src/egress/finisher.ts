// Turns what an egress has written into what it is for: one seekable file in the storage, or playlists that end.
import { randomBytes } from 'node:crypto';
import { link, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Egress, EgressFile } from '../protocol/egress.ts';
import { newObjectId } from '../protocol/ids.ts';
import { endPlaylists } from './hls-folder.ts';
import type { FileFacts } from './ipc.ts';
import { joinParts } from './joiner.ts';
import { hlsFolder, workFolder } from './outputs.ts';
import type { NewUpload } from './ports.ts';
import type { Storage } from './storage/storage.ts';

const DEFAULT_DIR = 'recordings';
const CONTENT_TYPES = { mp4: 'video/mp4', webm: 'video/webm' } as const;
/** 128 bits: nobody finds a recording by trying. */
const TOKEN_BYTES = 16;

export interface Finished {
  /** Why nothing came of it. */
  failure: string | undefined;
  file: EgressFile | undefined;
  uploads: NewUpload[] | undefined;
}

export class Finisher {
  readonly #folder: string;
  readonly #storage: Storage;
  /** Told when there is something to upload. */
  readonly #onUpload: () => void;

  constructor(options: { folder: string; storage: Storage; onUpload: () => void }) {
    this.#folder = options.folder;
    this.#storage = options.storage;
    this.#onUpload = options.onUpload;
  }

  async finish(egress: Egress, parts: readonly string[], facts: FileFacts | undefined): Promise<Finished> {
    if (egress.kind === 'recording') return this.#finishFile(egress, parts, facts);
    const playable = egress.kind !== 'hls' || (await endPlaylists(this.#hlsFolder(egress)));
    return {
      failure: playable ? undefined : 'It ended before anything was produced.',
      file: undefined,
      uploads: undefined,
    };
  }

  /** The end of an egress is written: what was only needed until then goes. */
  async settled(egress: Egress, succeeded: boolean): Promise<void> {
    if (egress.kind !== 'recording' || !succeeded) return;
    if (this.#storage.kind === 'file' && egress.preSignedUrl === null) await this.#clear(egress.id);
    else this.#onUpload();
  }

  /** The parts that are on this disk, in order. */
  async partsOf(egress: Egress): Promise<string[]> {
    if (egress.kind !== 'recording') return [];
    const folder = workFolder(this.#folder, egress.id);
    const names = (await readdir(folder).catch(() => [])).filter((name) => /^part-\d+\./.test(name));
    const number = (name: string) => Number(/\d+/.exec(name)?.[0]);
    return names.sort((a, b) => number(a) - number(b)).map((name) => join(folder, name));
  }

  /** Deletes what an egress left here and in the storage. */
  async remove(egress: Egress): Promise<void> {
    await this.#clear(egress.id);
    if (egress.folder) await rm(this.#hlsFolder(egress), { recursive: true, force: true });
    if (egress.file) await this.#storage.remove(egress.file.key);
  }

  async #finishFile(egress: Egress, parts: readonly string[], facts: FileFacts | undefined): Promise<Finished> {
    const written = await nonEmpty(parts);
    if (written.length === 0) return { failure: 'Nothing was recorded.', file: undefined, uploads: undefined };
    const id = newObjectId();
    const format = egress.fileFormat;
    const localPath = join(workFolder(this.#folder, egress.id), `${id}.${format}`);
    const made = await oneFile(localPath, written, facts);
    const key = `${egress.dirPath || DEFAULT_DIR}/${id}.${format}`;
    const here = this.#storage.kind === 'file';
    // On this machine's disk it is there at once; elsewhere it is brought as a durable task, however long it takes.
    if (here) await this.#storage.put(localPath, key, CONTENT_TYPES[format]);
    const uploads: NewUpload[] = [];
    if (!here) uploads.push({ target: 'storage', url: null });
    if (egress.preSignedUrl !== null) uploads.push({ target: 'presigned', url: egress.preSignedUrl });
    const now = new Date();
    const file: EgressFile = {
      id,
      type: egress.config.mode === 'audio' ? 'audio' : 'video',
      size: made.size,
      duration: made.duration,
      width: made.width ?? null,
      height: made.height ?? null,
      format,
      key,
      token: randomBytes(TOKEN_BYTES).toString('base64url'),
      localPath: uploads.length > 0 ? localPath : null,
      storedIn: here ? 'file' : null,
      createdAt: now,
      updatedAt: now,
    };
    return { failure: undefined, file, uploads };
  }

  #hlsFolder(egress: Egress): string {
    return hlsFolder(this.#folder, egress.folder ?? egress.id);
  }

  async #clear(egressId: string): Promise<void> {
    await rm(workFolder(this.#folder, egressId), { recursive: true, force: true });
  }
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
  // A second name: should we be killed now, the part is found again.
  await link(first, path);
  return facts;
}
