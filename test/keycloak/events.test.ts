// The poll of Keycloak's events on a real Keycloak: what others change there is repaired, a password that an enforced person
// sets is deleted, a break-glass owner's sign-in proves and later alerts; through outages, restarts and two workers.
import { createHmac } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readAccount } from '../../src/keycloak/account.ts';
import { createKeycloakAdmin } from '../../src/keycloak/admin.ts';
import { readEventLag } from '../../src/keycloak/event-store.ts';
import { EventWorker } from '../../src/keycloak/event-worker.ts';
import type { Keycloak } from '../../src/keycloak/keycloak.ts';
import { projectPerson } from '../../src/keycloak/project-person.ts';
import { ProjectionWorker } from '../../src/keycloak/projection-worker.ts';
import { eventually, eventuallyHolds } from '../support/eventually.ts';
import { openGate } from './gate.ts';
import { REALM_CONFIG, type Setup, setup } from './keycloak-setup.ts';
import { createBrowser, SIGNED_IN, startSignIn } from './open-session.ts';

const PASSWORD = 'correct horse battery staple';
const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' });

let t: Setup;
const workers: { stop(): Promise<void> }[] = [];
beforeAll(async () => {
  t = await setup();
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.stop()));
  await t.sql('delete from projection_due');
});
afterAll(() => t[Symbol.asyncDispose]());

function follow(keycloak: Keycloak = t.keycloak) {
  const worker = new EventWorker(keycloak, { clock: { now: () => new Date() }, log }, 50);
  workers.push(worker);
  worker.start();
  return worker;
}

function projecting() {
  const worker = new ProjectionWorker(t.keycloak, log);
  workers.push(worker);
  worker.start();
}

async function memberOf(key: string) {
  const org = await t.organization(key);
  const person = await t.person(`ada@${key}.test`);
  const member = await t.member(org, person);
  await projectPerson(t.keycloak, person, { endSessions: true });
  return { org, person, member, id: await t.accountOf(person) };
}

const read = async (person: string) => (await readAccount(t.root, await t.accountOf(person)))?.account;
const marksOf = (id: string) => t.sql('select priority from projection_due where subject_id = $1', [id]);
const polledSince = async (at: Date) =>
  (await t.sql('select min(polled_at) > $1 as yes from keycloak_cursor having count(*) = 2', [at]))[0]?.yes as unknown;

/** Everything that has happened so far was read by a poll that began afterwards. */
async function caughtUp(): Promise<void> {
  const at = new Date();
  await eventually(() => polledSince(at));
}

describe('what others change in Keycloak', () => {
  test('is repaired: an account deleted, switched off, put into a group or an organization', async () => {
    follow();
    projecting();
    const { person, id } = await memberOf('drift');
    const foreign = await t.organization('foreign');
    await t.mark('organization', foreign);
    await eventually(async () => (await t.sql(`select 1 from keycloak_id where id = $1`, [foreign])).length > 0);
    const untouched = await read(person);
    const orgId = async (alias: string) =>
      (await t.root.call((api) => api.organizations.find({ search: alias, exact: true })))[0]!.id!;
    const own = await orgId('drift');
    const groups = await t.root.call((api) => api.organizations.groups(own).find({ first: 0, max: 10 }));
    const groupId = groups.find(({ name }) => name === 'engineering')!.id!;
    const changes: (() => Promise<unknown>)[] = [
      () => t.root.call((api) => api.users.update({ id }, { enabled: false })),
      () => t.root.call((api) => api.organizations.groups(own).addMemberToOrgGroup({ groupId, userId: id })),
      async () => {
        const other = await orgId('foreign');
        await t.root.call((api) => api.organizations.addMember({ orgId: other, userId: id }));
      },
      () => t.root.call((api) => api.organizations.delMember({ orgId: own, userId: id })),
    ];
    const projectedAt = async () =>
      (await t.sql('select projected_at from keycloak_projected where person_id = $1', [person]))[0]!.projected_at!;
    for (const change of changes) {
      const before = await projectedAt();
      await change();
      await eventually(async () => (await projectedAt()) > before);
      expect(await read(person)).toEqual(untouched);
    }
    await t.root.call((api) => api.users.del({ id }));
    await eventually(async () => (await t.accountOf(person)) !== id && (await read(person))?.enabled);
  });

  test('marks the organization whose group, shell or provider somebody changed', async () => {
    follow();
    const { org } = await memberOf('shell');
    await caughtUp();
    const [found] = await t.root.call((api) => api.organizations.find({ search: 'shell', exact: true }));
    await t.root.call((api) => api.organizations.updateById({ id: found!.id! }, { ...found, description: 'by hand' }));
    await eventuallyHolds(async () => expect(await marksOf(org)).toHaveLength(1));
  });

  test('what we do ourselves is no news', async () => {
    follow();
    await caughtUp();
    const { org, person } = await memberOf('own');
    await caughtUp();
    expect([...(await marksOf(org)), ...(await marksOf(person))]).toEqual([]);
  });
});

