// The few things everybody does with FFmpeg's libraries: check a return code, read and write timestamps, and keep the
// last lines of the log, which say what an error code does not.
import { AV_CHANNEL_ORDER_NATIVE, AV_LOG_WARNING } from 'node-av/constants';
import { FFmpegError, Log } from 'node-av/lib';

export const STEREO = { nbChannels: 2, order: AV_CHANNEL_ORDER_NATIVE, mask: 3n };
export const SAMPLE_RATE = 48_000;

/** Throws what FFmpeg says when `code` is an error. */
export function check(code: number, doing: string): number {
  if (code < 0) throw new Error(`${doing}: ${FFmpegError.strerror(code)}`);
  return code;
}

export function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`${what} is missing in this build of FFmpeg`);
  return value;
}

const KEPT_LINES = 12;
const lastLines: string[] = [];

/** FFmpeg writes its warnings into memory instead of stderr. */
export function keepLog(): void {
  Log.setLevel(AV_LOG_WARNING);
  Log.setCallback(
    (_level, message) => {
      const line = message.trim();
      if (line === '' || line === lastLines.at(-1)) return;
      lastLines.push(line);
      if (lastLines.length > KEPT_LINES) lastLines.shift();
    },
    { maxLevel: AV_LOG_WARNING },
  );
}

/** A reason for failure with FFmpeg's last words, which often say more. */
export function withLastWords(reason: string): string {
  return lastLines.length === 0 ? reason : `${reason}\n${lastLines.join('\n')}`;
}
