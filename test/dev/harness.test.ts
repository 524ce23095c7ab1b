import pg from 'pg';
import { expect, test } from 'vitest';
import { getTestKeycloak } from '../support/keycloak.ts';
import { createTestDatabase } from '../support/postgres.ts';

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return client;
}

test('a test database is migrated, reachable as all three roles, and gone afterwards', async () => {
  const database = await createTestDatabase();
  for (const url of [database.url, database.appUrl, database.workerUrl]) {
    const client = await connect(url);
    const { rows } = await client.query('select current_user as role, current_database() as name');
    expect(rows).toEqual([{ role: new URL(url).username, name: database.name }]);
    await client.end();
  }
  const owner = await connect(database.url);
  expect((await owner.query('select from migration')).rowCount).toBeGreaterThan(0);
  await owner.end();
  await database[Symbol.asyncDispose]();
  await expect(connect(database.url)).rejects.toThrow(/does not exist/);
});

test('a test file that leaves a connection open is told so', async () => {
  const database = await createTestDatabase();
  const forgotten = await connect(database.appUrl);
  await expect(database[Symbol.asyncDispose]()).rejects.toThrow(/leaves connections open.*drawbridge_app/);
  await forgotten.end().catch(() => {});
});

test('the run shares one Keycloak, which answers under two sites', { timeout: 300_000 }, async () => {
  const keycloak = await getTestKeycloak();
  const again = await getTestKeycloak();
  expect(again.url).toBe(keycloak.url);
  for (const host of ['127.0.0.1', 'localhost']) {
    const { port } = new URL(keycloak.url);
    const response = await fetch(`http://${host}:${port}/realms/master/.well-known/openid-configuration`);
    expect(((await response.json()) as { issuer: string }).issuer).toBe(`http://${host}:${port}/realms/master`);
  }
});
