// Rooms in the table `rooms`.
import { type ExpressionBuilder, type Selectable, sql } from 'kysely';
import type { Paging } from '../protocol/rest/common.ts';
import type { ListedRoom, Room } from '../protocol/room.ts';
import type { Db } from './database.ts';
import { roomNamed } from './room-named.ts';
import type { RoomsTable, Tables } from './schema.ts';

export class RoomStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  /**
   * Stores a room, or returns the owner's room that already has its customRoomId. Returns undefined when one of its other
   * ids is taken.
   */
  async insert(room: Room): Promise<Room | undefined> {
    // Plain SQL: building this query took longer than all else the server does for it.
    const inserted = await sql`
      insert into rooms (id, owner_id, api_key, room_id, custom_room_id, webhook, auto_close_config, auto_start_config,
        multi_composition, geo_fence, allowed_participant_ids, disabled_at, created_at, updated_at)
      values (${room.id}, ${room.ownerId}, ${room.apiKey}, ${room.roomId}, ${room.customRoomId}, ${json(room.webhook)},
        ${json(room.autoCloseConfig)}, ${json(room.autoStartConfig)}, ${json(room.multiComposition)}, ${room.geoFence},
        ${json(room.allowedParticipantIds)}, ${room.disabledAt}, ${room.createdAt}, ${room.updatedAt})
      on conflict do nothing`.execute(this.#db);
    if (inserted.numAffectedRows === 1n) return room;
    const existing = await this.#db
      .selectFrom('rooms')
      .selectAll()
      .where('owner_id', '=', room.ownerId)
      .where('custom_room_id', '=', room.customRoomId)
      .executeTakeFirst();
    return existing && toRoom(existing);
  }

  /** Finds an owner's room by roomId, customRoomId or object id, in that order. */
  async find(ownerId: string, id: string): Promise<Room | undefined> {
    // PostgreSQL knows no such text, so no room has it; sockets bring ids that no HTTP schema has seen.
    if (id.includes('\0')) return undefined;
    const row = await this.#db
      .selectFrom('rooms')
      .selectAll()
      .where('owner_id', '=', ownerId)
      .where((eb) => eb.or([named(eb, id), eb('id', '=', id)]))
      .orderBy(sql`case ${id} when room_id then 0 when custom_room_id then 1 else 2 end`)
      .limit(1)
      .executeTakeFirst();
    return row && toRoom(row);
  }

  /** A page of an owner's rooms, newest first; `query` is exactly a roomId or customRoomId, `only` one room. Long lists are left out. */
  async list(
    ownerId: string,
    filter: { query?: string | undefined; only?: string | undefined },
    { page, perPage }: Paging,
  ): Promise<{ rooms: ListedRoom[]; total: number }> {
    let matching = this.#db.selectFrom('rooms').where('owner_id', '=', ownerId);
    for (const id of [filter.query, filter.only]) {
      if (id !== undefined) matching = matching.where('room_id', '=', roomNamed(ownerId, id));
    }
    const [rows, count] = await Promise.all([
      matching
        .selectAll()
        .select([shortIds.as('allowed_participant_ids'), longIdsCount.as('ids_count')])
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(perPage)
        .offset((page - 1) * perPage)
        .execute(),
      matching.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow(),
    ]);
    const rooms = rows.map((row) => ({ ...toRoom(row), allowedParticipantIdsCount: row.ids_count }));
    return { rooms, total: count.total };
  }

  /** Deactivates an owner's room, keeping the time of the first call; a customRoomId finds nothing here. */
  async disable(ownerId: string, roomId: string, at: Date): Promise<Room | undefined> {
    const row = await this.#db
      .updateTable('rooms')
      .set({
        disabled_at: sql`coalesce(disabled_at, ${at})`,
        updated_at: sql`case when disabled_at is null then ${at} else updated_at end`,
      })
      .where('owner_id', '=', ownerId)
      .where('room_id', '=', roomId)
      .returningAll()
      .executeTakeFirst();
    return row && toRoom(row);
  }
}

/** Ten thousand of each of two hundred rooms would be an answer of many megabytes. */
const MAX_LISTED_IDS = 100;
const idsCount = sql<number>`jsonb_array_length(allowed_participant_ids)`;
const shortIds = sql<
  string[] | null
>`case when ${idsCount} <= ${sql.lit(MAX_LISTED_IDS)} then allowed_participant_ids end`;
const longIdsCount = sql<number | null>`case when ${idsCount} > ${sql.lit(MAX_LISTED_IDS)} then ${idsCount} end`;

function named(eb: ExpressionBuilder<Tables, 'rooms'>, id: string) {
  return eb.or([eb('room_id', '=', id), eb('custom_room_id', '=', id)]);
}

const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

function toRoom(row: Selectable<RoomsTable>): Room {
  return {
    id: row.id,
    ownerId: row.owner_id,
    apiKey: row.api_key,
    roomId: row.room_id,
    customRoomId: row.custom_room_id,
    webhook: row.webhook as Room['webhook'],
    autoCloseConfig: row.auto_close_config as Room['autoCloseConfig'],
    autoStartConfig: row.auto_start_config as Room['autoStartConfig'],
    multiComposition: row.multi_composition as Room['multiComposition'],
    geoFence: row.geo_fence,
    allowedParticipantIds: row.allowed_participant_ids,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
