// Why participants leave, without the schemas of the protocol: pages load this file.
export type ReasonKey = keyof typeof LEAVE_REASONS;

/** Why a participant left: `close.reason` and `peerClosed.reason`; apps compare codes. */
export const LEAVE_REASONS = {
  WEBSOCKET_DISCONNECTED: { code: 1001, message: 'The connection was lost.' },
  REMOVE_PEER: { code: 1002, message: 'The participant was removed from the meeting.' },
  SWITCH_ROOM: { code: 1005, message: 'The participant went to another meeting.' },
  ROOM_CLOSE: { code: 1006, message: 'The meeting was ended.' },
  UNKNOWN: { code: 1007, message: 'The participant left for an unknown reason.' },
  REMOVE_ALL: { code: 1008, message: 'All participants were removed from the meeting.' },
  MEETING_END_API: { code: 1009, message: 'The meeting was ended through the API.' },
  REMOVE_PEER_API: { code: 1010, message: 'The participant was removed through the API.' },
  DUPLICATE_PARTICIPANT: { code: 1011, message: 'The same participant joined from elsewhere.' },
  MANUAL_LEAVE_CALLED: { code: 1101, message: 'The participant left.' },
  WEBSOCKET_CONNECTION_ATTEMPTS_EXHAUSTED: { code: 1102, message: 'The connection could not be restored.' },
  JOIN_ROOM_FAILED: { code: 1103, message: 'Joining the meeting failed.' },
  SWITCH_ROOM_FAILED: { code: 1104, message: 'Going to the other meeting failed.' },
} as const;

export interface LeaveReason {
  code: number;
  message: string;
}

/** Looks up a reason by the key a client sends; an unknown key reads as `UNKNOWN`. */
export function leaveReason(key: string): LeaveReason {
  return Object.hasOwn(LEAVE_REASONS, key) ? LEAVE_REASONS[key as ReasonKey] : LEAVE_REASONS.UNKNOWN;
}
