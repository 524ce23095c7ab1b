// kill -9 in mid-sync: whatever was acknowledged is there afterwards, and Keycloak ends equal. Bridge and Keycloak are
// processes of their own here, so that killing them is real.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { Database } from '../../src/db/database.ts';
import { createApiClient } from '../../src/dev/api-client.ts';
import { bridgeEnvironment, startBridge } from '../../src/dev/bridge-process.ts';
import { findFreePort } from '../../src/dev/ports.ts';
import { scimUser } from '../../src/dev/seed-demo.ts';
import { findDrift } from '../../src/keycloak/drift.ts';
import { createKeycloak } from '../../src/keycloak/keycloak.ts';
import { eventuallyHolds } from '../support/eventually.ts';
import { type OwnKeycloak, startOwnKeycloak } from '../support/keycloak.ts';
import { keycloakAccount } from '../support/keycloak-state.ts';
import { startSystem, type TestSystem } from '../support/system.ts';

const CONNECTIONS = 8;
const USERS = 160;

let keycloak: OwnKeycloak;
let system: TestSystem;
beforeAll(async () => {
  keycloak = await startOwnKeycloak();
  system = await startSystem({ keycloak });
}, 240_000);
afterAll(async () => {
  await system?.[Symbol.asyncDispose]();
  await keycloak?.[Symbol.asyncDispose]();
});

const addressAt = (index: number, prefix: string) => `${prefix}-${index}@acme.test`;

/** Pushes users over 8 connections; calls `at` once when half of them are acknowledged. Answers who was acknowledged. */
async function push(prefix: string, at: () => Promise<void>): Promise<Set<string>> {
  const acknowledged = new Set<string>();
  let next = 0;
  let fired: Promise<void> | undefined;
  const lane = async () => {
    for (let index = next++; index < USERS; index = next++) {
      const email = addressAt(index, prefix);
      const response = await fetch(`${system.facts.scim.baseUrl}/Users`, {
        method: 'POST',
        headers: { authorization: `Bearer ${system.facts.scim.token}`, 'content-type': 'application/scim+json' },
        body: JSON.stringify(scimUser({ email, givenName: 'U', familyName: String(index) })),
      }).catch(() => undefined);
      if (response?.status === 201) acknowledged.add(email);
      await response?.arrayBuffer().catch(() => {});
      if (acknowledged.size >= USERS / 2) fired ??= at();
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  await fired;
  return acknowledged;
}

async function driftOf(): Promise<number> {
  const config = parseConfig(bridgeEnvironment(system.bridgeInput));
  const db = new Database(config.database.workerUrl, { size: 2 });
  try {
    return (await findDrift(createKeycloak(config, db)!)).length;
  } finally {
    await db.close();
  }
}

async function everybodyIsThere(acknowledged: ReadonlySet<string>): Promise<void> {
  const scim = createApiClient(system.facts.scim.baseUrl, system.facts.scim.token);
  for (const email of acknowledged) {
    const { totalResults } = await scim<{ totalResults: number }>(
      'GET',
      `/Users?filter=${encodeURIComponent(`userName eq "${email}"`)}`,
    );
    expect(totalResults, email).toBe(1);
  }
}

test('the bridge killed with -9 in mid-push: nothing acknowledged is lost, and Keycloak ends equal', async () => {
  const acknowledged = await push('bridge', () => system.bridge().kill());
  expect(acknowledged.size).toBeGreaterThanOrEqual(USERS / 2);
  expect(acknowledged.size).toBeLessThan(USERS);
  await system.restartBridge();
  await everybodyIsThere(acknowledged);
  const last = [...acknowledged].at(-1)!;
  await eventuallyHolds(async () => expect(await keycloakAccount(system, last)).toMatchObject({ enabled: true }), {
    withinMs: 60_000,
  });
  await eventuallyHolds(async () => expect(await driftOf()).toBe(0), { withinMs: 60_000 });
}, 180_000);

test('Keycloak killed with -9 in mid-push: SCIM goes on, /readyz says degraded, and afterwards Keycloak ends equal', async () => {
  const acknowledged = await push('keycloak', () => keycloak.kill());
  expect(acknowledged.size).toBe(USERS);
  const readyz = () => fetch(`${system.facts.baseUrl}/readyz`);
  expect((await readyz()).status).toBe(200);
  await everybodyIsThere(acknowledged);
  await eventuallyHolds(
    async () => {
      const ready = await readyz();
      expect(ready.status).toBe(200);
      const waits = expect.stringMatching(/^\d+ changes wait for Keycloak/);
      expect((await ready.json()).degraded).toContainEqual({ part: 'keycloak', reason: waits });
    },
    { withinMs: 90_000 },
  );
  await keycloak.start();
  await eventuallyHolds(async () => expect(await driftOf()).toBe(0), { withinMs: 90_000 });
  const last = [...acknowledged].at(-1)!;
  expect(await keycloakAccount(system, last)).toMatchObject({ enabled: true });
}, 240_000);

test('a second web process that is killed takes nothing with it', async () => {
  const port = await findFreePort();
  const second = await startBridge({
    ...system.bridgeInput,
    role: 'web',
    port,
    logFile: `${system.bridgeInput.logFile}.second`,
  });
  const scim = createApiClient(`http://127.0.0.1:${port}/scim/v2`, system.facts.scim.token);
  const user = await scim<{ id: string }>(
    'POST',
    '/Users',
    scimUser({ email: 'second@acme.test', givenName: 'S', familyName: 'Econd' }),
  );
  await second.kill();
  const first = createApiClient(system.facts.scim.baseUrl, system.facts.scim.token);
  expect(await first('GET', `/Users/${user.id}`)).toMatchObject({ userName: 'second@acme.test' });
  await eventuallyHolds(async () =>
    expect(await keycloakAccount(system, 'second@acme.test')).toMatchObject({ enabled: true }),
  );
});
