// What programs import of the client; everything else is internal.
export { type Entrance, entranceIn, redeemInvite, type ServerLocation } from './entrance.ts';
export { MeetingError } from './failure.ts';
export { measureLevel } from './level.ts';
export {
  type Device,
  LocalMedia,
  type LocalMediaState,
  type Problem,
  type Source,
  type SourceState,
} from './local-media.ts';
export { ENTRY_DENIED, Meeting, type MeetingOptions } from './meeting.ts';
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
