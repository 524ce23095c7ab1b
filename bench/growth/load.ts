// Puts a population into a migrated database by COPY, from files beside the server's data, on two connections. Foreign
// keys and triggers rest meanwhile: the rows are made right, and a million checks would only measure the checks.
import { closeSync, openSync, writeSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { idOf, type Place, type Population } from './population.ts';
import { TABLES, type TableRows } from './rows.ts';

const LANES = 2;
const LINES_AT_ONCE = 2_000;

export type LoadInput = {
  /** The superuser's address of the database: it alone may read files and let triggers rest. */
  readonly adminUrl: string;
  /** Where the server can read what is written here. */
  readonly folder: string;
  readonly populations: readonly Population[];
};

/** Loads, then gives the planner its figures and the indexes their visibility, as autovacuum would within minutes. */
export async function loadPopulations({ adminUrl, folder, populations }: LoadInput): Promise<void> {
  const left = [...TABLES.entries()];
  const lane = async () => {
    await withClient(adminUrl, async (client) => {
      await client.query('set session_replication_role = replica');
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const file = join(folder, `population-${next[0]}.copy`);
        try {
          await writeLines(file, next[1].lines(populations));
          await copy(client, next[1], file);
        } finally {
          await rm(file, { force: true });
        }
      }
    });
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  await withClient(adminUrl, async (client) => {
    await client.query('vacuum analyze');
    // what was loaded is not to be written to disk while something is measured
    await client.query('checkpoint');
  });
}

/** Organizations beside the one that is measured: each with a role, a directory and a verified domain. */
export async function createOrganizations(adminUrl: string, count: number): Promise<(Place & { domain: string })[]> {
  const places = Array.from({ length: count }, (_, n) => ({
    orgId: idOf('organization', n),
    directoryId: idOf('directory', n),
    domain: `org${n}.test`,
  }));
  const ids = places.map((place) => place.orgId);
  const directories = places.map((place) => place.directoryId);
  const domains = places.map((place) => place.domain);
  const statements: [string, unknown[]][] = [
    [
      `insert into organization_key (key, org_id) select split_part(d, '.', 1), o from unnest($1::text[], $2::uuid[]) x (d, o)`,
      [domains, ids],
    ],
    [
      `insert into organization (org_id, key, display_name, default_role)
      select o, split_part(d, '.', 1), d, 'member' from unnest($1::text[], $2::uuid[]) x (d, o)`,
      [domains, ids],
    ],
    [
      `insert into role (org_id, key, display_name, rank, permissions)
      select o, 'member', 'Member', 10, '{}' from unnest($1::uuid[]) x (o)`,
      [ids],
    ],
    [
      `insert into directory (org_id, id, display_name) select o, d, 'Directory' from unnest($1::uuid[], $2::uuid[]) x (o, d)`,
      [ids, directories],
    ],
    [
      `insert into domain_claim (domain, org_id, status, dns_token, method, verified_at)
      select d, o, 'verified', 'unused', 'operator', now() from unnest($1::text[], $2::uuid[]) x (d, o)`,
      [domains, ids],
    ],
  ];
  await withClient(adminUrl, async (client) => {
    for (const [text, values] of statements) await client.query(text, values);
  });
  return places;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function copy(client: pg.Client, { table, columns }: TableRows, file: string): Promise<void> {
  await client.query(`copy ${table} (${columns}) from ${client.escapeLiteral(file)}`);
}

async function writeLines(file: string, lines: Iterable<string>): Promise<void> {
  const handle = openSync(file, 'w');
  try {
    let waiting: string[] = [];
    for (const line of lines) {
      waiting.push(line);
      if (waiting.length === LINES_AT_ONCE) {
        writeSync(handle, `${waiting.join('\n')}\n`);
        waiting = [];
        // the other connection's answer may have come
        await new Promise(setImmediate);
      }
    }
    if (waiting.length > 0) writeSync(handle, `${waiting.join('\n')}\n`);
  } finally {
    closeSync(handle);
  }
  await chmod(file, 0o644);
}
