// npm run bench:growth: what each SCIM operation costs with 1,000,000 users in 200 organizations and a group of 100,000
// members, beside 1,000 users and a group of 100. Both stand on one Postgres with full durability, each behind a web
// process of its own, and are asked in turn. Prints tables and the verdict; exit code 0 = flat, 1 = not or failed.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { type LocalPostgres, startPostgres } from '../src/dev/postgres.ts';
import { newSecrets } from '../src/dev/secrets.ts';
import { readLargeGroup } from './growth/large-group.ts';
import { createOrganizations, loadPopulations } from './growth/load.ts';
import { Asker, OPERATIONS, type Operation, STATED, type Stated } from './growth/operations.ts';
import type { Population } from './growth/population.ts';
import { judge, operationsTable, type Samples, statedTable } from './growth/report.ts';
import { startDrawbridge } from './scim/drawbridge.ts';
import { RawConnection } from './scim/raw-connection.ts';

type Size = {
  readonly organizations: number;
  readonly users: number;
  readonly measured: number;
  readonly group: number;
};

const SMALL: Size = { organizations: 1, users: 1_000, measured: 1_000, group: 100 };
const LARGE: Size = { organizations: 200, users: 1_000_000, measured: 204_000, group: 100_000 };
/** --short: a tenth of it, to see that it works. */
const SHORT: Size = { organizations: 200, users: 100_000, measured: 20_400, group: 10_000 };
const ROUNDS = 6;
const IN_A_ROW = 30;
const WARM_UP = 40;
const TIMES_STATED = 7;

const started = performance.now();
const say = (line: string) => console.error(`[${Math.round((performance.now() - started) / 1000)} s] ${line}`);

const secrets = newSecrets();

type Place = {
  readonly baseUrl: string;
  readonly token: string;
  readonly pid: number;
  readonly population: Population;
};
type Side = Place & { readonly asker: Asker };

async function main(large: Size, stack: AsyncDisposableStack): Promise<number> {
  const folder = join(import.meta.dirname, '..', '.drawbridge', `bench-${process.pid}`);
  await mkdir(folder, { recursive: true });
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), log: say });
  stack.defer(() => rm(postgres.dataDir, { recursive: true, force: true }));
  stack.defer(postgres.stop);
  const places = [
    await startPlace(postgres, join(folder, 'small'), 'growth_small', SMALL, stack),
    await startPlace(postgres, join(folder, 'large'), 'growth_large', large, stack),
  ];
  // not before both are loaded: a server closes what is idle for so long
  const [small, big] = places.map((place) => connect(place, stack)) as [Side, Side];
  const marked = await compare(small, big);
  const stated = await state(small, big);
  say('Reading the large group ...');
  const reading = await readLargeGroup(big);
  console.log(`${operationsTable(marked)}\n\n${statedTable(stated)}\n\n${reading.report}`);
  const reasons = judge(marked, reading);
  console.log(['Verdict: ', reasons.length === 0 ? 'flat' : 'not flat', ...reasons.map((it) => `\n  ${it}`)].join(''));
  return reasons.length === 0 ? 0 : 1;
}

async function startPlace(
  postgres: LocalPostgres,
  folder: string,
  database: string,
  size: Size,
  stack: AsyncDisposableStack,
): Promise<Place> {
  await mkdir(folder, { recursive: true });
  const { server, pid, stop } = await startDrawbridge({ adminUrl: postgres.adminUrl, database, folder, secrets });
  stack.defer(stop);
  const adminUrl = postgres.urlFor(database);
  const population: Population = {
    ...(await measuredPlace(adminUrl)),
    domain: 'bench.test',
    first: 0,
    users: size.measured,
    largeGroup: size.group,
  };
  const others = await createOrganizations(adminUrl, size.organizations - 1);
  const each = others.length === 0 ? 0 : Math.floor((size.users - size.measured) / others.length);
  const rest = others.map((place, n) => ({ ...place, first: size.measured + n * each, users: each, largeGroup: 0 }));
  say(`Loading ${size.users} users in ${size.organizations} organization(s) ...`);
  await loadPopulations({ adminUrl, folder: postgres.dataDir, populations: [population, ...rest] });
  say('Loaded.');
  return { ...server, pid, population };
}

function connect(place: Place, stack: AsyncDisposableStack): Side {
  const connection = new RawConnection(place.baseUrl, place.token);
  stack.defer(() => connection.close());
  return { ...place, asker: new Asker(connection, place.baseUrl, place.population) };
}

async function measuredPlace(adminUrl: string): Promise<{ orgId: string; directoryId: string }> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ org_id: string; id: string }>('select org_id, id from directory');
    return { orgId: rows[0]!.org_id, directoryId: rows[0]!.id };
  } finally {
    await client.end();
  }
}

/** Each operation on both sides in turn, some in a row; who goes first changes from round to round. */
async function compare(small: Side, large: Side): Promise<Samples<Operation>> {
  say('Warming up ...');
  for (const { asker, population } of [small, large]) await asker.startWalkAt(1 + population.users / 2);
  const samples = emptySamples(OPERATIONS);
  const turn = async (operation: Operation, side: Side, times: number): Promise<number[]> => {
    const ms: number[] = [];
    for (let n = 0; n < times; n += 1) ms.push(await side.asker.measure(operation));
    return ms;
  };
  for (let round = -1; round < ROUNDS; round += 1) {
    if (round === 0) say('Measuring ...');
    const times = round < 0 ? WARM_UP : IN_A_ROW;
    for (const operation of OPERATIONS) {
      if (operation === 'deactivate') for (const side of [small, large]) await side.asker.gatherCreated();
      const order = round % 2 === 0 ? (['small', 'large'] as const) : (['large', 'small'] as const);
      for (const name of order) {
        const ms = await turn(operation, name === 'small' ? small : large, times);
        if (round >= 0) samples.get(operation)?.[name].push(...ms);
      }
    }
  }
  return samples;
}

async function state(small: Side, large: Side): Promise<Samples<Stated>> {
  say('Measuring what follows the size ...');
  const samples = emptySamples(STATED);
  for (const operation of STATED)
    for (let n = 0; n < TIMES_STATED; n += 1) {
      samples.get(operation)?.small.push(await small.asker.measure(operation));
      samples.get(operation)?.large.push(await large.asker.measure(operation));
    }
  return samples;
}

function emptySamples<Name extends string>(names: readonly Name[]): Samples<Name> {
  return new Map(names.map((name) => [name, { small: [], large: [] }]));
}

const { values } = parseArgs({ options: { short: { type: 'boolean', default: false } } });
const stack = new AsyncDisposableStack();
process.once('SIGINT', () => void stack.disposeAsync().finally(() => process.exit(130)));
try {
  process.exitCode = await main(values.short ? SHORT : LARGE, stack);
} catch (error) {
  console.error(error instanceof Error ? error.stack : error);
  process.exitCode = 1;
} finally {
  await stack.disposeAsync();
}
