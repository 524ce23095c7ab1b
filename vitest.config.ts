// Three projects: `architecture` (pure, seconds, part of `npm run check`), `long` (what takes minutes: `npm run
// test:long`) and `all` (everything else). The last two run on real parts that test/support/global-setup.ts starts once
// per run.

import { defineConfig } from 'vitest/config';

const ARCHITECTURE = 'test/architecture.test.ts';
const LONG = 'test/long/**/*.test.ts';
const ON_REAL_PARTS = { globalSetup: 'test/support/global-setup.ts', pool: 'forks' } as const;

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
          exclude: [ARCHITECTURE, LONG],
          ...ON_REAL_PARTS,
          testTimeout: 60_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: { name: 'long', include: [LONG], ...ON_REAL_PARTS, testTimeout: 15 * 60_000, hookTimeout: 10 * 60_000 },
      },
    ],
  },
});
