// Migrations: the committed description is what they make; several migrators at once; an edited or unknown one is refused.
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeSchema } from '../../src/db/describe-schema.ts';
import { listMigrations, migrate } from '../../src/db/migrate.ts';
import { databaseUrls, prepareDatabase } from '../../src/db/prepare.ts';
import { createTestDatabase, getTestPostgres, type TestDatabase } from '../support/postgres.ts';
import { runAsAdmin, TEST_PASSWORDS } from '../support/shared-parts.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

async function asOwner<T>(work: (client: pg.Client) => Promise<T>, url = database.url): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

describe('migrations', () => {
  test('make exactly what src/db/schema.sql says (npm run schema:dump writes it)', async () => {
    const now = await asOwner(describeSchema);
    expect(now).toBe(readFileSync(new URL('../../src/db/schema.sql', import.meta.url), 'utf8'));
  });

  test('have a number each', () => {
    const numbers = listMigrations().map(({ name }) => name.slice(0, 4));
    expect(numbers.every((number) => /^\d{4}$/.test(number))).toBe(true);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('run once, however many processes start at the same time', async () => {
    const { adminUrl } = await getTestPostgres();
    const name = `${database.name}_many`;
    const { ownerUrl } = await prepareDatabase(adminUrl, name, TEST_PASSWORDS);
    const runs = await Promise.all(Array.from({ length: 6 }, () => migrate(ownerUrl)));
    const applied = runs.flatMap((run) => run.applied);
    expect(applied.sort()).toEqual(listMigrations().map((migration) => migration.name));
    await runAsAdmin(adminUrl, `drop database ${name} with (force)`);
  });

  test('refuse a database that is newer than the code, and a migration edited after it was applied', async () => {
    const { adminUrl } = await getTestPostgres();
    const url = databaseUrls(adminUrl, database.name, TEST_PASSWORDS).ownerUrl;
    await asOwner((client) => client.query(`insert into migration (name, hash) values ('9999_future.sql', 'x')`));
    await expect(migrate(url)).rejects.toThrow('9999_future.sql, which this version does not know');
    await asOwner((client) => client.query(`delete from migration where name = '9999_future.sql'`));
    const edited = listMigrations()[0]!.name;
    const { rows } = await asOwner((client) =>
      client.query<{ hash: string }>('select hash from migration where name = $1', [edited]),
    );
    await asOwner((client) => client.query(`update migration set hash = 'edited' where name = $1`, [edited]));
    await expect(migrate(url)).rejects.toThrow(`${edited} was edited`);
    await asOwner((client) => client.query('update migration set hash = $2 where name = $1', [edited, rows[0]!.hash]));
    await expect(migrate(url)).resolves.toEqual({ applied: [] });
  });
});
