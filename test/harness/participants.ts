// People in a session, as rows.
import { newObjectId } from '../../src/protocol/ids.ts';
import type { MediaSpanKind } from '../../src/protocol/session.ts';
import type { Db } from '../../src/store/database.ts';

interface Stay {
  joined: Date;
  left?: Date;
}

export async function insertRoomSession(
  db: Db,
  room: { roomId: string; ownerId: string; apiKey: string },
  times: { started?: Date; ended?: Date } = {},
): Promise<string> {
  const started = times.started ?? new Date();
  const id = newObjectId(started);
  await db
    .insertInto('sessions')
    .values({
      id,
      room_id: room.roomId,
      owner_id: room.ownerId,
      api_key: room.apiKey,
      node_id: 'test-node',
      started_at: started,
      ended_at: times.ended ?? null,
      end_reason: times.ended ? 'everyone-left' : null,
      closes_at: new Date(started.getTime() + 480 * 60_000),
    })
    .execute();
  return id;
}

export async function insertParticipant(
  db: Db,
  sessionId: string,
  participantId: string,
  facts: {
    stays?: Stay[];
    modes?: { mode: string; at: Date }[];
    spans?: { kind: MediaSpanKind; started: Date; ended?: Date }[];
    deviceInfo?: unknown;
  } = {},
): Promise<void> {
  const { stays = [{ joined: new Date() }], modes = [], spans = [], deviceInfo } = facts;
  const id = newObjectId();
  await db
    .insertInto('participants')
    .values({
      id,
      session_id: sessionId,
      participant_id: participantId,
      name: `Name of ${participantId}`,
      mode: 'SEND_AND_RECV',
      device_info: deviceInfo ? JSON.stringify(deviceInfo) : null,
      first_joined_at: stays[0]?.joined ?? new Date(),
    })
    .execute();
  for (const { joined, left } of stays) {
    await db
      .insertInto('participant_stays')
      .values({ participant: id, joined_at: joined, left_at: left ?? null })
      .execute();
  }
  for (const { mode, at } of modes) await db.insertInto('mode_changes').values({ participant: id, mode, at }).execute();
  for (const { kind, started, ended } of spans) {
    await db
      .insertInto('media_spans')
      .values({ participant: id, kind, started_at: started, ended_at: ended ?? null })
      .execute();
  }
}
