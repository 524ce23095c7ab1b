// The worker that drains the marks, against a real Keycloak behind a gate that can be shut.
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readAccount } from '../../src/keycloak/account.ts';
import { createKeycloakAdmin } from '../../src/keycloak/admin.ts';
import type { Keycloak } from '../../src/keycloak/keycloak.ts';
import { projectOrganization } from '../../src/keycloak/project-organization.ts';
import { claimMarks } from '../../src/keycloak/projection-store.ts';
import { ProjectionWorker } from '../../src/keycloak/projection-worker.ts';
import { withSubjectLock } from '../../src/keycloak/subject-lock.ts';
import { eventually } from '../support/eventually.ts';
import { openGate } from './gate.ts';
import { REALM_CONFIG, type Setup, setup } from './keycloak-setup.ts';

let t: Setup;
let gate: Awaited<ReturnType<typeof openGate>>;
let gated: Keycloak;
const workers: ProjectionWorker[] = [];

beforeAll(async () => {
  t = await setup();
  gate = await openGate(Number(new URL(t.realm.adminUrl).port));
  const account = (clientId: string) =>
    createKeycloakAdmin({
      url: gate.url,
      realm: t.realm.realm,
      credentials: { clientId, clientSecret: REALM_CONFIG.providerSecret },
    });
  gated = { ...t.keycloak, runtime: account('drawbridge-runtime'), connections: account('drawbridge-connections') };
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  gate.open();
});
afterAll(async () => {
  await gate.close();
  await t[Symbol.asyncDispose]();
});

function startWorker(keycloak = gated, slots = 4) {
  const worker = new ProjectionWorker(keycloak, pino({ level: 'silent' }), slots);
  workers.push(worker);
  worker.start();
  return worker;
}

async function markedMember(key: string, priority = 1) {
  const org = await t.organization(key);
  const person = await t.person(`ada@${key}.test`);
  const member = await t.member(org, person);
  await t.mark('organization', org);
  await t.mark('person', person, priority);
  return { org, person, member };
}

const read = async (person: string) => (await readAccount(t.root, await t.accountOf(person)))?.account;
const isDrained = async () => (await t.sql('select 1 from projection_due')).length === 0;
const db = () => ({ query: t.keycloak.db.realm.bind(t.keycloak.db) });

test('drains organizations and persons, and says that nothing is behind', async () => {
  const { person } = await markedMember('drained');
  const worker = startWorker();
  worker.kick();
  await eventually(isDrained);
  expect(await read(person)).toMatchObject({ enabled: true, organizations: { drained: ['/roles/member'] } });
  expect(await worker.lag()).toEqual({ due: 0, oldestSeconds: 0, failing: 0, reachable: true });
});

test('claims organizations first, then what takes access away, then the rest', async () => {
  const { org, person } = await markedMember('ordered');
  const other = await t.person('b@ordered.test');
  await t.mark('person', other, 0);
  const order: string[] = [];
  for (let claims = 0; claims < 3; claims++) order.push((await claimMarks(db(), [], 1, 60))[0]!.subjectId);
  expect(order).toEqual([org, other, person]);
  expect(await claimMarks(db(), [], 1, 60)).toEqual([]);
  await t.sql('delete from projection_due');
});

test('keeps a mark that was set again while it was worked on', async () => {
  const { person } = await markedMember('again');
  await t.sql(`delete from projection_due where kind = 'organization'`);
  const [mark] = await claimMarks(db(), [], 1, 60);
  await t.mark('person', person, 0);
  await claimMarks(db(), [mark!], 0, 60);
  const rows = await t.sql('select priority, claimed_until <= now() as free from projection_due');
  expect(rows).toEqual([{ priority: 0, free: true }]);
  await t.sql('delete from projection_due');
});

test('waits through an outage without counting it, and then everything is done', async () => {
  const worker = startWorker();
  const first = await markedMember('before-outage');
  await eventually(isDrained);
  gate.shut();
  await t.setStatus(first.member, 'suspended');
  await t.mark('person', first.person, 0);
  const second = await markedMember('in-outage');
  await eventually(async () => (await worker.lag()).reachable === false);
  expect((await t.sql('select attempts from projection_due')).every(({ attempts }) => Number(attempts) === 0)).toBe(
    true,
  );
  expect((await worker.lag()).due).toBe(3);
  gate.open();
  await eventually(isDrained);
  expect((await worker.lag()).reachable).toBe(true);
  expect(await read(first.person)).toMatchObject({ enabled: false });
  expect(await read(second.person)).toMatchObject({ enabled: true });
});

test('one subject that Keycloak refuses waits and holds up nobody', async () => {
  const refused = await t.organization('refused');
  await t.sql(`update domain_claim set domain = 'not a domain' where org_id = $1`, [refused]);
  await t.mark('organization', refused);
  const { person } = await markedMember('beside');
  const worker = startWorker(gated, 1);
  await eventually(async () => (await read(person))?.enabled);
  await eventually(async () => (await worker.lag()).failing === 1);
  const [mark] = await t.sql('select attempts, last_error from projection_due where subject_id = $1', [refused]);
  expect(Number(mark!.attempts)).toBeGreaterThan(0);
  expect(mark!.last_error).toContain('Keycloak refused');
  await t.sql(`update domain_claim set domain = 'refused.test' where org_id = $1`, [refused]);
  await t.mark('organization', refused);
  await eventually(isDrained);
});

test('two workers share the marks of many and lose none', async () => {
  const org = await t.organization('shared');
  const persons: string[] = [];
  for (let index = 0; index < 12; index++) {
    const person = await t.person(`p${index}@shared.test`);
    await t.member(org, person);
    await t.mark('person', person);
    persons.push(person);
  }
  startWorker();
  startWorker(t.keycloak);
  await eventually(isDrained, { withinMs: 30_000 });
  for (const person of persons)
    expect(await read(person)).toMatchObject({ organizations: { shared: ['/roles/member'] } });
});

test('among newcomers, whoever is in somebody’s way or locked goes alone and holds up nobody', async () => {
  const org = await t.organization('newcomers');
  const create = (name: string) =>
    t.root.call((api) => api.users.create({ username: name, email: name, enabled: true, emailVerified: true }));
  const squatter = await create('p1@newcomers.test');
  const persons: string[] = [];
  for (let index = 0; index < 4; index++) {
    const person = await t.person(`p${index}@newcomers.test`);
    await t.member(org, person);
    persons.push(person);
  }
  await projectOrganization(t.keycloak, org);
  for (const person of persons) await t.mark('person', person);
  const signedIn = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const signIn = withSubjectLock(t.keycloak.db, 'person', persons[2]!, () => {
    held.resolve();
    return signedIn.promise;
  });
  await held.promise;
  startWorker(t.keycloak, 8);
  const isDone = async (person: string) =>
    (await t.sql('select 1 from keycloak_projected where person_id = $1 and certain', [person])).length === 1;
  for (const index of [0, 1, 3]) await eventually(() => isDone(persons[index]!));
  expect(await t.accountOf(persons[2]!)).toBeUndefined();
  signedIn.resolve();
  await signIn;
  await eventually(isDrained);
  for (const person of persons) {
    expect(await read(person)).toMatchObject({ enabled: true, organizations: { newcomers: ['/roles/member'] } });
  }
  expect(await t.accountOf(persons[1]!)).not.toBe(squatter.id);
});
