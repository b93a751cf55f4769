// The states of an egress, which may follow which, and what each move tells. Pure; the store commits a move together
// with its event.
//
//   queued ──▶ starting ──▶ active ──▶ stopping ──▶ completed
//      │           │           │           │
//      ▼           └───────────┴───────────┴──────▶ failed
//   aborted
//
// A session that ends takes what is starting or active to `stopping`, and what still waits to `aborted`.
import type { Egress, EgressStatus } from '../protocol/egress.ts';
import type { EventData, EventType } from '../protocol/events.ts';
import { defaultPlan } from './plan.ts';

const FOLLOWS: Record<EgressStatus, readonly EgressStatus[]> = {
  queued: [],
  starting: ['queued'],
  active: ['starting'],
  stopping: ['starting', 'active'],
  completed: ['stopping'],
  failed: ['queued', 'starting', 'active', 'stopping'],
  aborted: ['queued'],
};

/** The states from which `to` can be reached; none is behind it. */
export function statesBefore(to: EgressStatus): readonly EgressStatus[] {
  return FOLLOWS[to];
}

export function isFinal(status: EgressStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'aborted';
}

const SUFFIX: Partial<Record<EgressStatus, 'starting' | 'started' | 'stopping' | 'stopped' | 'failed'>> = {
  starting: 'starting',
  active: 'started',
  stopping: 'stopping',
  completed: 'stopped',
  // Called off before it began: whoever waits for it hears of it all the same.
  failed: 'failed',
  aborted: 'failed',
};

export interface EgressEvent {
  type: EventType;
  data: EventData;
}

/** What arriving in its present state tells. */
export function eventOf(egress: Egress): EgressEvent | undefined {
  const suffix = SUFFIX[egress.status];
  if (!suffix) return undefined;
  return { type: `${egress.kind}-${suffix}`, data: { ...whose(egress), ...moreOf(egress) } };
}

/** A player can play it from now on. */
function playableEvent(egress: Egress): EgressEvent {
  return { type: 'hls-playable', data: { ...whose(egress), ...hlsUrls(egress) } };
}

/** What the store asks when it moves an egress. */
export const egressRules = { statesBefore, eventOf, playableEvent, defaultPlan };

function whose(egress: Egress): { meetingId: string; sessionId: string } {
  return { meetingId: egress.roomId, sessionId: egress.sessionId };
}

function moreOf(egress: Egress): Record<string, unknown> {
  if (egress.kind === 'recording' && egress.status === 'completed' && egress.file) {
    return { filePath: `/${egress.file.key}`, fileUrl: fileUrl(egress) };
  }
  if (egress.kind === 'hls' && egress.status === 'active') {
    const { playbackHlsUrl, downstreamUrl } = hlsUrls(egress);
    return { playbackHlsUrl, downstreamUrl };
  }
  return {};
}

/** Path of the addresses that files are fetched from. */
export const FILES_PATH = '/recordings-files';
export const HLS_PATH = '/meetings-hls';

export function fileUrl(egress: Pick<Egress, 'file' | 'baseUrl'>): string | null {
  const { file, baseUrl } = egress;
  return file && `${baseUrl}${FILES_PATH}/${file.token}.${file.format}`;
}

export function hlsUrls(egress: Pick<Egress, 'folder' | 'baseUrl'>) {
  const base = `${egress.baseUrl}${HLS_PATH}/${egress.folder}`;
  const playbackHlsUrl = `${base}/index.m3u8`;
  return { playbackHlsUrl, livestreamUrl: `${base}/live.m3u8`, downstreamUrl: playbackHlsUrl };
}
