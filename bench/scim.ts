// npm run bench:scim: Drawbridge's SCIM against Keycloak's own and against a bare floor server, in one run on one
// Postgres with full durability. Prints a Markdown table and the verdict; exit code 0 = mark reached, 1 = missed or
// failed, 3 = void (the floor shows that the machine was too busy). docs/performance.md says what is compared.

import { mkdir, rm } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { type LocalPostgres, startPostgres } from '../src/dev/postgres.ts';
import { cpuOf } from './projection/cpu.ts';
import { startChild } from './scim/child.ts';
import { startDrawbridge } from './scim/drawbridge.ts';
import { startFloor } from './scim/floor.ts';
import { startKeycloakScim } from './scim/keycloak.ts';
import type { Reply, Server, Task } from './scim/load-driver.ts';
import { judge, type Measured, meanRatio, table } from './scim/report.ts';
import { OPERATIONS, type Operation, PARTS } from './scim/workload.ts';

const FULL = { users: 1_000, rounds: 3, turns: 3, turnMs: 1_000, warmUpMs: 2_200 };
/** --short: one quick look while working; its verdict says nothing. */
const SHORT = { users: 200, rounds: 1, turns: 1, turnMs: 1_000, warmUpMs: 1_000 };
const AT_MOST = 20_000;
/** Processor time within a second below which a server rests, and how long one may take to come to that. */
const [RESTING_MS, REST_SECONDS] = [100, 30];
const DATABASES = { drawbridge: 'bench_drawbridge', keycloak: 'bench_keycloak', floor: 'bench_floor' };

const started = performance.now();
const say = (line: string) => console.error(`[${Math.round((performance.now() - started) / 1000)} s] ${line}`);

/** A server under measurement; `pid` leads its process group. The floor, which has none, does nothing after its answers. */
type Contestant = { readonly server: Server; readonly pid?: number };

type Driver = (task: Task) => Promise<{ readonly count: number; readonly elapsedMs: number }>;
type Size = typeof FULL;

async function main(size: Size, stack: AsyncDisposableStack): Promise<number> {
  const folder = join(import.meta.dirname, '..', '.drawbridge', `bench-${process.pid}`);
  await mkdir(folder, { recursive: true });
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), log: say });
  stack.defer(postgres.stop);
  const contestants = await startContestants(postgres, folder, stack);
  stack.defer(() => letRun(contestants));
  const servers = contestants.map(({ server }) => server);
  const child = stack.use(startChild<Task, Reply>(new URL('./scim/load-driver.ts', import.meta.url)));
  const drive: Driver = async (task) => (await child.ask(task)).outcome;
  await layFixtures(drive, servers, size);
  // A server that has run for an hour has these figures from autovacuum; nobody shall be measured without them.
  await onEach(postgres, Object.values(DATABASES), 'vacuum analyze');
  const speeds = new Map(servers.map((server) => [server.name, emptySpeeds()]));
  await compare(drive, contestants, PARTS[0], size, speeds);
  for (const server of servers) await drive({ kind: 'lay crowds', server: server.name });
  await onEach(postgres, Object.values(DATABASES), 'vacuum analyze');
  await compare(drive, contestants, PARTS[1], size, speeds);
  for (const server of servers) await drive({ kind: 'verify', server: server.name });
  return print(speeds, size);
}

async function startContestants(
  postgres: LocalPostgres,
  folder: string,
  stack: AsyncDisposableStack,
): Promise<Contestant[]> {
  await onEach(postgres, ['postgres'], `create database ${DATABASES.keycloak}`, `create database ${DATABASES.floor}`);
  say('Starting Keycloak, the floor and Drawbridge ...');
  const keycloak = await startKeycloakScim({ databaseUrl: postgres.urlFor(DATABASES.keycloak), folder, log: say });
  stack.defer(keycloak.stop);
  const floor = await startFloor(postgres.urlFor(DATABASES.floor));
  stack.defer(floor.stop);
  const drawbridge = await startDrawbridge({
    adminUrl: postgres.adminUrl,
    database: DATABASES.drawbridge,
    folder,
    directories: 2,
  });
  stack.defer(drawbridge.stop);
  return [drawbridge, keycloak, floor];
}

/** Runs the statements on each of the databases, as the superuser. */
async function onEach(postgres: LocalPostgres, databases: readonly string[], ...statements: string[]): Promise<void> {
  for (const database of databases) {
    const client = new pg.Client({ connectionString: postgres.urlFor(database) });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }
}

