// A database of its own for each test file: a clone of the migrated template on the run's Postgres.

import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { databaseUrls } from '../../src/db/prepare.ts';
import { eventually } from './eventually.ts';
import { inDatabase, type PostgresPart, runAsAdmin, TEST_PASSWORDS } from './shared-parts.ts';

export type TestDatabase = AsyncDisposable & {
  /** As drawbridge_owner: migrations, queue. */
  readonly url: string;
  readonly appUrl: string;
  readonly workerUrl: string;
  /** As the superuser, for what a test must do behind everyone's back. */
  readonly adminUrl: string;
  readonly name: string;
};

/** The run's Postgres, started if this is the first file that asks. */
export async function getTestPostgres(): Promise<PostgresPart> {
  const response = await fetch(`${inject('sharedPartsUrl')}/postgres`);
  if (!response.ok) throw new Error(`No Postgres for the tests: ${await response.text()}`);
  return (await response.json()) as PostgresPart;
}

/**
 * Clones the template. Disposing drops the clone, and throws if connections to it are still open (a leak), or if rows break a
 * foreign key that Postgres does not check (migration 0052).
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { adminUrl, template } = await getTestPostgres();
  const name = `${template}_${randomBytes(5).toString('hex')}`;
  // Somebody may be cloning the same template: Postgres then refuses for a moment.
  await eventually(() => runAsAdmin(adminUrl, `create database ${name} owner drawbridge_owner template ${template}`));
  const urls = databaseUrls(adminUrl, name, TEST_PASSWORDS);
  return {
    url: urls.ownerUrl,
    appUrl: urls.appUrl,
    workerUrl: urls.workerUrl,
    adminUrl: inDatabase(adminUrl, name),
    name,
    [Symbol.asyncDispose]: () => dropTestDatabase(adminUrl, name),
  };
}

async function dropTestDatabase(adminUrl: string, name: string): Promise<void> {
  try {
    // The server notices a closed connection a moment after the client closed it.
    await eventually(() => hasNoLeaks(adminUrl, name), { withinMs: 3_000 });
    await everythingBelongsToSomebody(inDatabase(adminUrl, name));
  } finally {
    await runAsAdmin(adminUrl, `drop database if exists ${name} with (force)`);
  }
}

async function everythingBelongsToSomebody(adminUrl: string): Promise<void> {
  const { rows } = await runAsAdmin(adminUrl, 'select * from broken_references()');
  if (rows.length > 0) throw new Error(`The test leaves rows that belong to nobody: ${JSON.stringify(rows)}`);
}

async function hasNoLeaks(adminUrl: string, name: string): Promise<true> {
  const { rows } = await runAsAdmin(
    adminUrl,
    `select usename, application_name, state, left(query, 120) as query from pg_stat_activity where datname = '${name}'`,
  );
  if (rows.length > 0) throw new Error(`The test leaves connections open: ${JSON.stringify(rows)}`);
  return true;
}
