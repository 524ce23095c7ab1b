// Starts the real parts that test files share, each once per run and at the first file that asks (or at once in a run
// of everything, so that Keycloak starts beside the first tests). Test files ask over a loopback address.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { ensureKeycloak } from '../../src/dev/keycloak-server.ts';
import { type SharedParts, startSharedParts } from './shared-parts.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where test/support/postgres.ts and keycloak.ts ask for the shared parts. */
    sharedPartsUrl: string;
  }
}

let stop: () => Promise<void> = async () => {};

export async function setup(project: TestProject): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-test-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  // After Ctrl-C nobody calls teardown; what runs ends by itself then (see src/dev/processes.ts).
  process.once('exit', removeFolder);
  const parts = startSharedParts(folder);
  const server = createServer((request, response) => {
    const part = request.url?.slice(1) as keyof SharedParts['get'];
    parts.get[part]().then(
      (answer) => response.end(JSON.stringify(answer)),
      (error: unknown) => {
        response.statusCode = 503;
        response.end(error instanceof Error ? error.message : String(error));
      },
    );
  });
  // A file may wait minutes for the first Keycloak of this machine.
  server.requestTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  project.provide('sharedPartsUrl', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  if (process.env.DRAWBRIDGE_TEST_EVERYTHING === '1') {
    // The first run on a machine fetches and builds Keycloak: before the tests, so that no hook has to wait that long.
    await ensureKeycloak({ log: (line) => console.log(line) }).catch(() => {});
    parts.get.keycloak().catch(() => {});
  }
  stop = async () => {
    server.closeAllConnections();
    server.close();
    await parts.stop();
    removeFolder();
  };
}

export async function teardown(): Promise<void> {
  await stop();
}
