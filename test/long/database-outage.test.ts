// The database goes away in the middle of a push, killed with -9 or by losing every connection as in a failover: the
// bridge lives through it, says so, loses nothing that was acknowledged, and mail and Keycloak follow afterwards. The
// Postgres is this test's own and durable, so that killing it is real.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { Database } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { prepareDatabase } from '../../src/db/prepare.ts';
import { createApiClient } from '../../src/dev/api-client.ts';
import { bridgeEnvironment } from '../../src/dev/bridge-process.ts';
import { findFreePort } from '../../src/dev/ports.ts';
import { type LocalPostgres, startPostgres } from '../../src/dev/postgres.ts';
import { findDrift } from '../../src/keycloak/drift.ts';
import { createKeycloak } from '../../src/keycloak/keycloak.ts';
import { readBacklog } from '../../src/keycloak/projection-queries.ts';
import { eventuallyHolds } from '../support/eventually.ts';
import { mailTo } from '../support/person.ts';
import { runAsAdmin, TEST_PASSWORDS } from '../support/shared-parts.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { contradictions, type Directory, newPeople, type Person, push } from './kill-push.ts';

const OPERATIONS = 2_000;
const NEWCOMERS = 40;
const CUTS = 10;

let folder: string;
let port: number;
let postgres: LocalPostgres;
let system: TestSystem;
let directory: Directory;
const people: Person[] = [];

const startOwnPostgres = () => startPostgres({ dataDir: join(folder, 'postgres'), port, log: () => {} });

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drawbridge-outage-'));
  chmodSync(folder, 0o755);
  port = await findFreePort();
  postgres = await startOwnPostgres();
  const databases = await prepareDatabase(postgres.adminUrl, 'drawbridge', TEST_PASSWORDS);
  await migrate(databases.ownerUrl);
  system = await startSystem({ databases });
  const scim = createApiClient(system.facts.scim.baseUrl, system.facts.scim.token);
  const { Resources } = await scim<{ Resources: { id: string }[] }>('GET', '/Groups?attributes=displayName&count=1');
  directory = { ...system.facts.scim, groupId: Resources[0]!.id };
}, 240_000);
afterAll(async () => {
  await system?.[Symbol.asyncDispose]();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const ready = async () => (await fetch(`${system.facts.baseUrl}/readyz`)).status;

async function killAndStart(): Promise<void> {
  await postgres.kill();
  await eventuallyHolds(async () => expect(await ready()).toBe(503));
  // a backend may outlive its server by a moment, and answer
  await eventuallyHolds(async () => {
    const answer = await fetch(`${directory.baseUrl}/Users?count=1`, {
      headers: { authorization: `Bearer ${directory.token}` },
    });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ status: '503', detail: expect.stringContaining('repeat it') });
  });
  postgres = await startOwnPostgres();
}

/** Ends every connection there is, and those that come instead, ten times over. */
async function cutAll(): Promise<void> {
  for (let cut = 0; cut < CUTS; cut += 1) {
    await runAsAdmin(
      postgres.adminUrl,
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = 'drawbridge'`,
    );
  }
}

test.each([
  ['killed with -9', killAndStart],
  ['losing every connection', cutAll],
  ['killed with -9 once more', killAndStart],
  ['losing every connection once more', cutAll],
])(
  'the database %s in mid-push',
  async (_how, breakIt) => {
    const round = people.length;
    const { pid } = system.bridge();
    people.push(...newPeople(people.length, NEWCOMERS));
    const killAfter = OPERATIONS / 4;
    const before = await push({
      directory,
      people,
      round,
      from: 0,
      to: OPERATIONS,
      killAfter,
      kill: breakIt,
      isOutage: true,
    });
    expect(before).toBeGreaterThanOrEqual(killAfter);
    await eventuallyHolds(async () => expect(await ready()).toBe(200), { withinMs: 60_000 });
    expect([system.bridge().pid, system.bridge().isRunning()]).toEqual([pid, true]);
    expect(await contradictions(directory, people)).toEqual([]);

    await push({ directory, people, round, from: before, to: OPERATIONS });
    expect(await contradictions(directory, people)).toEqual([]);

    const api = createApiClient(system.facts.api.baseUrl, system.facts.api.ownerKey);
    const guest = `guest-${round}@elsewhere.test`;
    await api('POST', '/v1/organizations/acme/invitations', { email: guest, role: 'member' });
    expect((await mailTo(system, guest)).text).toContain(system.facts.baseUrl);

    const config = parseConfig(bridgeEnvironment(system.bridgeInput));
    const db = new Database(config.database.workerUrl, { size: 2 });
    try {
      const worker = { query: db.realm.bind(db) };
      await eventuallyHolds(async () => expect(await readBacklog(worker)).toMatchObject({ due: 0, failing: 0 }), {
        withinMs: 120_000,
      });
      await eventuallyHolds(async () => expect(await findDrift(createKeycloak(config, db)!)).toEqual([]), {
        withinMs: 60_000,
      });
    } finally {
      await db.close();
    }
  },
  300_000,
);
