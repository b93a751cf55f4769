// Pieces of the SQL behind the dashboard's lists.
import { type RawBuilder, sql } from 'kysely';
import type { Paging } from '../protocol/rest/common.ts';

/** Rows of which a column contains the text. */
export function contains(text: string, ...columns: RawBuilder<unknown>[]): RawBuilder<unknown> {
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
  return sql`(${sql.join(
    columns.map((column) => sql`${column} ilike ${pattern}`),
    sql` or `,
  )})`;
}

/** Of the conditions that are asked for, every one. */
export function all(conditions: (RawBuilder<unknown> | false)[]): RawBuilder<unknown> {
  return sql.join(
    conditions.filter((condition) => condition !== false),
    sql` and `,
  );
}

/** `column` is one of our own names, never text of a caller. */
export function sorted(column: string, order: 'asc' | 'desc' = 'desc'): RawBuilder<unknown> {
  return sql.raw(`${column} ${order} nulls last`);
}

export function pageOf({ page, perPage }: Paging): RawBuilder<unknown> {
  return sql`limit ${perPage} offset ${(page - 1) * perPage}`;
}
