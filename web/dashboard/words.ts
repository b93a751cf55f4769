// Codes of the protocol in words.
import { LEAVE_REASONS } from '../../src/protocol/signaling.ts';

const END_REASONS: Record<string, string> = {
  'everyone-left': 'Everyone left',
  closed: 'Closed by a moderator',
  'ended-by-api': 'Ended by the API',
  'auto-closed': 'Auto-closed',
  deactivated: 'Room deactivated',
  'node-lost': 'Server lost',
  'node-stopped': 'Server stopped',
};

export function endReason(reason: string | null): string {
  return reason === null ? 'Ended' : (END_REASONS[reason] ?? reason);
}

const LEAVES = new Map<number, string>(Object.values(LEAVE_REASONS).map(({ code, message }) => [code, message]));

export function leaveReason(code: number | null): string {
  return code === null ? 'Left.' : (LEAVES.get(code) ?? `Left with code ${code}.`);
}

export const MEDIA_WORDS = {
  mic: 'Microphone',
  webcam: 'Camera',
  screenShare: 'Screen',
  screenShareAudio: 'Screen sound',
} as const;
