// The plans of everything that the hot SCIM operations run, with 1,000,000 users in 200 organizations: as the process's
// own role under row-level security, in the process's own sessions, from the first execution to the plan for any
// parameters, with the statements inside functions and the checks of foreign keys. Postgres itself writes them down
// (auto_explain), with the rows that each step really read.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createOrganizations, loadPopulations } from '../../bench/growth/load.ts';
import { Asker, OPERATIONS } from '../../bench/growth/operations.ts';
import type { Population } from '../../bench/growth/population.ts';
import { startDrawbridge } from '../../bench/scim/drawbridge.ts';
import { RawConnection } from '../../bench/scim/raw-connection.ts';
import { prepareDatabase } from '../../src/db/prepare.ts';
import { type LocalPostgres, startPostgres } from '../../src/dev/postgres.ts';
import { newSecrets } from '../../src/dev/secrets.ts';

const MEASURED = { users: 204_000, largeGroup: 100_000 };
const OTHERS = { organizations: 199, users: 4_000 };
/** A session plans a statement for any parameters from its sixth execution on, where that looks no dearer. */
const TIMES = 8;
/** A page is 100 rows, a change 100 members; nothing that is hot reads many times as many. */
const MOST_ROWS = 1_000;
/** Tables of fewer rows are read whole by any sensible plan. */
const LARGE_TABLE = 2_000;

type Node = {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Join Filter'?: number;
  Plans?: Node[];
};
type Logged = { readonly query: string; readonly plan: Node };

const stack = new AsyncDisposableStack();
let postgres: LocalPostgres;
let admin: pg.Client;
let asker: Asker;
let population: Population;
let largeTables: ReadonlySet<string>;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-growth-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  postgres = await startPostgres({ dataDir: join(folder, 'postgres'), log: () => {}, durable: false });
  stack.defer(() => rmSync(postgres.dataDir, { recursive: true, force: true }));
  stack.defer(postgres.stop);
  const database = `growth_${randomBytes(3).toString('hex')}`;
  const secrets = newSecrets();
  await prepareDatabase(postgres.adminUrl, database, {
    owner: secrets.databaseOwner,
    app: secrets.databaseApp,
    worker: secrets.databaseWorker,
  });
  admin = new pg.Client({ connectionString: postgres.urlFor(database) });
  await admin.connect();
  stack.defer(() => admin.end());
  await explainEverything(database);
  const { server, stop } = await startDrawbridge({ adminUrl: postgres.adminUrl, database, folder, secrets });
  stack.defer(stop);
  const { rows } = await admin.query<{ org_id: string; id: string }>('select org_id, id from directory');
  population = { orgId: rows[0]!.org_id, directoryId: rows[0]!.id, domain: 'bench.test', first: 0, ...MEASURED };
  const places = await createOrganizations(postgres.urlFor(database), OTHERS.organizations);
  const rest = places.map((place, n) => ({
    ...place,
    first: MEASURED.users + n * OTHERS.users,
    users: OTHERS.users,
    largeGroup: 0,
  }));
  const populations = [population, ...rest];
  await loadPopulations({ adminUrl: postgres.urlFor(database), folder: postgres.dataDir, populations });
  largeTables = await tablesLargerThan(LARGE_TABLE);
  const connection = new RawConnection(server.baseUrl, server.token);
  stack.defer(() => connection.close());
  asker = new Asker(connection, server.baseUrl, population);
});
afterAll(() => stack.disposeAsync());

/** From the next connections on, the application's sessions in this database write down every plan that they run. */
async function explainEverything(database: string): Promise<void> {
  const settings = {
    session_preload_libraries: 'auto_explain',
    'auto_explain.log_min_duration': '0',
    'auto_explain.log_nested_statements': 'on',
    'auto_explain.log_analyze': 'on',
    'auto_explain.log_timing': 'off',
    'auto_explain.log_format': 'json',
  };
  for (const [name, value] of Object.entries(settings)) {
    await admin.query(`alter role drawbridge_app in database ${database} set ${name} = '${value}'`);
  }
}

