// Files that participants upload: facts in the table `files`, content in a folder, named by id.
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { newObjectId } from '../protocol/ids.ts';
import type { Db } from './database.ts';

export interface StoredFile {
  id: string;
  ownerId: string;
  roomId: string;
  fileName: string;
  size: number;
}

export class FileStore {
  readonly #db: Db;
  readonly #folder: string;

  constructor(db: Db, dataDir: string) {
    this.#db = db;
    this.#folder = join(dataDir, 'files');
  }

  async save(file: { ownerId: string; roomId: string; fileName: string; content: Buffer }): Promise<StoredFile> {
    const { content, ...facts } = file;
    const now = new Date();
    const stored = { id: newObjectId(now), ...facts, size: content.length };
    await this.#write(stored.id, content);
    await this.#db
      .insertInto('files')
      .values({
        id: stored.id,
        owner_id: stored.ownerId,
        room_id: stored.roomId,
        file_name: stored.fileName,
        size: stored.size,
        created_at: now,
      })
      .execute();
    return stored;
  }

  /** The file and a stream of its content, or nothing when either is gone. */
  async open(id: string): Promise<{ file: StoredFile; content: Readable } | undefined> {
    const row = await this.#db.selectFrom('files').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) return undefined;
    const handle = await open(join(this.#folder, row.id)).catch(ignoreMissing);
    if (!handle) return undefined;
    const file = { id: row.id, ownerId: row.owner_id, roomId: row.room_id, fileName: row.file_name, size: row.size };
    return { file, content: handle.createReadStream() };
  }

  /** Under its own name only when complete, so that a full disk leaves no half files. */
  async #write(id: string, content: Buffer): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = join(this.#folder, id);
    try {
      await writeFile(`${path}.part`, content, { mode: 0o600 });
      await rename(`${path}.part`, path);
    } catch (error) {
      await rm(`${path}.part`, { force: true });
      throw error;
    }
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
