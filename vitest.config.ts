import { defineConfig } from 'vitest/config';

/** Tests that take minutes are named `*.long.test.ts` and run with `npm run test:long`. */
const isLong = Boolean(process.env.ROOMFUL_TEST_LONG);
const exclude = ['**/node_modules/**', ...(isLong ? [] : ['**/*.long.test.ts'])];

/** What looks at how good, how late or how fast media is: beside others it would measure those. */
const MEASURING = [
  'egress/bad-networks',
  'egress/hls',
  'egress/pages',
  'egress/picture-and-sound',
  'egress/plan',
  'egress/sinks',
  'journeys/livestreamed-meeting',
  'journeys/lost-connection',
  'journeys/media-worker-dies',
  'journeys/quality',
  'journeys/react-sdk',
  'journeys/recorded-clock',
  'journeys/recorded-meeting',
  'journeys/server-dies',
  'journeys/watched-stream',
  'journeys/what-is-received',
].map((name) => `test/${name}.test.ts`);

const journey = {
  exclude,
  // Where CI runs beside others, a browser may get no core for a while; what fails twice is wrong.
  retry: process.env.CI ? 1 : 0,
  testTimeout: 60_000,
  hookTimeout: 90_000,
  // A second, the default, is short for a browser and a server on a busy machine.
  expect: { poll: { timeout: 15_000 } },
};

/** Groups run one after the other, in this order; Vitest alone would leave a core free, which on two is half of them. */
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
            'setup/**/*.test.{ts,mjs}',
            'bench/**/*.test.ts',
            'test/*.test.ts',
            'test/{conformance,hostile}/**/*.test.ts',
          ],
          exclude: [...exclude, 'test/**/*.long.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
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
          maxWorkers: 2,
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