async function tablesLargerThan(rows: number): Promise<Set<string>> {
  const found = await admin.query<{ relname: string }>(
    `select relname from pg_class where relkind = 'r' and reltuples > $1 and relnamespace = 'public'::regnamespace`,
    [rows],
  );
  return new Set(found.rows.map((row) => row.relname));
}

const logFile = () => join(postgres.dataDir, 'postgres.log');

/** What was run by the sessions of the application while `work` ran. */
async function plansOf(work: () => Promise<void>): Promise<Logged[]> {
  const { size } = await stat(logFile());
  await work();
  const text = (await readFile(logFile())).subarray(size).toString('utf8');
  const entries = text.matchAll(/ms {2}plan:\n((?:\t.*\n)+)/g);
  return [...entries].map((entry) => {
    const logged = JSON.parse(entry[1]!.replaceAll(/^\t/gm, ''));
    return { query: String(logged['Query Text']).replaceAll(/\s+/g, ' ').trim(), plan: logged.Plan as Node };
  });
}

function nodesOf(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** Rows that a step took in, whether it gave them on or not. */
function rowsOf(node: Node): number {
  const each =
    (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Join Filter'] ?? 0);
  return each * (node['Actual Loops'] ?? 1);
}

function describeNode({ query }: Logged, node: Node): string {
  const where = [node['Node Type'], node['Relation Name'], node['Index Name']].filter(Boolean).join(' ');
  return `${where}, ${rowsOf(node)} rows: ${query.slice(0, 300)}`;
}

const isSequential = (node: Node) => node['Node Type'] === 'Seq Scan' && largeTables.has(node['Relation Name'] ?? '');

/** Steps that would cost more as the organization grows. */
function faultsOf(plans: readonly Logged[]): string[] {
  const faults = plans.flatMap((logged) =>
    nodesOf(logged.plan)
      .filter((node) => isSequential(node) || rowsOf(node) > MOST_ROWS)
      .map((node) => describeNode(logged, node)),
  );
  return [...new Set(faults)];
}

const many = async (work: () => Promise<unknown>) => {
  for (let n = 0; n < TIMES; n += 1) await work();
};

describe('with a million users', () => {
  test("the figures are the planner's, and its plans are written down", async () => {
    const tables = ['directory_user', 'member', 'group_member', 'audit_event_default', 'identity', 'access_grant'];
    const month = (
      await admin.query<{ name: string }>(`select to_char(now() at time zone 'UTC', '"audit_event_"YYYYMM') as name`)
    ).rows[0]!.name;
    for (const table of tables) expect(largeTables).toContain(table === 'audit_event_default' ? month : table);
    const plans = await plansOf(() => many(() => asker.measure('get')));
    const finds = plans.filter(({ query }) => query.includes('from directory_user d'));
    expect(finds.length).toBeGreaterThanOrEqual(TIMES);
  });

  for (const operation of OPERATIONS) {
    test(`${operation} reads what it needs, by indexes`, async () => {
      if (operation === 'next page of a walk') await asker.startWalkAt(1 + population.users / 2);
      if (operation === 'deactivate') await asker.gatherCreated();
      const plans = await plansOf(() => many(() => asker.measure(operation)));
      expect(plans.length).toBeGreaterThanOrEqual(TIMES);
      expect(faultsOf(plans)).toEqual([]);
    });
  }

  test('a page without a walk, a search and a count read no table whole in order, and sort no tenant', async () => {
    const plans = await plansOf(async () => {
      await many(() => asker.measure('cold jump to the middle'));
      await many(() => asker.measure('total of a filter that all match'));
      await many(() => asker.measure('co without a match'));
      await many(() => asker.measure('sort by userName, first page'));
    });
    const wrong = plans.flatMap((logged) =>
      nodesOf(logged.plan)
        .filter((node) => isSequential(node) || (node['Node Type'] === 'Sort' && rowsOf(node) > MOST_ROWS))
        .map((node) => describeNode(logged, node)),
    );
    expect([...new Set(wrong)]).toEqual([]);
  });
});
