// Forward-only migrations: numbered SQL files, each in a transaction, under an advisory lock, each remembered with its
// hash. A database newer than the code, or a released file that was edited, is refused.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { runMigrations as migrateQueue } from 'graphile-worker';
import pg from 'pg';

const FOLDER = new URL('./migrations/', import.meta.url);
const LOCK = 7_264_110_382;

export type Migration = { readonly name: string; readonly sql: string; readonly hash: string };

/** The migrations that this code knows, in order. */
export function listMigrations(): Migration[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const sql = readFileSync(new URL(name, FOLDER), 'utf8');
      return { name, sql, hash: createHash('sha256').update(sql).digest('hex') };
    });
}

/**
 * Brings the database of `ownerUrl` up to date, the queue's tables first, tells the planner to expect many rows of tables
 * that are still empty, and names what was applied. Safe to run in several processes at once. The roles drawbridge_app and drawbridge_worker must exist (`prepareDatabase`).
 */
export async function migrate(ownerUrl: string): Promise<{ applied: string[] }> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock($1)', [LOCK]);
    const known = listMigrations();
    const done = await appliedMigrations(client);
    refuseForeign(known, done);
    const due = known.filter((migration) => !done.has(migration.name));
    if (due.length > 0) await migrateQueue({ connectionString: ownerUrl });
    for (const migration of due) await apply(client, migration);
    if (due.length > 0) await client.query('select expect_many_rows()');
    return { applied: due.map((migration) => migration.name) };
  } finally {
    await client.end();
  }
}

async function appliedMigrations(client: pg.Client): Promise<Map<string, string>> {
  await client.query(
    `create table if not exists migration (name text primary key, hash text not null, applied_at timestamptz not null default now())`,
  );
  const { rows } = await client.query<{ name: string; hash: string }>('select name, hash from migration');
  return new Map(rows.map((row) => [row.name, row.hash]));
}

function refuseForeign(known: readonly Migration[], done: ReadonlyMap<string, string>): void {
  const byName = new Map(known.map((migration) => [migration.name, migration]));
  for (const [name, hash] of done) {
    const migration = byName.get(name);
    if (!migration)
      throw new Error(`The database has migration ${name}, which this version does not know. Run the newer version.`);
    if (migration.hash !== hash)
      throw new Error(`Migration ${name} was edited after it was applied. Restore it and add a new one.`);
  }
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query('begin');
  try {
    await client.query(migration.sql);
    await client.query('insert into migration (name, hash) values ($1, $2)', [migration.name, migration.hash]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw new Error(`Migration ${migration.name} failed: ${(error as Error).message}`, { cause: error });
  }
}

/** The migrations that are still due, for /readyz; reads as any role that may see the table. */
export function pendingMigrations(applied: readonly string[]): string[] {
  const done = new Set(applied);
  return listMigrations()
    .map((migration) => migration.name)
    .filter((name) => !done.has(name));
}
