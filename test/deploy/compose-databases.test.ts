// The SQL by which Compose prepares an empty Postgres: Drawbridge's migrations must run on what it leaves, as the owner.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { migrate } from '../../src/db/migrate.ts';
import { startPostgres } from '../../src/dev/postgres.ts';
import { readComposeFile, requiredVariables } from './compose-file.ts';

test('an empty Postgres gets the roles and databases that the services log in to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-compose-'));
  // mkdtemp makes folders that only their owner enters.
  chmodSync(folder, 0o755);
  // Roles belong to a whole server, so this one is the test's own.
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), log: () => {}, durable: false });
  try {
    const secrets = Object.fromEntries(requiredVariables().map((name) => [name, `secret-of-${name.toLowerCase()}`]));
    const { services, configs } = readComposeFile(secrets);
    for (const statement of (configs.databases?.content ?? '').split(';\n').filter((text) => text.trim() !== '')) {
      await runOn(postgres.adminUrl, statement);
    }
    const here = (url = '') => url.replace('@postgres:5432', `@${new URL(postgres.adminUrl).host}`);
    const environment = services.web?.environment ?? {};
    await migrate(here(environment.DATABASE_URL));
    for (const name of ['DATABASE_APP_URL', 'DATABASE_WORKER_URL']) {
      const rows = await runOn(here(environment[name]), 'select count(*)::int as visible from member');
      expect(rows).toEqual([{ visible: 0 }]);
    }
    const keycloak = services.keycloak?.environment ?? {};
    const url = `postgres://${keycloak.KC_DB_USERNAME}:${keycloak.KC_DB_PASSWORD}@postgres:5432/keycloak`;
    await runOn(here(url), 'create table made_by_keycloak (id int)');
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});

async function runOn(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}