test('a password that an administrator of Keycloak sets for an enforced person is deleted, anybody else keeps theirs', async () => {
  follow();
  projecting();
  const held = await memberOf('held');
  const free = await memberOf('free');
  await t.sql(`update organization set sso_enforcement = 'enforced', sso_enforced_at = now() where org_id = $1`, [
    held.org,
  ]);
  await projectPerson(t.keycloak, held.person, { endSessions: true });
  const passwordsOf = async (id: string) =>
    (await t.root.call((api) => api.users.getCredentials({ id }))).filter(({ type }) => type === 'password').length;
  for (const { id } of [free, held]) await setPassword(id);
  await eventuallyHolds(async () => expect(await passwordsOf(held.id)).toBe(0));
  expect(await passwordsOf(free.id)).toBe(1);
  await eventuallyHolds(async () => {
    const events = await t.sql('select action from audit_event where org_id = $1', [held.org]);
    expect(events).toEqual([{ action: 'member.password_deleted' }]);
  });
});

/** The person's own way (`kc_action`) is in enforcement.test.ts. */
async function setPassword(id: string): Promise<void> {
  const credential = { type: 'password', value: PASSWORD, temporary: false };
  await t.root.call((api) => api.users.resetPassword({ id, credential }));
}

describe('a break-glass owner', () => {
  const stateOf = async (member: string) =>
    (
      await t.sql(
        'select proved_at is not null as proved, last_used_at is not null as used from break_glass where member_id = $1',
        [member],
      )
    )[0];

  test('is proved by signing in with password and second factor, and a later session alerts the others', async () => {
    const { org, person, member, id } = await memberOf('glass');
    await t.sql(`update role set full_control = true where org_id = $1 and key = 'member'`, [org]);
    const other = await t.person('other@glass.test');
    const watcher = await t.member(org, other);
    await t.sql(`update member set address = 'other@glass.test' where id = $1`, [watcher]);
    await setPassword(id);
    follow();
    await caughtUp();
    const before = await signInWithCode('ada@glass.test');
    expect(before.asked).toBe(false);
    await t.sql(`insert into break_glass (org_id, member_id, named_by, named_at) values ($1, $2, '{}', now())`, [
      org,
      member,
    ]);
    await t.sql('select demand_logout($1)', [person]);
    await projectPerson(t.keycloak, person, { endSessions: true });
    await caughtUp();
    expect(await stateOf(member)).toEqual({ proved: false, used: false });
    const first = await signInWithCode('ada@glass.test');
    expect(first.asked).toBe(true);
    await eventuallyHolds(async () => expect(await stateOf(member)).toEqual({ proved: true, used: false }));
    await signInWithCode('ada@glass.test', first.secret);
    await eventuallyHolds(async () => expect(await stateOf(member)).toEqual({ proved: true, used: true }));
    await caughtUp();
    const events = await t.sql('select action from audit_event where org_id = $1 order by id', [org]);
    expect(events.map(({ action }) => action)).toEqual(['break_glass.proved', 'alert.break_glass_used']);
    const jobs = await t.sql(
      `select payload from graphile_worker._private_jobs j join graphile_worker._private_tasks k on k.id = j.task_id
        where k.identifier = 'send_mail'`,
    );
    expect(jobs).toMatchObject([{ payload: { template: 'break_glass_used', ownerId: member, memberId: watcher } }]);
  });
});

