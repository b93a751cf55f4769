import { defineConfig } from 'vitest/config';

/** Tests that take minutes are named `*.long.test.ts` and run with `npm run test:long`. */
const isLong = Boolean(process.env.ROOMFUL_TEST_LONG);
const exclude = ['**/node_modules/**', ...(isLong ? [] : ['**/*.long.test.ts'])];

/** What measures how good, how late or how fast media is: beside other tests it would measure those. */
const MEASURING = [
  'egress/bad-networks',
  'egress/hls',
  'egress/pages',
  'egress/picture-and-sound',
  'egress/plan',
  'egress/sinks',
  'journeys/livestreamed-meeting',
  'journeys/recorded-clock',
  'journeys/recorded-meeting',
  'journeys/watched-stream',
].map((name) => `test/${name}.test.ts`);

/** As many as a small machine has cores: browsers and encoders beside each other leave none of them waiting. */
const WORKERS = 2;

// A second, the default, is short for a browser and a server on a busy machine.
const poll = { timeout: 15_000 };
const journey = { exclude, testTimeout: 60_000, hookTimeout: 90_000, expect: { poll } };

/** Groups run one after the other, in this order. */
export default defineConfig({
  test: {
    globalSetup: ['test/harness/shared-postgres.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: [
            'src/**/*.test.ts',
            'web/**/*.test.ts',
            'packages/**/*.test.ts',
            'setup/**/*.test.{ts,mjs}',
            'bench/**/*.test.ts',
            'test/*.test.ts',
            'test/{conformance,hostile}/**/*.test.ts',
          ],
          exclude: [...exclude, 'test/**/*.long.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          expect: { poll },
          maxWorkers: WORKERS,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'journeys',
          include: ['test/{egress,journeys}/**/*.test.ts'],
          ...journey,
          exclude: [...exclude, '**/*.long.test.ts', ...MEASURING],
          maxWorkers: WORKERS,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'measuring',
          include: isLong ? [...MEASURING, 'test/**/*.long.test.ts'] : MEASURING,
          ...journey,
          maxWorkers: 1,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
