// Turns what an egress has written into what it is for: one seekable file in the storage, or playlists that end.
import { randomBytes } from 'node:crypto';
import { link, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
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
    if (egress.kind === 'hls') return this.#finishStream(egress);
    return { failure: undefined, file: undefined, uploads: undefined };
  }

  /** The end of an egress is written: what was only needed until then goes. */
  async settled(egress: Egress, succeeded: boolean): Promise<void> {
    if (egress.kind === 'livestream' || !succeeded) return;
    const isKept = this.#storage.kind === 'file' && (egress.kind === 'hls' || egress.preSignedUrl === null);
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

  /** Deletes what an egress left here and in the storage. */
  async remove(egress: Egress): Promise<void> {
    await this.#clear(egress.id);
    if (egress.folder) await rm(this.#hlsFolder(egress), { recursive: true, force: true });
    if (egress.file?.format === 'm3u8') await this.#storage.removeFolder(egress.file.key);
    else if (egress.file) await this.#storage.remove(egress.file.key);
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
    const key = `${egress.dirPath || DEFAULT_DIR}/${id}.${format}`;
    const here = this.#storage.kind === 'file';
    // On this machine's disk it is there at once; elsewhere it is brought as a durable task, however long it takes.
    if (here) await this.#storage.put(localPath, key, CONTENT_TYPES[format]);
    const uploads: NewUpload[] = [];
    if (!here) uploads.push({ target: 'storage', url: null });
    if (egress.preSignedUrl !== null) uploads.push({ target: 'presigned', url: egress.preSignedUrl });
    const file: EgressFile = {
      ...begun,
      size: made.size,
      duration: made.duration,
      width: made.width ?? null,
      height: made.height ?? null,
      format,
      key,
      localPath: uploads.length > 0 ? localPath : null,
      storedIn: here ? 'file' : null,
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
  // A second name: should we be killed now, the part is found again.
  await link(first, path);
  return facts;
}
