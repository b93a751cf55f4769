// What the pages of viewers ask the server.
import { useCallback, useEffect, useRef, useState } from 'react';
import type { WatchedHls, WatchedRecording } from '../../src/protocol/rest/watching.ts';

/** What was asked for, or why it is not known. */
export type Found<T> = { data: T } | { problem: 'unknown' | 'unreachable' } | undefined;

async function ask<T>(path: string, token?: string): Promise<Found<T>> {
  try {
    const answer = await fetch(`/watch-api${path}`, token === undefined ? {} : { headers: { authorization: token } });
    if (answer.ok) return { data: (await answer.json()) as T };
    return { problem: answer.status < 500 ? 'unknown' : 'unreachable' };
  } catch {
    return { problem: 'unreachable' };
  }
}

const STARTING_MS = 2_000;
const QUEUED_MS = 4_000;
const UNREACHABLE_MS = 5_000;
/** Where a node is stopped, its stream ends a moment before another node goes on with it. */
const LOOKS_AFTER_END = 5;

/** How long until a stream is asked for again; nothing once a player knows more than the server could say. */
export function waitBefore(found: Found<WatchedHls>, looksAfterEnd = 0): number | undefined {
  if (!found) return undefined;
  if ('problem' in found) return found.problem === 'unreachable' ? UNREACHABLE_MS : undefined;
  const { status, playable, end, continuedBy } = found.data;
  if (end !== null) return looksAfterEnd > 0 && !continuedBy ? STARTING_MS : undefined;
  if (playable && status !== 'stopping') return undefined;
  return status === 'queued' ? QUEUED_MS : STARTING_MS;
}

/** A stream by its id, and a way to ask again; until it begins that happens by itself, while the page is seen. */
export function useWatchedHls(hlsId: string): [Found<WatchedHls>, () => void] {
  const [found, setFound] = useState<Found<WatchedHls>>();
  const looksAfterEnd = useRef(0);
  const look = useCallback(async () => {
    const answer = await ask<WatchedHls>(`/hls/${encodeURIComponent(hlsId)}`);
    // What is known of a stream stays true while the server cannot be reached.
    setFound((known) => (answer && 'problem' in answer && known && 'data' in known ? { ...known } : answer));
  }, [hlsId]);
  useEffect(() => void look(), [look]);
  useEffect(() => {
    const wait = waitBefore(found, looksAfterEnd.current);
    if (wait === undefined) return;
    const again = () => {
      if (document.visibilityState !== 'visible') return;
      looksAfterEnd.current -= 1;
      void look();
    };
    const timer = setTimeout(again, wait);
    document.addEventListener('visibilitychange', again);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', again);
    };
  }, [found, look]);
  const lookAgain = () => {
    looksAfterEnd.current = LOOKS_AFTER_END;
    void look();
  };
  return [found, lookAgain];
}

export function useWatchedRecording(recordingId: string, token: string): Found<WatchedRecording> {
  const [found, setFound] = useState<Found<WatchedRecording>>();
  useEffect(() => {
    let current = true;
    setFound(undefined);
    void ask<WatchedRecording>(`/recordings/${encodeURIComponent(recordingId)}`, token).then(
      (answer) => current && setFound(answer),
    );
    return () => {
      current = false;
    };
  }, [recordingId, token]);
  return found;
}
