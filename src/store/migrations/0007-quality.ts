import { type Kysely, sql } from 'kysely';

/** The same for sound and picture. */
const OF_A_KIND = (kind: string) => `
  ${kind}_send_bitrate integer not null,
  ${kind}_recv_bitrate integer not null,
  ${kind}_send_packets integer not null,
  ${kind}_recv_packets integer not null,
  ${kind}_send_lost integer not null,
  ${kind}_recv_lost integer not null,
  ${kind}_rtt_ms real,
  ${kind}_jitter_ms real,
  ${kind}_score real,`;

const STATEMENTS = `
create table quality_samples (
  participant text not null references participants (id) on delete cascade,
  at timestamptz(3) not null,${OF_A_KIND('audio')}${OF_A_KIND('video')}
  sent_heights smallint[] not null,
  primary key (participant, at)
);
`;

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(STATEMENTS).execute(db);
}