/** Signs in by password, and by one-time code where it is asked for: set up, or given by `secret`. */
async function signInWithCode(address: string, known?: string) {
  const browser = createBrowser();
  const start = await startSignIn(t);
  const first = await browser.go(start.url);
  const second = await browser.submit(first.page, { username: address });
  const third = await browser.submit(second.page, { username: address, password: PASSWORD });
  if (SIGNED_IN.test(third.url)) return { asked: false, secret: undefined };
  const secret = known ?? /name="totpSecret"[^>]*value="([^"]+)"/.exec(third.page)?.[1] ?? '';
  const code = oneTimeCode(secret);
  const fields: Record<string, string> = known
    ? { otp: code }
    : { totp: code, totpSecret: secret, userLabel: 'test', 'logout-sessions': '' };
  const end = await browser.submit(third.page, fields);
  if (!SIGNED_IN.test(end.url))
    throw new Error(
      `no code: ${end.page
        .replace(/<[^>]+>/g, ' ')
        .replace(/\s+/g, ' ')
        .slice(0, 1500)}`,
    );
  return { asked: true, secret };
}

/** RFC 6238 with Keycloak's defaults; its secret is the key's octets. A code counts once, so each sign-in takes the next. */
let steps = -1;
function oneTimeCode(secret: string): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps++));
  const digest = createHmac('sha1', secret).update(counter).digest();
  const offset = digest[19]! & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

describe('the poll', () => {
  test('loses nothing through an outage and a restart, and takes nothing twice', async () => {
    const gate = await openGate(Number(new URL(t.realm.adminUrl).port));
    const credentials = { clientId: 'drawbridge-runtime', clientSecret: REALM_CONFIG.providerSecret };
    const runtime = createKeycloakAdmin({ url: gate.url, realm: t.realm.realm, credentials });
    const gated = { ...t.keycloak, runtime };
    const { person, id } = await memberOf('outage');
    const first = follow(gated);
    await caughtUp();
    gate.shut();
    await t.root.call((api) => api.users.update({ id }, { enabled: false }));
    await first.stop();
    expect(await marksOf(person)).toEqual([]);
    follow(gated);
    gate.open();
    await eventuallyHolds(async () => expect(await marksOf(person)).toEqual([{ priority: 0 }]));
    await t.sql('delete from projection_due');
    await caughtUp();
    await caughtUp();
    expect(await marksOf(person)).toEqual([]);
    await gate.close();
  });

  test('two workers read each event once', async () => {
    follow();
    follow();
    const { id, person } = await memberOf('pair');
    await caughtUp();
    await t.root.call((api) => api.users.update({ id }, { enabled: false }));
    await eventually(async () => (await marksOf(person)).length);
    await t.sql('delete from projection_due');
    await caughtUp();
    await caughtUp();
    expect(await marksOf(person)).toEqual([]);
  });

  test('says how far behind it is', async () => {
    const db = { query: t.keycloak.db.realm.bind(t.keycloak.db) };
    follow();
    await caughtUp();
    await Promise.all(workers.splice(0).map((worker) => worker.stop()));
    await t.sql(`update keycloak_cursor set polled_at = now() - interval '90 seconds' where stream = 'admin'`);
    expect(Math.round((await readEventLag(db)) ?? 0)).toBe(90);
  });
});
