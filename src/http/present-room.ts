// Rooms as answers show them.
import { DEFAULT_DURATION_MINUTES } from '../protocol/rest/rooms.ts';
import type { ListedRoom, Room } from '../protocol/room.ts';
import type { Links } from './links.ts';

const DEFAULT_AUTO_CLOSE = { type: 'session-ends', duration: DEFAULT_DURATION_MINUTES } as const;

/**
 * A room as create and validate answer. As with the live service, every one has a webhook and a time to close at, those
 * without being what they amount to; other configuration is there when it was given.
 */
export function presentRoom(room: Room, links: Links) {
  const { webhook, autoCloseConfig, autoStartConfig, multiComposition, geoFence, allowedParticipantIds } = room;
  return {
    roomId: room.roomId,
    customRoomId: room.customRoomId,
    userId: room.ownerId,
    apiKey: room.apiKey,
    disabled: room.disabledAt !== null,
    createdAt: room.createdAt.toISOString(),
    updatedAt: room.updatedAt.toISOString(),
    id: room.id,
    links: links.room(room.roomId),
    webhook: webhook ?? { events: [] },
    autoCloseConfig: { ...DEFAULT_AUTO_CLOSE, ...autoCloseConfig },
    ...(autoStartConfig && { autoStartConfig }),
    ...(multiComposition && { multiComposition }),
    ...(geoFence !== null && { geoFence }),
    ...(allowedParticipantIds && { allowedParticipantIds }),
  };
}

/** A room as the list answers: how many may join, where naming them would be too long. */
export function presentListedRoom(room: ListedRoom, links: Links) {
  const { allowedParticipantIdsCount } = room;
  return {
    ...presentOwnedRoom(room, links),
    ...(allowedParticipantIdsCount !== null && { allowedParticipantIdsCount }),
  };
}

/** A room as get answers. */
export function presentOwnedRoom(room: Room, links: Links) {
  return { ...presentRoom(room, links), user: presentOwner(room.ownerId) };
}

/** A room as deactivate answers: under the older names of its ids too. */
export function presentDeactivatedRoom(room: Room, links: Links) {
  return { ...presentOwnedRoom(room, links), meetingId: room.roomId, userMeetingId: room.customRoomId };
}

/** Owners are known by nothing but their id here. */
function presentOwner(id: string) {
  return { email: null, name: null, discontinuedReason: null, id };
}
