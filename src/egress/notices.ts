// What the meeting itself is told of its egresses, over the sockets.
import type { Egress, EgressKind, EgressStatus } from '../protocol/egress.ts';
import type { Notification } from '../protocol/signaling.ts';
import { hlsUrls } from './egress-state.ts';

const STATE_METHODS = {
  recording: 'recordingStateChanged',
  livestream: 'livestreamStateChanged',
  hls: 'hlsStateChanged',
} as const;

const WORDS: Partial<Record<EgressStatus, 'STARTING' | 'STARTED' | 'STOPPING' | 'STOPPED'>> = {
  starting: 'STARTING',
  active: 'STARTED',
  stopping: 'STOPPING',
  completed: 'STOPPED',
  // The SDK knows no failed state: apps get the error, and their buttons back.
  failed: 'STOPPED',
  aborted: 'STOPPED',
};

const FAILED_WHILE_RUNNING: Record<EgressKind, number> = { recording: 5001, livestream: 5002, hls: 5003 };

/** What having arrived in its state tells. */
export function noticesOf(egress: Egress): Notification[] {
  const word = WORDS[egress.status];
  if (!word) return [];
  const { kind, id, sessionId } = egress;
  const state: Notification = {
    method: STATE_METHODS[kind],
    status: `${kind.toUpperCase()}_${word}`,
    id,
    sessionId,
    ...(kind === 'hls' && word === 'STARTED' && hlsUrls(egress)),
  };
  if (egress.status !== 'failed') return [state];
  const message = egress.reason ?? `The ${kind} failed.`;
  return [state, { method: 'error', code: FAILED_WHILE_RUNNING[kind], message }];
}

export function playableNotice(egress: Egress): Notification {
  return { method: 'hlsPlayableStateChanged', isPlayable: true, ...hlsUrls(egress) };
}

/** What somebody who joins later is told of an egress that runs. */
export function noticesForLateComer(egress: Egress): Notification[] {
  const notices = noticesOf(egress);
  return egress.kind === 'hls' && egress.playableAt ? [...notices, playableNotice(egress)] : notices;
}
