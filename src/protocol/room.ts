// A room as the parts of the server hand it to each other; the wire's shapes are built from it.
import type { AutoCloseConfig, AutoStartConfig, MultiComposition } from './rest/rooms.ts';

export interface Room {
  /** Object id, 24 hex digits. */
  id: string;
  /** The owner of the API keys that see it, `userId` on the wire. */
  ownerId: string;
  /** The key it was made with. */
  apiKey: string;
  /** `xxxx-xxxx-xxxx`, the meeting id of the SDKs. */
  roomId: string;
  /** The caller's own id, unique for its owner. */
  customRoomId: string | null;
  webhook: { endPoint: string; events?: string[] } | null;
  autoCloseConfig: AutoCloseConfig | null;
  autoStartConfig: AutoStartConfig | null;
  multiComposition: MultiComposition | null;
  geoFence: string | null;
  /** Only these may join; null lets everybody. */
  allowedParticipantIds: string[] | null;
  /** When it was deactivated, for ever. */
  disabledAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

/** A room as lists have it. */
export interface ListedRoom extends Room {
  /** How many may join, where they are too many for a list and left out of it; else null. */
  allowedParticipantIdsCount: number | null;
}
