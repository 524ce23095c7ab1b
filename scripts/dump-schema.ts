// Writes src/db/schema.sql: migrates a database on a Postgres of its own and describes it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { describeSchema } from '../src/db/describe-schema.ts';
import { migrate } from '../src/db/migrate.ts';
import { prepareDatabase } from '../src/db/prepare.ts';
import { startPostgres } from '../src/dev/postgres.ts';
import { newSecret } from '../src/ids.ts';

const folder = mkdtempSync(join(tmpdir(), 'drawbridge-schema-'));
const postgres = await startPostgres({ dataDir: folder, log: console.log, durable: false });
try {
  const passwords = { owner: newSecret(), app: newSecret(), worker: newSecret() };
  const { ownerUrl } = await prepareDatabase(postgres.adminUrl, 'drawbridge', passwords);
  await migrate(ownerUrl);
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  writeFileSync(new URL('../src/db/schema.sql', import.meta.url), await describeSchema(client));
  await client.end();
  console.log('src/db/schema.sql is up to date.');
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
