import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Check, ok, skipped } from '../check.ts';

const run = promisify(execFile);
const START_MS = 10_000;

/** The browser that films pages of `templateUrl`; nothing where none was found. */
export function browserCheck(hasEgress: boolean, program: string | undefined): Check {
  return {
    name: 'browser',
    title: 'Browser',
    timeoutMs: START_MS + 2_000,
    advice: 'Install Chromium or Chrome anew, or name one that starts in ROOMFUL_BROWSER.',
    async run() {
      if (!hasEgress) return skipped('This node films no pages: its roles lack egress.');
      if (program === undefined) return skipped('None was found; recordings with a templateUrl are refused.');
      const env = { PATH: process.env.PATH };
      const { stdout } = await run(program, ['--version'], { timeout: START_MS, killSignal: 'SIGKILL', env });
      return ok(`${program} starts (${stdout.trim()}).`);
    },
  };
}
