// npm run bench:projection [-- --users 10000]: how fast pushed users reach Keycloak, beside a bare loop that makes the
// same admin calls with the same parallelism on an equal realm of the same Keycloak. Both take turns, and the bare loop
// has the first and the last, so that a machine or a Keycloak that gets slower or faster favours neither. Exit code 0 =
// mark reached.
import { cpus } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { scimUser } from '../src/dev/seed-demo.ts';
import { PROJECTION_SLOTS } from '../src/keycloak/projection-worker.ts';
import { makeBare } from './projection/bare.ts';
import { cpuOf } from './projection/cpu.ts';
import { buildWorld, type World } from './projection/world.ts';

const MARK = 0.8;
const WARM_UP = 400;
/** Turns of the push; the bare loop has one more, of which the first and the last are halves. */
const TURNS = 4;
const CONNECTIONS = 8;
const POLL_MS = 100;

const started = performance.now();
const say = (line: string) => console.error(`[${Math.round((performance.now() - started) / 1000)} s] ${line}`);

type Cpu = { readonly worker: number; readonly keycloak: number; readonly postgres: number };
type Stretch = { readonly people: number; readonly ms: number; readonly cpu: Cpu | undefined };

async function main(users: number, stack: AsyncDisposableStack): Promise<number> {
  const world = await buildWorld(stack, say);
  await drained(world);
  say('Warming up ...');
  await makeBare(world.bare, 0, WARM_UP, PROJECTION_SLOTS);
  await project(world, 'warm', WARM_UP / 2);
  const bareParts: Stretch[] = [];
  const pushedParts: Stretch[] = [];
  for (let turn = 0; turn <= TURNS; turn += 1) {
    const people = Math.round(users / TURNS / (turn % TURNS === 0 ? 2 : 1));
    say(`The bare loop, ${people} people ...`);
    bareParts.push(await bare(world, (turn + 1) * 1_000_000, people));
    if (turn === TURNS) break;
    say(`${users / TURNS} pushed users ...`);
    pushedParts.push(await project(world, `pushed-${turn}`, users / TURNS));
  }
  await verify(world, users);
  return print(pushedParts, bareParts);
}

function measure(world: World, people: number, ms: number, before: Cpu | undefined): Stretch {
  const now = cpuNow(world);
  const cpu = before &&
    now && {
      worker: now.worker - before.worker,
      keycloak: now.keycloak - before.keycloak,
      postgres: now.postgres - before.postgres,
    };
  return { people, ms, cpu };
}

function cpuNow({ pids }: World): Cpu | undefined {
  const [worker, keycloak, postgres] = [cpuOf(pids.drawbridge), cpuOf([pids.keycloak]), cpuOf([pids.postgres])];
  return worker === undefined || keycloak === undefined || postgres === undefined
    ? undefined
    : { worker, keycloak, postgres };
}

async function bare(world: World, from: number, people: number): Promise<Stretch> {
  const before = cpuNow(world);
  const ms = await makeBare(world.bare, from, from + people, PROJECTION_SLOTS);
  return measure(world, people, ms, before);
}

/** From the first mark to the last: pushes over 8 connections while the worker works, and waits for the rest. */
async function project(world: World, prefix: string, people: number): Promise<Stretch> {
  const before = cpuNow(world);
  const startedAt = performance.now();
  let next = 0;
  const lane = async () => {
    for (let number = next++; number < people; number = next++) await push(world, `${prefix}-${number}@bench.test`);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  say(`pushed within ${Math.round(performance.now() - startedAt)} ms`);
  await drained(world);
  return measure(world, people, performance.now() - startedAt, before);
}

async function push({ scim }: World, email: string): Promise<void> {
  const response = await fetch(`${scim.baseUrl}/Users`, {
    method: 'POST',
    headers: { authorization: `Bearer ${scim.token}`, 'content-type': 'application/scim+json' },
    body: JSON.stringify(scimUser({ email, givenName: 'Pushed', familyName: email })),
  });
  const text = await response.text();
  if (response.status !== 201) throw new Error(`The push failed: ${response.status} ${text.slice(0, 200)}`);
}

async function drained({ sql }: World): Promise<void> {
  while ((await sql('select 1 from projection_due limit 1')).length > 0) await delay(POLL_MS);
}

/** Nobody was left out, on either side: a rate counts only for what is really there. */
async function verify({ sql, bare: { organizationId } }: World, users: number): Promise<void> {
  const [row] = await sql(
    `select count(*) filter (where certain and desired #> '{account,organizations,bench}' ? '/roles/member') as n from keycloak_projected`,
  );
  const wanted = users + WARM_UP / 2;
  if (Number(row?.n) !== wanted) throw new Error(`Of ${wanted} people ${row?.n} were projected (${organizationId}).`);
}

/** The row of a table, and the rate of all its parts together. */
function summarize(what: string, parts: readonly Stretch[], columns: readonly (keyof Cpu)[]) {
  const sum = (pick: (part: Stretch) => number) => parts.reduce((total, part) => total + pick(part), 0);
  const people = sum((part) => part.people);
  const rate = (people * 1000) / sum(({ ms }) => ms);
  const each = (['worker', 'keycloak', 'postgres'] as const).map((part) =>
    columns.includes(part) && parts.every(({ cpu }) => cpu)
      ? (sum(({ cpu }) => cpu?.[part] ?? 0) / people).toFixed(1)
      : '–',
  );
  const rates = parts.map((part) => ((part.people * 1000) / part.ms).toFixed(0)).join(', ');
  return { rate, row: `| ${what} (${rates}) | ${rate.toFixed(1)} | ${each.join(' | ')} |` };
}

function print(pushedParts: readonly Stretch[], bareParts: readonly Stretch[]): number {
  const users = pushedParts.reduce((total, { people }) => total + people, 0);
  const pushed = summarize(`projection of ${users} pushed users`, pushedParts, ['worker', 'keycloak', 'postgres']);
  const bareLoop = summarize('bare loop', bareParts, ['keycloak', 'postgres']);
  console.log('| turn by turn | people/s | worker, CPU ms/person | Keycloak | Postgres |');
  console.log('| --- | ---: | ---: | ---: | ---: |');
  console.log(pushed.row);
  console.log(bareLoop.row);
  const share = pushed.rate / bareLoop.rate;
  console.log(`\n${PROJECTION_SLOTS} at a time, ${cpus().length} cores shared by all.`);
  console.log(`Verdict: ${share >= MARK ? 'reached' : 'missed'}, ${share.toFixed(2)} of the bare rate (mark ${MARK}).`);
  return share >= MARK ? 0 : 1;
}

const { values } = parseArgs({ options: { users: { type: 'string', default: '10000' } } });
const stack = new AsyncDisposableStack();
process.once('SIGINT', () => void stack.disposeAsync().finally(() => process.exit(130)));
try {
  process.exitCode = await main(Number(values.users), stack);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await stack.disposeAsync();
}
