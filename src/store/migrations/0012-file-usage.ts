import { type Kysely, sql } from 'kysely';

// What the files of a room and of an owner take together, kept with every insert and delete: to add up all of them for
// each upload would cost more the more there are. A tiny file still takes a block of the disk.
const STATEMENTS = `
create table file_usage (
  holder text primary key,
  bytes bigint not null
);

create function roomful_file_size(size integer) returns bigint language sql immutable as $$
  select greatest(size, 4096)::bigint
$$;

insert into file_usage (holder, bytes)
  select 'owner:' || owner_id, sum(roomful_file_size(size)) from files group by owner_id
  union all select 'room:' || room_id, sum(roomful_file_size(size)) from files group by room_id;

-- Owner before room, always: two at once wait for each other and never in a circle.
create function roomful_file_added() returns trigger language plpgsql as $$
begin
  insert into file_usage as u (holder, bytes) values ('owner:' || new.owner_id, roomful_file_size(new.size))
    on conflict (holder) do update set bytes = u.bytes + excluded.bytes;
  insert into file_usage as u (holder, bytes) values ('room:' || new.room_id, roomful_file_size(new.size))
    on conflict (holder) do update set bytes = u.bytes + excluded.bytes;
  return null;
end $$;
create trigger file_added after insert on files for each row execute function roomful_file_added();

-- Once for each statement, in an order, for the same reason.
create function roomful_files_removed() returns trigger language plpgsql as $$
declare
  freed record;
begin
  for freed in
    select holder, sum(bytes) as bytes from (
      select 'owner:' || owner_id as holder, roomful_file_size(size) as bytes from removed
      union all select 'room:' || room_id, roomful_file_size(size) from removed
    ) each group by holder order by holder collate "C"
  loop
    update file_usage set bytes = file_usage.bytes - freed.bytes where holder = freed.holder;
  end loop;
  delete from file_usage where bytes <= 0 and holder in (select 'room:' || room_id from removed);
  return null;
end $$;
create trigger files_removed after delete on files referencing old table as removed
  for each statement execute function roomful_files_removed();
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
