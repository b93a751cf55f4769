// Finished files that still have to be brought somewhere, each a row until it is done.
import { type Selectable, sql } from 'kysely';
import type { EgressFile } from '../protocol/egress.ts';
import type { Db } from './database.ts';
import type { EgressFilesTable } from './schema.ts';

export interface Upload {
  id: string;
  fileId: string;
  egressId: string;
  ownerId: string;
  /** Host and port of the address; empty for the storage. */
  host: string;
  target: 'storage' | 'presigned';
  url: string | null;
  attempts: number;
  createdAt: Date;
  file: EgressFile;
}

interface DueQuery {
  at: Date;
  limit: number;
  perHost: number;
  running: readonly string[];
  fullOwners: readonly string[];
}

type DueRow = Omit<Upload, 'egressId' | 'file'> & { next_attempt_at: Date; file: Selectable<EgressFilesTable> };

export class UploadStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /**
   * Uploads of a node that are due, the longest waiting first, and of every owner and host its share. Looks at one owner
   * and host after the other through the index, so that a long backlog of one costs nothing to the others.
   */
  async dueUploads(nodeId: string, { at, limit, perHost, running, fullOwners }: DueQuery): Promise<Upload[]> {
    const pending = sql`node_id = ${nodeId} and status = 'pending'`;
    const { rows } = await sql<DueRow>`
      with recursive queues (owner_id, host) as (
        (select owner_id, host from egress_uploads where ${pending} order by owner_id, host limit 1)
        union all
        select after.owner_id, after.host from queues cross join lateral (
          select owner_id, host from egress_uploads
          where ${pending} and (owner_id, host) > (queues.owner_id, queues.host) order by owner_id, host limit 1
        ) after
      )
      select due.*, to_jsonb(f) as file from queues cross join lateral (
        select id, owner_id as "ownerId", host, target, url, attempts, created_at as "createdAt", file_id as "fileId",
          next_attempt_at
        from egress_uploads u
        where ${pending} and u.owner_id = queues.owner_id and u.host = queues.host and next_attempt_at <= ${at}
          and id <> all(${running}::text[])
        order by next_attempt_at limit ${perHost}
      ) due join egress_files f on f.id = due."fileId"
      where queues.owner_id <> all(${fullOwners}::text[])
      order by due.next_attempt_at limit ${limit}`.execute(this.#db);
    return rows.map(({ next_attempt_at: _, file, ...row }) => ({
      ...row,
      egressId: file.egress_id,
      file: toFile(file),
    }));
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
