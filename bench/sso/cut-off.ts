// How long a deactivated person's Keycloak session lives on: from sending the directory's active=false (the commit falls
// between that and its answer) until Keycloak refuses the access token. One person at a time on a quiet system, and then
// in front of a push whose people wait for Keycloak: revocations come first. `node bench/sso/cut-off.ts` runs it alone.
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { createApiClient } from '../../src/dev/api-client.ts';
import { scimUser } from '../../src/dev/seed-demo.ts';
import { administratorOf } from '../../src/keycloak/bootstrap.ts';
import { openSession } from '../../test/keycloak/open-session.ts';
import { buildWorld, type World } from '../projection/world.ts';

const ALONE = 100;
const IN_FRONT = 40;
const PUSH = 10_000;
const PUSH_LANES = 8;
/** So many must wait before somebody's place in front of them is worth measuring. */
const WAITING_MIN = 5_000;
const POLL_MS = 5;
const MARK_MS = 1_000;

type Spread = { readonly people: number; readonly p50: number; readonly p99: number; readonly max: number };

export type CutOffFigures = {
  readonly alone: Spread;
  /** `waiting` = how many were in the queue before each of them, on average. */
  readonly inFront: Spread & { readonly waiting: number };
  /** Whether the 99th percentile of one person at a time is below a second. */
  readonly reached: boolean;
};

export async function measureCutOff(stack: AsyncDisposableStack, say: (line: string) => void): Promise<CutOffFigures> {
  const world = await buildWorld(stack, say);
  say(`${ALONE + IN_FRONT} people sign in ...`);
  const people = await signedIn(world, ALONE + IN_FRONT);
  say('One deactivation at a time ...');
  const alone: number[] = [];
  for (const person of people.slice(0, ALONE)) alone.push(await cutOff(world, person));
  say(`The same while ${PUSH} users are pushed ...`);
  const stopping = new AbortController();
  const pushing = push(world, stopping.signal);
  while ((await waiting(world)) < WAITING_MIN) await delay(100);
  const inFront: number[] = [];
  let queue = 0;
  for (const person of people.slice(ALONE)) {
    queue += await waiting(world);
    inFront.push(await cutOff(world, person));
  }
  stopping.abort();
  await pushing;
  const quiet = spreadOf(alone);
  return {
    alone: quiet,
    inFront: { ...spreadOf(inFront), waiting: Math.round(queue / IN_FRONT) },
    reached: quiet.p99 < MARK_MS,
  };
}

type Person = { readonly member: string; isAlive(): Promise<boolean> };

async function signedIn(world: World, count: number): Promise<Person[]> {
  const scim = createApiClient(world.scim.baseUrl, world.scim.token);
  const members = new Map<string, string>();
  for (let number = 0; number < count; number++) {
    const email = `signed-in-${number}@bench.test`;
    const user = await scim<{ id: string }>('POST', '/Users', scimUser({ email, givenName: 'S', familyName: 'I' }));
    members.set(email, user.id);
  }
  while ((await waiting(world)) > 0) await delay(100);
  const accounts = await world.sql(
    `select m.address, k.keycloak_id from member m join keycloak_id k on k.kind = 'person' and k.id = m.person_id`,
  );
  const root = administratorOf(world.realm);
  const people: Person[] = [];
  for (const { address, keycloak_id: account } of accounts) {
    const { isAlive } = await openSession({ realm: world.realm, root }, account ?? '');
    if (!(await isAlive())) throw new Error(`${address} has no session`);
    people.push({ member: members.get(address ?? '') ?? '', isAlive });
  }
  return people;
}

/** Milliseconds until the session is dead. */
async function cutOff({ scim }: World, { member, isAlive }: Person): Promise<number> {
  const sentAt = performance.now();
  await createApiClient(scim.baseUrl, scim.token)('PATCH', `/Users/${member}`, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'replace', value: { active: false } }],
  });
  while (await isAlive()) await delay(POLL_MS);
  return performance.now() - sentAt;
}

async function push({ scim }: World, stop: AbortSignal): Promise<void> {
  const client = createApiClient(scim.baseUrl, scim.token);
  let next = 0;
  const lane = async () => {
    for (let number = next++; number < PUSH && !stop.aborted; number = next++) {
      const email = `pushed-${number}@bench.test`;
      await client('POST', '/Users', scimUser({ email, givenName: 'Pushed', familyName: String(number) }));
    }
  };
  await Promise.all(Array.from({ length: PUSH_LANES }, lane));
}

async function waiting({ sql }: World): Promise<number> {
  return Number((await sql('select count(*) as n from projection_due'))[0]?.n);
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(Math.ceil(sorted.length * share), sorted.length) - 1] ?? Number.NaN;
  return { people: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}

export function cutOffTable({ alone, inFront }: CutOffFigures): string[] {
  const row = (name: string, { people, p50, p99, max }: Spread) =>
    `| ${name} | ${people} | ${p50.toFixed(0)} | ${p99.toFixed(0)} | ${max.toFixed(0)} |`;
  return [
    '| from active=false to a dead Keycloak session | people | p50, ms | p99, ms | max, ms |',
    '|---|--:|--:|--:|--:|',
    row('one at a time', alone),
    row(`in front of ${inFront.waiting} that wait`, inFront),
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await using stack = new AsyncDisposableStack();
  const started = performance.now();
  const say = (line: string) => console.error(`[${Math.round((performance.now() - started) / 1000)} s] ${line}`);
  const figures = await measureCutOff(stack, say);
  console.log(cutOffTable(figures).join('\n'));
  console.log(`\nVerdict: ${figures.reached ? 'reached' : 'missed'} (mark: p99 of one at a time < ${MARK_MS} ms).`);
  process.exitCode = figures.reached ? 0 : 1;
}
