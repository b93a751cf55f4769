import { type Check, ok, skipped } from '../check.ts';

/** `start` launches the program that composes recordings, which loads FFmpeg's libraries, and ends it again. */
export function compositorCheck(hasEgress: boolean, start: () => Promise<void>): Check {
  return {
    name: 'compositor',
    title: 'Compositor',
    timeoutMs: 25_000,
    advice: "Install the dependencies again with npm ci: FFmpeg's libraries come with them.",
    async run() {
      if (!hasEgress) return skipped('This node records nothing: its roles lack egress.');
      const startedAt = performance.now();
      await start();
      return ok(`It starts with FFmpeg's libraries within ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`);
    },
  };
}
