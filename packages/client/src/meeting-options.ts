import type { types } from 'mediasoup-client';
import type { ServerLocation } from './entrance.ts';
import type { LocalMedia } from './local-media.ts';

export interface MeetingOptions {
  roomId: string;
  token: string;
  name: string;
  media: Pick<LocalMedia, 'state' | 'turn'>;
  /** Defaults to the token's, else to a new one. */
  participantId?: string;
  /** Defaults to where the page came from. */
  server?: ServerLocation;
  /** The WebRTC to use where there is no browser's. */
  handler?: types.HandlerFactory;
  /** False for a participant who only sends: the server then offers no streams. */
  receives?: boolean;
}
