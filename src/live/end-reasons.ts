// What clients are given as the reason when their session ends.
import { LEAVE_REASONS, type LeaveReason } from '../protocol/signaling.ts';
import type { EndReason } from './ports.ts';

export const LEAVE_REASON_OF: Record<EndReason, LeaveReason> = {
  'everyone-left': LEAVE_REASONS.ROOM_CLOSE,
  closed: LEAVE_REASONS.ROOM_CLOSE,
  'auto-closed': LEAVE_REASONS.ROOM_CLOSE,
  'ended-by-api': LEAVE_REASONS.MEETING_END_API,
  deactivated: LEAVE_REASONS.MEETING_END_API,
  'node-lost': LEAVE_REASONS.WEBSOCKET_DISCONNECTED,
  'node-stopped': LEAVE_REASONS.WEBSOCKET_DISCONNECTED,
};
