// What the pages of viewers say. Pure.
import type { GapBody, WatchedFile } from '../../src/protocol/rest/watching.ts';

export function dayAndTime(date: Date): string {
  return date.toLocaleString(undefined, { dateStyle: 'long', timeStyle: 'short' });
}

export function time(date: Date): string {
  return date.toLocaleTimeString(undefined, { timeStyle: 'short' });
}

export function gapInWords({ at, duration }: GapBody): string {
  const seconds = duration < 10 ? duration.toFixed(1) : Math.round(duration);
  return `${seconds} s at ${new Date(at).toLocaleTimeString(undefined, { timeStyle: 'medium' })}`;
}

const MAX_NAME = 80;

/** The address that a browser saves a file from, under a name that tells which one it is. */
export function downloadUrl(
  { url, format }: Pick<WatchedFile, 'url' | 'format'>,
  room: string,
  start: string | null,
): string {
  const name = room
    .normalize('NFKD')
    .replace(/[^\w.-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, MAX_NAME);
  const day = start?.slice(0, 16).replace('T', ' ').replace(':', '.') ?? '';
  return `${url}?download=${encodeURIComponent(`${[name || 'recording', day].filter(Boolean).join(' ')}.${format}`)}`;
}
