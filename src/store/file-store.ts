// Files that participants upload: facts in the table `files`, content in a folder, named by id.
import { type FileHandle, mkdir, open, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { sql } from 'kysely';
import { diskFull, filesQuotaExceeded, serverBusy, tooManyRequests } from '../errors.ts';
import { InFlight } from '../kit/in-flight.ts';
import { PRIVATE } from '../kit/private-folder.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import { newObjectId } from '../protocol/ids.ts';
import type { Db, DbTx } from './database.ts';

/** What a file is called as long as it is not complete. */
export const PART = '.part';

export interface StoredFile {
  id: string;
  ownerId: string;
  roomId: string;
  fileName: string;
  size: number;
}

type Holder = Pick<StoredFile, 'ownerId' | 'roomId'>;

export class FileStore {
  readonly #db: Db;
  readonly #folder: string;
  readonly #limits: Limits;
  readonly #underWay: InFlight;

  constructor(db: Db, dataDir: string, limits: Limits = DEFAULT_LIMITS) {
    this.#db = db;
    this.#folder = filesFolder(dataDir);
    this.#limits = limits;
    this.#underWay = new InFlight({ perKey: limits.ownerUploads, total: limits.uploads });
  }

  /**
   * Keeps a file whose content `fill` writes piece by piece, returning its name. One that breaks off, or finds no room
   * in the quotas of its holder or on the disk, leaves nothing.
   */
  async save(
    holder: Holder,
    fill: (write: (content: Buffer) => Promise<void>) => Promise<string>,
  ): Promise<StoredFile> {
    const reached = this.#underWay.enter(holder.ownerId);
    if (reached === 'key') throw tooManyRequests(`an owner may upload ${this.#limits.ownerUploads} files at once`);
    if (reached) throw serverBusy('The server takes in as many files as it can; try again in a moment.');
    try {
      // A file always adds something: where nothing is left, it is not even read.
      await this.#requireQuota(this.#db, holder, 1);
      await this.#requireDisk();
      return await this.#keep(holder, fill);
    } finally {
      this.#underWay.leave(holder.ownerId);
    }
  }

  async find(id: string): Promise<StoredFile | undefined> {
    const row = await this.#db.selectFrom('files').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) return undefined;
    return { id: row.id, ownerId: row.owner_id, roomId: row.room_id, fileName: row.file_name, size: row.size };
  }

  /** The content of a file, or nothing when it is not here. */
  async open(id: string): Promise<Readable | undefined> {
    const handle = await open(join(this.#folder, id)).catch(ignoreMissing);
    return handle?.createReadStream();
  }

  /** Under its own name only when complete, and gone again when the database does not take it. */
  async #keep(
    holder: Holder,
    fill: (write: (content: Buffer) => Promise<void>) => Promise<string>,
  ): Promise<StoredFile> {
    const id = newObjectId();
    const path = join(this.#folder, id);
    try {
      const written = await writePart(`${path}${PART}`, fill);
      await rename(`${path}${PART}`, path);
      const stored = { id, ...holder, ...written };
      await this.#insert(stored);
      return stored;
    } catch (error) {
      await rm(`${path}${PART}`, { force: true });
      await rm(path, { force: true });
      throw error;
    }
  }

  #insert({ id, ownerId, roomId, fileName, size }: StoredFile): Promise<void> {
    return this.#db.transaction().execute(async (tx) => {
      await tx
        .insertInto('files')
        .values({ id, owner_id: ownerId, room_id: roomId, file_name: fileName, size, created_at: new Date() })
        .execute();
      // Others may have come in between; the insert holds the counts, so that this is true until it commits.
      await this.#requireQuota(tx, { ownerId, roomId }, 0);
    });
  }

  async #requireQuota(db: Db | DbTx, { ownerId, roomId }: Holder, more: number): Promise<void> {
    const { ownerFileBytes, roomFileBytes } = this.#limits;
    const { rows } = await sql<{ owner: number | null; room: number | null }>`
      select (select bytes from file_usage where holder = ${`owner:${ownerId}`}) as owner,
        (select bytes from file_usage where holder = ${`room:${roomId}`}) as room`.execute(db);
    const used = rows[0];
    if ((used?.room ?? 0) + more > roomFileBytes) throw filesQuotaExceeded('room', roomFileBytes);
    if ((used?.owner ?? 0) + more > ownerFileBytes) throw filesQuotaExceeded('owner', ownerFileBytes);
  }

  /** The database may be on the same disk, and dies without any space. */
  async #requireDisk(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: PRIVATE });
    const { bavail, bsize } = await statfs(this.#folder);
    if (bavail * bsize < this.#limits.freeDiskBytes) throw diskFull();
  }
}

/** Where the files of a data folder are. */
export function filesFolder(dataDir: string): string {
  return join(dataDir, 'files');
}

async function writePart(
  path: string,
  fill: (write: (content: Buffer) => Promise<void>) => Promise<string>,
): Promise<{ fileName: string; size: number }> {
  const handle: FileHandle = await open(path, 'wx', 0o600);
  let size = 0;
  try {
    const fileName = await fill(async (content) => {
      await handle.writeFile(content);
      size += content.length;
    });
    return { fileName, size };
  } finally {
    await handle.close();
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