async function layFixtures(drive: Driver, servers: readonly Server[], size: Size): Promise<void> {
  for (const server of servers) {
    const { elapsedMs } = await drive({ kind: 'lay fixture', server, users: size.users });
    say(`${server.name}: ${size.users} users in ${Math.round(elapsedMs / 1000)} s`);
  }
}

/**
 * Stops every server but one, so that what a server does after its answers (compiling, collecting garbage, writing its
 * journal) falls into its own time and never into another's. Without a name all go on.
 */
function letRun(contestants: readonly Contestant[], name?: string): void {
  for (const { server, pid } of contestants) {
    if (pid !== undefined) process.kill(-pid, name === undefined || server.name === name ? 'SIGCONT' : 'SIGSTOP');
  }
}

/**
 * A warm-up for all, then the rounds: within one, each operation goes round the servers several times, and whoever has not
 * the turn is stopped. Short turns let a slow minute of the machine fall on all of them alike.
 */
async function compare(
  drive: Driver,
  contestants: readonly Contestant[],
  operations: readonly Operation[],
  size: Size,
  speeds: Map<string, Speeds>,
): Promise<void> {
  const servers = contestants.map(({ server }) => server);
  const measure = (server: string, operation: Operation, withinMs: number) =>
    drive({ kind: 'measure', server, operation, withinMs, atMost: AT_MOST });
  say('Warming up ...');
  for (const operation of operations)
    for (const server of servers) await measure(server.name, operation, size.warmUpMs);
  await atRest(contestants);
  for (let round = 0; round < size.rounds; round += 1) {
    say(`Round ${round + 1} of ${size.rounds} ...`);
    // Whoever goes first in one round goes last in the next.
    const order = servers.map((_, place) => servers[(place + round) % servers.length] as Server);
    for (const operation of operations) {
      const sums = new Map(order.map(({ name }) => [name, { count: 0, elapsedMs: 0 }]));
      for (let turn = 0; turn < size.turns; turn += 1)
        for (const { name } of order) {
          letRun(contestants, name);
          const { count, elapsedMs } = await measure(name, operation, size.turnMs);
          const sum = sums.get(name) as { count: number; elapsedMs: number };
          sum.count += count;
          sum.elapsedMs += elapsedMs;
        }
      for (const [name, { count, elapsedMs }] of sums) speeds.get(name)?.[operation].push((count * 1000) / elapsedMs);
    }
  }
  letRun(contestants);
}

/** Waits until nobody works any more: a server that compiles what it has just been warmed up with may finish it. */
async function atRest(contestants: readonly Contestant[]): Promise<void> {
  const pids = contestants.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  for (let before = cpuOf(pids), left = REST_SECONDS; left > 0; left -= 1) {
    await delay(1000);
    const now = cpuOf(pids);
    if (before === undefined || now === undefined || now - before < RESTING_MS) return;
    before = now;
  }
}

type Speeds = Record<Operation, number[]>;

function emptySpeeds(): Speeds {
  return Object.fromEntries(OPERATIONS.map((operation) => [operation, []])) as unknown as Speeds;
}

function print(speeds: Map<string, Speeds>, size: Size): number {
  const measured = {
    drawbridge: speeds.get('Drawbridge'),
    keycloak: speeds.get('Keycloak'),
    floor: speeds.get('floor'),
  } as Measured;
  const verdict = judge(measured);
  console.log(`${table(measured)}\n`);
  console.log(
    `8 connections, ${2 * size.users} users, ${size.rounds} rounds of ${size.turns} turns of ${size.turnMs / 1000} s each: median (slowest–fastest round); ${cpus().length} cores shared by servers, Postgres and load.`,
  );
  console.log(`Geometric mean of the ratios to Keycloak: ${meanRatio(measured).toFixed(1)}x`);
  console.log(['Verdict: ', verdict.kind, ...verdict.reasons.map((reason) => `\n  ${reason}`)].join(''));
  return { reached: 0, missed: 1, void: 3 }[verdict.kind];
}

const { values } = parseArgs({ options: { short: { type: 'boolean', default: false } } });
const stack = new AsyncDisposableStack();
process.once('SIGINT', () => void stack.disposeAsync().finally(() => process.exit(130)));
try {
  process.exitCode = await main(values.short ? SHORT : FULL, stack);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await stack.disposeAsync();
}
