// The Postgres and the Keycloak of a test run, in the process that outlives all test files.

import { randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../src/db/migrate.ts';
import { prepareDatabase } from '../../src/db/prepare.ts';
import { ensureKeycloak, type LocalKeycloak, startKeycloak } from '../../src/dev/keycloak-server.ts';
import { findFreePort } from '../../src/dev/ports.ts';
import { type LocalPostgres, startPostgres } from '../../src/dev/postgres.ts';

/** Fixed, because two runs on one configured server set the same roles' passwords. */
export const TEST_PASSWORDS = { owner: 'test-owner', app: 'test-app', worker: 'test-worker' };

export type PostgresPart = { readonly adminUrl: string; readonly template: string };
export type KeycloakPart = { readonly url: string; readonly adminUser: string; readonly adminPassword: string };

export type SharedParts = {
  readonly get: { postgres(): Promise<PostgresPart>; keycloak(): Promise<KeycloakPart> };
  stop(): Promise<void>;
};

const say = (line: string) => console.log(`[test] ${line}`);

/** Nothing starts before it is asked for. `folder` holds the run's data and goes away with it. */
export function startSharedParts(folder: string): SharedParts {
  const runId = randomBytes(4).toString('hex');
  const own: { postgres?: LocalPostgres; keycloak?: LocalKeycloak; databases: string[] } = { databases: [] };
  const server = once(async () => {
    if (process.env.TEST_DATABASE_URL) return process.env.TEST_DATABASE_URL;
    // mkdtemp makes folders that only their owner enters.
    chmodSync(folder, 0o755);
    own.postgres = await startPostgres({ dataDir: join(folder, 'postgres'), log: say, durable: false });
    return own.postgres.adminUrl;
  });
  const postgres = once(async () => {
    const adminUrl = await server();
    const template = `drawbridge_test_${runId}`;
    own.databases.push(template);
    const { ownerUrl } = await prepareDatabase(adminUrl, template, TEST_PASSWORDS);
    await migrate(ownerUrl);
    return { adminUrl, template };
  });
  const keycloak = once(async () => {
    const [{ home }, adminUrl] = await Promise.all([ensureKeycloak({ log: say }), server()]);
    const database = `drawbridge_test_keycloak_${runId}`;
    own.databases.push(database);
    await runAsAdmin(adminUrl, `create database ${database}`);
    const admin = { adminUser: 'admin', adminPassword: 'admin' };
    own.keycloak = await startKeycloak({
      home,
      databaseUrl: inDatabase(adminUrl, database),
      port: await findFreePort(),
      managementPort: await findFreePort(),
      ...admin,
      themeDir: join(import.meta.dirname, '..', '..', 'keycloak-theme'),
      logFile: join(import.meta.dirname, '..', '..', '.drawbridge', 'test-keycloak.log'),
    });
    return { url: own.keycloak.url, ...admin };
  });
  const stop = async () => {
    await Promise.allSettled([server.settled(), postgres.settled(), keycloak.settled()]);
    await own.keycloak?.kill();
    if (own.postgres === undefined) {
      const adminUrl = process.env.TEST_DATABASE_URL;
      for (const name of adminUrl ? own.databases : [])
        await runAsAdmin(adminUrl as string, `drop database if exists ${name} with (force)`);
      return;
    }
    await own.postgres.stop();
    await rm(own.postgres.dataDir, { recursive: true, force: true });
  };
  return { get: { postgres, keycloak }, stop };
}

/** Runs `start` at the first call and gives its one promise to every caller. */
function once<T>(start: () => Promise<T>): (() => Promise<T>) & { settled(): Promise<unknown> } {
  let started: Promise<T> | undefined;
  const get = () => {
    started ??= start();
    return started;
  };
  return Object.assign(get, { settled: () => started ?? Promise.resolve() });
}

/** One statement on a connection of its own. */
export async function runAsAdmin(adminUrl: string, statement: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    return await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The same server and user, another database. */
export function inDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}
