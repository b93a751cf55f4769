// What programs import of the client; everything else is internal.
export { type Entrance, entranceIn, redeemInvite, type ServerLocation } from './entrance.ts';
export { ENTRY_DENIED, MeetingError } from './failure.ts';
export { measureLevel } from './level.ts';
export {
  type Device,
  LocalMedia,
  type LocalMediaState,
  type Problem,
  type Source,
  type SourceState,
} from './local-media.ts';
export { Meeting } from './meeting.ts';
export type { MeetingOptions } from './meeting-options.ts';
export {
  type ChatMessage,
  isRunning,
  type MeetingState,
  type Output,
  type OutputKind,
  type OutputStatus,
  type Participant,
  type Stream,
} from './meeting-state.ts';
export { Observable } from './observable.ts';
export type { Quality } from './quality.ts';
