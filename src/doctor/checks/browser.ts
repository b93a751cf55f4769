import { type Check, ok, skipped, warning } from '../check.ts';

interface BrowserFacts {
  hasEgress: boolean;
  /** Nothing where none was found. */
  program: string | undefined;
  sandboxed: boolean;
  /** Starts it as a page would be recorded with, ends it, and returns its name and version. */
  start(program: string): Promise<string>;
}

/** The browser that records pages of `templateUrl`. */
export function browserCheck({ hasEgress, program, sandboxed, start }: BrowserFacts): Check {
  return {
    name: 'browser',
    title: 'Browser',
    timeoutMs: 15_000,
    advice: 'Install Chromium or Chrome again, or name one that starts in ROOMFUL_BROWSER.',
    async run() {
      if (!hasEgress) return skipped('This node films no pages: its roles lack egress.');
      if (program === undefined) return skipped('None was found; recordings with a templateUrl are refused.');
      const version = await start(program);
      if (sandboxed) return ok(`${program} starts in its sandbox (${version}).`);
      return warning(
        `${program} starts without its sandbox (${version}), as ROOMFUL_BROWSER_SANDBOX wants it.`,
        'Record only pages that you trust, or let the machine have user namespaces and remove the setting.',
      );
    },
  };
}
