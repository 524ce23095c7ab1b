// Two projects: `architecture` (pure, seconds, part of `npm run check`) and `all` (everything else, on real parts that
// test/support/global-setup.ts starts once per run).

import { defineConfig } from 'vitest/config';

const ARCHITECTURE = 'test/architecture.test.ts';

export default defineConfig({
  test: {
    // Two files at a time: Postgres and Keycloak share the same cores.
    maxWorkers: 2,
    projects: [
      { test: { name: 'architecture', include: [ARCHITECTURE] } },
      {
        test: {
          name: 'all',
          include: ['test/**/*.test.ts'],
          exclude: [ARCHITECTURE],
          globalSetup: ['test/support/global-setup.ts'],
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
