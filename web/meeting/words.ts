// What people read when something is not as it should be. Pure.
import type { Problem, Source } from '../client/local-media.ts';
import { ENTRY_DENIED } from '../client/meeting.ts';
import type { Output, OutputKind } from '../client/meeting-state.ts';
import type { Quality } from '../client/quality.ts';

const DEVICE: Record<Source, string> = { mic: 'microphone', camera: 'camera' };

/** Why a device does not work, and what to do about it. */
export function problemInWords(source: Source, problem: Problem): { title: string; help: string } {
  const device = DEVICE[source];
  switch (problem) {
    case 'blocked':
      return {
        title: `Your ${device} is blocked`,
        help: `Allow it in the browser’s address bar and turn it on again. You can join without it.`,
      };
    case 'missing':
      return { title: `No ${device} was found`, help: `Plug one in and turn it on. You can join without it.` };
    case 'busy':
      return {
        title: `Your ${device} is in use`,
        help: `Close the other program that uses it, then turn it on again.`,
      };
    case 'insecure':
      return {
        title: `Your ${device} cannot be used on this page`,
        help: 'Browsers offer devices to pages with https only. Open this address with https://.',
      };
    case 'failed':
      return { title: `Your ${device} did not start`, help: 'Unplug it and plug it in again, or choose another.' };
  }
}

/** The leave page: what happened, in the words of the person it happened to. */
export function leavingInWords({ code, message }: { code: number; message: string }): {
  title: string;
  text: string;
  mayRejoin: boolean;
} {
  const said = LEAVING[code];
  if (said) return { mayRejoin: true, ...said };
  return { title: 'You could not join', text: message, mayRejoin: true };
}

const LEAVING: Record<number, { title: string; text: string; mayRejoin?: boolean }> = {
  1001: { title: 'The connection was lost', text: 'The server could not be reached any more.' },
  1002: { title: 'You were removed', text: 'A moderator removed you from this meeting.', mayRejoin: false },
  1010: { title: 'You were removed', text: 'The host removed you from this meeting.', mayRejoin: false },
  1006: { title: 'The meeting has ended', text: 'It was ended for everybody.' },
  1008: { title: 'The meeting has ended', text: 'Everybody was sent home.' },
  1009: { title: 'The meeting has ended', text: 'The host ended it.' },
  1007: { title: 'The meeting is over for you', text: 'The server closed the connection without saying why.' },
  1011: { title: 'You joined from elsewhere', text: 'The meeting goes on in your other window or device.' },
  1101: { title: 'You left the meeting', text: 'It goes on without you. You can come back at any time.' },
  1102: {
    title: 'The connection was lost',
    text: 'It could not be restored. Check your network, then try again.',
  },
  3047: { title: 'The server cannot be reached', text: 'Check your network, then try again.' },
  4002: {
    title: 'This link does not work any more',
    text: 'It has expired or was withdrawn. Ask for a new one.',
    mayRejoin: false,
  },
  4003: { title: 'There is no such meeting', text: 'The link may be mistyped. Ask for a new one.', mayRejoin: false },
  4052: { title: 'This meeting is closed', text: 'Its room has been closed for good.', mayRejoin: false },
  [ENTRY_DENIED.code]: { title: 'You were not let in', text: 'Somebody in the meeting declined your request.' },
};

export const QUALITY_IN_WORDS: Record<Quality, string> = {
  good: 'good connection',
  fair: 'unsteady connection',
  poor: 'poor connection',
};

export const OUTPUT_WORDS: Record<OutputKind, string> = {
  recording: 'Recording',
  hls: 'Stream',
  livestream: 'Livestream',
};

/** Where a recording or stream stands. */
export function outputState({ kind, status, problem }: Pick<Output, 'kind' | 'status' | 'problem'>): string {
  if (problem) return 'Failed';
  switch (status) {
    case 'STARTING':
      return 'Starting…';
    case 'STARTED':
      return kind === 'recording' ? 'Recording' : 'Live';
    case 'STOPPING':
      return 'Finishing…';
    case 'STOPPED':
      return kind === 'recording' ? 'Ready' : 'Ended';
  }
}

/** Up to two letters for an avatar. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((it) => firstLetter(it ?? ''));
  return letters.join('').toUpperCase() || '?';
}

function firstLetter(word: string): string {
  const [first] = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(word);
  return first?.segment ?? '';
}

/** One of the avatar's colours, the same for the same person everywhere. */
export function colourIndexOf(id: string, colours: number): number {
  let hash = 0;
  for (const letter of id) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003;
  return hash % colours;
}
