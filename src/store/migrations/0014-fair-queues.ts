import { type Kysely, sql } from 'kysely';

// Queues are served by owner and host, so that what one owner has waiting costs the others nothing.
const STATEMENTS = `
alter table egress_uploads
  add column owner_id text not null default '',
  add column host text not null generated always as
    (lower(coalesce(substring(url from '^[A-Za-z]+://([^/?#]*)'), ''))) stored;
update egress_uploads set owner_id = egresses.owner_id
  from egress_files join egresses on egresses.id = egress_files.egress_id
  where egress_files.id = egress_uploads.file_id;
alter table egress_uploads alter column owner_id drop default;
drop index egress_uploads_due;
create index egress_uploads_due on egress_uploads (node_id, owner_id, host, next_attempt_at) where status = 'pending';

drop index webhook_deliveries_due;
create index webhook_deliveries_due on webhook_deliveries (owner_id, host, next_attempt_at)
  where status = 'pending' and not waiting and claimed_by is null;
create index webhook_deliveries_pending on webhook_deliveries (owner_id, created_at, id) where status = 'pending';

create index egresses_queued on egresses (owner_id) where status = 'queued';
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
