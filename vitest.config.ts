import { defineConfig } from 'vitest/config';

/** Tests that take minutes are named `*.long.test.ts` and run with `npm run test:long`. */
const isLong = Boolean(process.env.ROOMFUL_TEST_LONG);
const exclude = ['**/node_modules/**', ...(isLong ? [] : ['**/*.long.test.ts'])];

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
            'test/**/*.test.ts',
          ],
          exclude: [...exclude, 'test/journeys/**'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'journeys',
          include: ['test/journeys/**/*.test.ts'],
          exclude,
          // Each file has a server, its media workers and a browser: side by side they would measure each other.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 90_000,
          // A second, the default, is short for a browser and a server on a busy machine.
          expect: { poll: { timeout: 15_000 } },
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
