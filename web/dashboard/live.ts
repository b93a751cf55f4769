// Keeps open pages up to date: the server names what has changed, and what shows it is asked for again.
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { CHANGE_TOPICS, type ChangeTopic } from '../../src/protocol/rest/dashboard.ts';

/** First parts of the keys of queries that show a topic. */
const SHOWN_BY: Record<ChangeTopic, string[]> = {
  sessions: ['sessions', 'session', 'rooms', 'room', 'overview', 'system'],
  rooms: ['rooms', 'room', 'overview'],
  egresses: ['egresses', 'egress', 'session', 'overview', 'system'],
  deliveries: ['deliveries', 'delivery', 'endpoints', 'session', 'overview'],
  keys: ['keys'],
  quality: ['quality'],
  nodes: ['system'],
};
/** A busy server changes all the time; nobody reads faster than this. */
const REFRESH_EVERY_MS = 1_500;

export type LiveState = 'connecting' | 'live' | 'lost';

/** Listens while the page is visible. A hidden one holds no connection, of which browsers allow few to one host. */
export function useLive(signedIn: boolean): LiveState {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>('connecting');
  useEffect(() => {
    if (!signedIn) return;
    const changed = new Set<string>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let source: EventSource | undefined;
    let before = false;

    const refresh = () => {
      timer = undefined;
      if (changed.size === 0) return;
      const keys = new Set(changed);
      changed.clear();
      timer = setTimeout(refresh, REFRESH_EVERY_MS);
      void client.invalidateQueries({ predicate: ({ queryKey }) => keys.has(String(queryKey[0])) });
    };
    const mark = (topics: readonly ChangeTopic[]) => {
      for (const topic of topics) for (const key of SHOWN_BY[topic]) changed.add(key);
      if (!timer) refresh();
    };
    const connect = () => {
      source = new EventSource('/dashboard-api/live');
      source.addEventListener('connected', () => {
        setState('live');
        // What happened in between nobody has told.
        if (before) mark(CHANGE_TOPICS);
        before = true;
      });
      source.addEventListener('changed', (event) => mark(JSON.parse(event.data) as ChangeTopic[]));
      source.addEventListener('signed-out', () => client.setQueryData(['me'], null));
      source.addEventListener('error', () => setState('lost'));
    };
    const follow = () => {
      if (document.visibilityState === 'visible') {
        if (!source || source.readyState === EventSource.CLOSED) connect();
      } else {
        source?.close();
      }
    };
    follow();
    document.addEventListener('visibilitychange', follow);
    return () => {
      document.removeEventListener('visibilitychange', follow);
      clearTimeout(timer);
      source?.close();
    };
  }, [signedIn, client]);
  return state;
}
