// kill -9 of the bridge in the middle of a 5,000-operation push over 8 connections, ten times, with newcomers in each round
// (a kill cuts off accounts that are being made): what was acknowledged is there when it runs again, the push goes on to
// its end, and Keycloak ends equal.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { Database } from '../../src/db/database.ts';
import { createApiClient } from '../../src/dev/api-client.ts';
import { bridgeEnvironment } from '../../src/dev/bridge-process.ts';
import { findDrift } from '../../src/keycloak/drift.ts';
import { createKeycloak, type Keycloak } from '../../src/keycloak/keycloak.ts';
import { readBacklog } from '../../src/keycloak/projection-queries.ts';
import { Dice } from '../scim/hostile-values.ts';
import { eventuallyHolds } from '../support/eventually.ts';
import { keycloakAccount } from '../support/keycloak-state.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { contradictions, type Directory, newPeople, type Person, push } from './kill-push.ts';

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 10);
const OPERATIONS = 5_000;
const NEWCOMERS = 80;

let system: TestSystem;
let db: Database;
let keycloak: Keycloak;
let directory: Directory;
const people: Person[] = [];

beforeAll(async () => {
  system = await startSystem();
  const config = parseConfig(bridgeEnvironment(system.bridgeInput));
  db = new Database(config.database.workerUrl, { size: 2 });
  keycloak = createKeycloak(config, db)!;
  const scim = createApiClient(system.facts.scim.baseUrl, system.facts.scim.token);
  const { Resources } = await scim<{ Resources: { id: string }[] }>('GET', '/Groups?attributes=displayName&count=1');
  // a group that the demo maps to a team, so that its members move in Keycloak too
  directory = { ...system.facts.scim, groupId: Resources[0]!.id };
});
afterAll(async () => {
  await db?.close();
  await system?.[Symbol.asyncDispose]();
});

test.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
  'round %i',
  async (round) => {
    const killAfter = 500 + new Dice(round, 0).below(OPERATIONS - 1_000);
    const kill = () => system.bridge().kill();
    people.push(...newPeople(people.length, NEWCOMERS));
    const before = await push({ directory, people, round, from: 0, to: OPERATIONS, killAfter, kill });
    expect(before).toBeGreaterThanOrEqual(killAfter);
    expect(before).toBeLessThan(OPERATIONS);

    await system.restartBridge();
    expect(await contradictions(directory, people)).toEqual([]);

    const rest = await push({ directory, people, round, from: before, to: OPERATIONS });
    expect(rest).toBe(OPERATIONS - before);
    expect(await contradictions(directory, people)).toEqual([]);

    const worker = { query: db.realm.bind(db) };
    await eventuallyHolds(async () => expect(await readBacklog(worker)).toMatchObject({ due: 0, failing: 0 }), {
      withinMs: 180_000,
    });
    // read again where a call ran into its time limit: this many reads at once are no everyday load
    await eventuallyHolds(async () => expect(await findDrift(keycloak)).toEqual([]), { withinMs: 180_000 });
    for (const { known } of people.filter((_, place) => place % 16 === round)) {
      // who was deactivated before there was an account needs none
      const enabled = (await keycloakAccount(system, known.address))?.enabled ?? false;
      expect([known.address, enabled]).toEqual([known.address, known.active]);
    }
  },
  600_000,
);
