// Codes of the protocol in words.
import type { CompositionConfig } from '../../src/protocol/composition.ts';
import type { EgressKind, EgressStatus } from '../../src/protocol/egress.ts';
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

/** `tab` is for where there is little room. */
export const EGRESS_WORDS: Record<EgressKind, { one: string; many: string; tab: string }> = {
  recording: { one: 'Recording', many: 'Recordings', tab: 'Recordings' },
  hls: { one: 'HLS stream', many: 'HLS streams', tab: 'HLS' },
  livestream: { one: 'Livestream', many: 'Livestreams', tab: 'Livestreams' },
};

const EGRESS_STATES: Record<EgressStatus, string> = {
  queued: 'Waiting',
  starting: 'Starting',
  active: 'Live',
  stopping: 'Finishing',
  completed: 'Finished',
  failed: 'Failed',
  aborted: 'Called off',
};

export function egressState(kind: EgressKind, status: EgressStatus): string {
  return kind === 'recording' && status === 'active' ? 'Recording' : EGRESS_STATES[status];
}

const LAYOUTS = { GRID: 'Grid', SPOTLIGHT: 'Spotlight', SIDEBAR: 'Sidebar' };
const QUALITIES = { low: '480p', med: '720p', high: '1080p' };

/** How something looks, in a line: `Grid of 9, who speaks first, 720p`. */
export function looksInWords({ layout, mode, quality, orientation, theme, templateUrl }: CompositionConfig): string {
  if (mode === 'audio') return 'Sound alone';
  const canvas = [QUALITIES[quality], orientation === 'portrait' && 'portrait'].filter(Boolean);
  if (templateUrl) return ['A filmed page', ...canvas].join(', ');
  const tiles = layout.type === 'GRID' && layout.gridSize < 25 ? ` of ${layout.gridSize}` : '';
  return [
    `${LAYOUTS[layout.type]}${tiles}`,
    layout.priority === 'PIN' ? 'who is pinned first' : 'who speaks first',
    ...canvas,
    theme !== 'DEFAULT' && theme.toLowerCase(),
  ]
    .filter(Boolean)
    .join(', ');
}
