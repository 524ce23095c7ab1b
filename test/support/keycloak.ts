// The run's Keycloak for tests, and Keycloaks of their own for tests that kill theirs.

import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { ensureKeycloak, type LocalKeycloak, startKeycloak } from '../../src/dev/keycloak-server.ts';
import { findFreePort } from '../../src/dev/ports.ts';
import { getTestPostgres } from './postgres.ts';
import { inDatabase, type KeycloakPart, runAsAdmin } from './shared-parts.ts';

/** The run's Keycloak; waits until it is up. Make a realm of your own in it: other files use it at the same time. */
export async function getTestKeycloak(): Promise<KeycloakPart> {
  const response = await fetch(`${inject('sharedPartsUrl')}/keycloak`);
  if (!response.ok) throw new Error(`No Keycloak for the tests: ${await response.text()}`);
  return (await response.json()) as KeycloakPart;
}

export type OwnKeycloak = AsyncDisposable &
  KeycloakPart & {
    readonly databaseUrl: string;
    kill(): Promise<void>;
    /** Starts again on the same port and database. */
    start(): Promise<void>;
  };

/** A Keycloak on a database of its own, for a test that stops or kills it. Costs half a minute and 0.5 GB. */
export async function startOwnKeycloak(): Promise<OwnKeycloak> {
  const { adminUrl } = await getTestPostgres();
  const { home } = await ensureKeycloak({ log: () => {} });
  const name = `drawbridge_test_keycloak_${randomBytes(5).toString('hex')}`;
  await runAsAdmin(adminUrl, `create database ${name}`);
  const admin = { adminUser: 'admin', adminPassword: 'admin' };
  const input = {
    home,
    databaseUrl: inDatabase(adminUrl, name),
    port: await findFreePort(),
    managementPort: await findFreePort(),
    ...admin,
    logFile: join(import.meta.dirname, '..', '..', '.drawbridge', `${name}.log`),
  };
  let running: LocalKeycloak = await startKeycloak(input);
  return {
    url: running.url,
    databaseUrl: input.databaseUrl,
    ...admin,
    kill: () => running.kill(),
    start: async () => {
      running = await startKeycloak(input);
    },
    [Symbol.asyncDispose]: async () => {
      await running.kill();
      await runAsAdmin(adminUrl, `drop database if exists ${name} with (force)`);
      await rm(input.logFile, { force: true });
    },
  };
}
