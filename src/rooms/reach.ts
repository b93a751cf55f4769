// How far a token reaches: it may be limited to one room and to one participant.
import { participantNotAllowed, wrongRoomForToken } from '../errors.ts';

/** Whose call it is, and the room and participant that the token is limited to. */
export interface RoomsCaller {
  apiKey: string;
  ownerId: string;
  /** Either id of the room. */
  roomId?: string;
  participantId?: string;
}

interface RoomNames {
  roomId: string;
  customRoomId: string | null;
}

/** Returns the room, or whatever carries its names, unless the token is for another one. */
export function withinReach<T extends RoomNames>(caller: RoomsCaller, room: T): T {
  if (caller.roomId === undefined || caller.roomId === room.roomId || caller.roomId === room.customRoomId) return room;
  throw wrongRoomForToken(room.roomId);
}

/** Throws when the token is for another participant. */
export function requireParticipant(caller: RoomsCaller, participantId: string): void {
  if (caller.participantId === undefined || caller.participantId === participantId) return;
  throw participantNotAllowed(`The token is for another participant, not for ${participantId}.`);
}
