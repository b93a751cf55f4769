// How far a token reaches: it may be limited to one room and to one participant.
import { participantNotAllowed, participantNotInRoom, wrongRoomForToken } from '../errors.ts';

/** Whose call it is, and the room and participant that the token is limited to. */
export interface RoomsCaller {
  apiKey: string;
  ownerId: string;
  /** Either id of the room. */
  roomId?: string;
  participantId?: string;
  /** Ids of the rooms, where the token is for a participant and those are the rooms that they are in. */
  presentIn?: readonly string[];
}

interface RoomNames {
  roomId: string;
  customRoomId: string | null;
}

/** Returns the room, or whatever carries its names, unless the token is for another one. */
export function withinReach<T extends RoomNames>(caller: RoomsCaller, room: T): T {
  const { roomId, presentIn } = caller;
  if (roomId !== undefined && roomId !== room.roomId && roomId !== room.customRoomId) {
    throw wrongRoomForToken(room.roomId);
  }
  if (presentIn && !presentIn.includes(room.roomId)) throw participantNotInRoom(room.roomId);
  return room;
}

/** Throws when the token is for another participant. */
export function requireParticipant(caller: RoomsCaller, participantId: string): void {
  if (caller.participantId === undefined || caller.participantId === participantId) return;
  throw participantNotAllowed(
    `The token's participantId claim names another participant; this takes "${participantId}" there, or no such claim.`,
  );
}
