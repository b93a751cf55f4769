import { sql } from 'kysely';

/**
 * The roomId of the one room of an owner that an id names: its roomId, or else its customRoomId. Older versions took
 * customRoomIds that are the roomId of another room; those name the other one, here as wherever rooms are found.
 */
export const roomNamed = (ownerId: string, id: string) => sql<string>`(
  select named.room_id from rooms named
  where named.owner_id = ${ownerId} and (named.room_id = ${id} or named.custom_room_id = ${id})
  order by named.room_id = ${id} desc limit 1)`;
