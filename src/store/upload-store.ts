// Finished files that still have to be brought somewhere, each a row until it is done.
import { type Selectable, sql } from 'kysely';
import type { EgressFile } from '../protocol/egress.ts';
import type { Db } from './database.ts';
import type { EgressFilesTable } from './schema.ts';

export interface Upload {
  id: string;
  fileId: string;
  egressId: string;
  target: 'storage' | 'presigned';
  url: string | null;
  attempts: number;
  createdAt: Date;
  file: EgressFile;
}

export class UploadStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /** Uploads of a node that are due. */
  async dueUploads(nodeId: string, at: Date, limit: number): Promise<Upload[]> {
    const rows = await this.#db
      .selectFrom('egress_uploads as upload')
      .where('upload.node_id', '=', nodeId)
      .where('upload.status', '=', 'pending')
      .where('upload.next_attempt_at', '<=', at)
      .orderBy('upload.next_attempt_at')
      .limit(limit)
      .selectAll()
      .execute();
    if (rows.length === 0) return [];
    const files = await this.#db
      .selectFrom('egress_files')
      .where('id', 'in', [...new Set(rows.map((row) => row.file_id))])
      .selectAll()
      .execute();
    return rows.flatMap((row) => {
      const file = files.find(({ id }) => id === row.file_id);
      if (!file) return [];
      const { id, target, url, attempts, created_at: createdAt } = row;
      return [{ id, fileId: file.id, egressId: file.egress_id, target, url, attempts, createdAt, file: toFile(file) }];
    });
  }

  async uploadFailed(
    upload: { id: string },
    facts: { error: string; next: Date | undefined; at: Date },
  ): Promise<void> {
    await this.#db
      .updateTable('egress_uploads')
      .set({
        status: facts.next ? 'pending' : 'failed',
        attempts: sql`attempts + 1`,
        last_error: facts.error,
        updated_at: facts.at,
        ...(facts.next && { next_attempt_at: facts.next }),
      })
      .where('id', '=', upload.id)
      .execute();
  }

  uploadDone(upload: Upload, storedIn: 'file' | 's3' | undefined, at: Date): Promise<void> {
    return this.#db.transaction().execute(async (tx) => {
      await tx
        .updateTable('egress_uploads')
        .set({ status: 'done', attempts: sql`attempts + 1`, last_error: null, updated_at: at })
        .where('id', '=', upload.id)
        .execute();
      if (!storedIn) return;
      await tx
        .updateTable('egress_files')
        .set({ stored_in: storedIn, updated_at: at })
        .where('id', '=', upload.fileId)
        .execute();
    });
  }

  /** True when the storage has the file and nothing else still has to read the copy on this disk. */
  async isSpare(fileId: string): Promise<boolean> {
    const row = await this.#db
      .selectFrom('egress_files')
      .where('id', '=', fileId)
      .where('stored_in', 'is not', null)
      .where('local_path', 'is not', null)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('egress_uploads')
              .whereRef('egress_uploads.file_id', '=', 'egress_files.id')
              .where('status', '=', 'pending')
              .select('egress_uploads.id'),
          ),
        ),
      )
      .select('id')
      .executeTakeFirst();
    return row !== undefined;
  }

  async forgetLocal(fileId: string, at: Date): Promise<void> {
    await this.#db
      .updateTable('egress_files')
      .set({ local_path: null, updated_at: at })
      .where('id', '=', fileId)
      .execute();
  }

  async pendingUploads(nodeId: string): Promise<number> {
    const { count } = await this.#db
      .selectFrom('egress_uploads')
      .where('node_id', '=', nodeId)
      .where('status', '=', 'pending')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return count;
  }
}

/** Rows that come as JSON have their times as text. */
export function toFile(row: Selectable<EgressFilesTable>): EgressFile {
  return {
    id: row.id,
    type: row.type,
    size: row.size,
    duration: row.duration,
    width: row.width,
    height: row.height,
    format: row.format,
    key: row.key,
    token: row.token,
    localPath: row.local_path,
    storedIn: row.stored_in,
    createdAt: new Date(row.created_at),
    updatedAt: new Date(row.updated_at),
  };
}
