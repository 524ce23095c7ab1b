// Single sign-on that is enforced, on a real Keycloak: which doors are shut, what becomes of a password that is set all
// the same, whom it does not hold, and the way back.

import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startMailbox } from '../../src/dev/mailbox.ts';
import { findFreePort } from '../../src/dev/ports.ts';
import { readAccount } from '../../src/keycloak/account.ts';
import { bootstrapRealm, type RealmConfig } from '../../src/keycloak/bootstrap.ts';
import { EventWorker } from '../../src/keycloak/event-worker.ts';
import { projectPerson } from '../../src/keycloak/project-person.ts';
import { noteUncertain } from '../../src/keycloak/projection-store.ts';
import { ProjectionWorker } from '../../src/keycloak/projection-worker.ts';
import { eventually, eventuallyHolds } from '../support/eventually.ts';
import { REALM_CONFIG, type Setup, setup } from './keycloak-setup.ts';
import { createBrowser, openSession, SIGNED_IN, startSignIn } from './open-session.ts';
import { startToldProvider } from './told-provider.ts';

const PASSWORD = 'correct horse battery staple';

let t: Setup;
let provider: Awaited<ReturnType<typeof startToldProvider>>;
let config: RealmConfig;
let mailbox: Awaited<ReturnType<typeof startMailbox>>;
beforeAll(async () => {
  const [smtpPort, httpPort] = [await findFreePort(), await findFreePort()];
  mailbox = await startMailbox({ smtpPort, httpPort });
  provider = await startToldProvider(REALM_CONFIG.providerSecret);
  const smtp = { url: `smtp://127.0.0.1:${smtpPort}`, from: 'Drawbridge <no-reply@drawbridge.test>' };
  config = { ...REALM_CONFIG, baseUrl: provider.baseUrl, smtp };
  t = await setup(config);
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
  await provider.close();
  await mailbox.stop();
});

const project = (person: string, endSessions = true) => projectPerson(t.keycloak, person, { endSessions });
const read = async (person: string) => (await readAccount(t.root, await t.accountOf(person)))!.account;
const passwordsOf = async (person: string) => {
  const id = await t.accountOf(person);
  return (await t.root.call((api) => api.users.getCredentials({ id }))).filter(({ type }) => type === 'password');
};

async function memberOf(key: string, address = `ada@${key}.test`) {
  const org = await t.organization(key);
  await t.connection(org);
  const person = await t.person(address);
  const member = await t.member(org, person);
  await project(person);
  return { org, person, member, address };
}

async function setPassword(person: string): Promise<void> {
  const id = await t.accountOf(person);
  const credential = { type: 'password', value: PASSWORD, temporary: false };
  await t.root.call((api) => api.users.resetPassword({ id, credential }));
}

/** What the use case writes; gives how many people are due. */
async function enforce(org: string, guests: 'exempt' | 'held' = 'exempt'): Promise<number> {
  await t.sql(
    `update organization set sso_enforcement = 'enforced', sso_enforced_at = now(), sso_guests = $2 where org_id = $1`,
    [org, guests],
  );
  const [row] = await t.sql('select mark_people_of_organization($1) as due', [org]);
  return Number(row!.due);
}

async function endEnforcement(org: string): Promise<void> {
  await t.sql(`update organization set sso_enforcement = 'off', sso_enforced_at = null where org_id = $1`, [org]);
}

/** Types address and password into Keycloak's pages. */
async function signInByPassword(address: string) {
  const browser = createBrowser();
  const first = await browser.go((await startSignIn(t)).url);
  const second = await browser.submit(first.page, { username: address });
  return browser.submit(second.page, { username: address, password: PASSWORD });
}

/** Types the address; gives where it leads. */
async function typeAddress(address: string, parameters: Record<string, string> = {}) {
  const browser = createBrowser();
  const start = await startSignIn(t, parameters);
  const first = await browser.go(start.url);
  return { browser, start, end: await browser.submit(first.page, { username: address }) };
}

function tellCompany(person: string, address: string): void {
  const claims = { sub: person, email: address, email_verified: true, given_name: 'Ada', family_name: 'Lovelace' };
  provider.tell({ ...claims, db_connection: 'company', db_login_at: '1800000000' });
}

describe('enforcing', () => {
  test('gives the role, deletes passwords, ends password sessions, and the company is the way in', async () => {
    const { org, person, address } = await memberOf('closed');
    const session = await openSession(t, await t.accountOf(person));
    expect(await session.isAlive()).toBe(true);
    expect(await enforce(org)).toBe(1);
    await project(person);
    expect(await read(person)).toMatchObject({ roles: ['sso-enforced'], firstFactors: 'none', links: ['sso-closed'] });
    expect([await session.isAlive(), await session.isOfflineAlive()]).toEqual([false, false]);
    tellCompany(person, address);
    expect((await typeAddress(address)).end.url).toMatch(SIGNED_IN);
  });

  test('is recorded, and nothing but the company proves the person from then on', async () => {
    const { org, person, member } = await memberOf('recorded');
    await setPassword(person);
    await t.sql('update person set has_credential = true where id = $1', [person]);
    await enforce(org);
    await project(person);
    const events = await t.sql('select action, subject_id from audit_event where org_id = $1', [org]);
    expect(events).toEqual([{ action: 'member.password_deleted', subject_id: member }]);
    expect(await t.sql('select has_credential from person where id = $1', [person])).toEqual([
      { has_credential: false },
    ]);
  });

  test('is done once: the next run calls nothing, and one that broke off is taken up', async () => {
    const { org, person } = await memberOf('repeated');
    await setPassword(person);
    await enforce(org);
    const id = await t.accountOf(person);
    // as if a run had died between the role and the password
    const lacking = await t.root.call((api) => api.users.listAvailableRealmRoleMappings({ id }));
    const role = lacking.find(({ name }) => name === 'sso-enforced')!;
    await t.root.call((api) => api.users.addRealmRoleMappings({ id, roles: [{ id: role.id!, name: role.name! }] }));
    await noteUncertain({ query: t.keycloak.db.realm.bind(t.keycloak.db) }, person);
    await project(person);
    expect(await passwordsOf(person)).toEqual([]);
    expect(await t.sql('select certain from keycloak_projected where person_id = $1', [person])).toEqual([
      { certain: true },
    ]);
  });

  test('a new person of an enforcing organization is made without a password to set, and signs in at once', async () => {
    const { org } = await memberOf('newcomer');
    await enforce(org);
    const person = await t.person('grace@newcomer.test', 'Grace', true);
    await t.member(org, person);
    await project(person, false);
    const user = await t.root.call(async (api) => api.users.findOne({ id: await t.accountOf(person) }));
    expect(user?.requiredActions).toEqual([]);
    expect(await read(person)).toMatchObject({ roles: ['sso-enforced'], links: ['sso-newcomer'] });
    const [row] = await t.sql(`select desired -> 'owesLogout' as owes from keycloak_projected where person_id = $1`, [
      person,
    ]);
    expect(row).toEqual({ owes: false });
  });

  test('ends with the role taken back, and a mailed reset sets a password again', async () => {
    const { org, person, address } = await memberOf('reopened');
    await enforce(org);
    await project(person);
    await endEnforcement(org);
    await project(person);
    expect(await read(person)).toMatchObject({ roles: [] });
    const { browser, page } = await followResetLink(address);
    expect(page.page).toContain('password-new');
    await browser.submit(page.page, { 'password-new': PASSWORD, 'password-confirm': PASSWORD });
    expect((await signInByPassword(address)).url).toMatch(SIGNED_IN);
  });
});

/** Keycloak's "forgot password", asked for and followed in one browser. */
async function followResetLink(address: string) {
  const { realm, adminUrl } = t.realm;
  const browser = createBrowser();
  await browser.go((await startSignIn(t)).url);
  const form = await browser.go(`${adminUrl}/realms/${realm}/login-actions/reset-credentials?client_id=test-app`);
  await browser.submit(form.page, { username: address });
  const link = await eventually(async () => {
    const mails = (await (await fetch(`${mailbox.url}/messages?to=${encodeURIComponent(address)}`)).json()) as {
      text: string;
    }[];
    return /https?:\/\/\S+action-token\S+/.exec(mails[0]?.text ?? '')?.[0];
  });
  return { browser, page: await browser.go(link) };
}

const stop = (worker: { stop(): Promise<void> }) => worker.stop();

describe('a password that is set all the same', () => {
  test('by kc_action in a session of the company: it opens nothing, and is deleted again', async () => {
    const { org, person, address } = await memberOf('action');
    await enforce(org);
    await project(person);
    tellCompany(person, address);
    const { browser, end } = await typeAddress(address);
    expect(end.url).toMatch(SIGNED_IN);
    const form = await browser.go((await startSignIn(t, { kc_action: 'UPDATE_PASSWORD' })).url);
    const set = await browser.submit(form.page, { 'password-new': PASSWORD, 'password-confirm': PASSWORD });
    expect(set.url).toContain('kc_action_status=success');
    expect(await passwordsOf(person)).toHaveLength(1);
    const refused = await signInByPassword(address);
    expect([refused.status, refused.page.includes('choose your company')]).toEqual([401, true]);
    await using stack = new AsyncDisposableStack();
    const log = pino({ level: 'silent' });
    const events = stack.adopt(new EventWorker(t.keycloak, { clock: { now: () => new Date() }, log }, 50), stop);
    const projection = stack.adopt(new ProjectionWorker(t.keycloak, log), stop);
    events.start();
    projection.start();
    await eventuallyHolds(async () => expect(await passwordsOf(person)).toEqual([]));
    expect((await typeAddress(address)).end.url).toMatch(SIGNED_IN);
  });

  test('by a mailed reset: the mail goes out, so that nobody learns who is held, and its link ends at a refusal', async () => {
    const { org, person, address } = await memberOf('mailed');
    await enforce(org);
    await project(person);
    const { page } = await followResetLink(address);
    expect([page.status, page.page.includes('choose your company')]).toEqual([401, true]);
    expect(await passwordsOf(person)).toEqual([]);
  });

  test('at the token endpoint: no client takes a password', async () => {
    const { org, person, address } = await memberOf('granted');
    await enforce(org);
    await project(person);
    await setPassword(person);
    // one that was there before the policy, which would not even let it be made
    const client = { clientId: 'granting', publicClient: true, directAccessGrantsEnabled: true };
    await t.root.call((api) => api.clientPolicies.updatePolicy({ policies: [] }));
    await t.root.call((api) => api.clients.create(client));
    await bootstrapRealm({ ...t.realm, config });
    const body = { grant_type: 'password', client_id: client.clientId, username: address, password: PASSWORD };
    const endpoint = `${t.realm.adminUrl}/realms/${t.realm.realm}/protocol/openid-connect/token`;
    const response = await fetch(endpoint, { method: 'POST', body: new URLSearchParams(body) });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error_description: expect.stringContaining('prohibited') });
  });
});

describe('whom it holds', () => {
  const rolesAfter = async (person: string) => {
    await project(person);
    return (await read(person)).roles;
  };

  test('not a guest, unless guests are held to it', async () => {
    const { org } = await memberOf('hosting');
    const guest = await t.person('guest@elsewhere.example');
    await t.member(org, guest);
    await enforce(org);
    expect(await rolesAfter(guest)).toEqual([]);
    await enforce(org, 'held');
    expect(await rolesAfter(guest)).toEqual(['sso-enforced']);
    await t.member(await t.organization('open-house'), guest);
    expect(await rolesAfter(guest)).toEqual([]);
  });

  test('only the home organization decides: a guest whose home does not enforce keeps the password', async () => {
    const { org } = await memberOf('strict');
    const { person } = await memberOf('lenient');
    await t.member(org, person);
    await enforce(org, 'held');
    expect(await rolesAfter(person)).toEqual([]);
  });

  test('somebody whose home enforces, in whatever organization they are', async () => {
    const { org: home } = await memberOf('origin');
    const other = await t.organization('abroad');
    const person = await t.person('far@origin.test');
    await t.member(other, person);
    expect(await enforce(home)).toBe(2);
    expect(await rolesAfter(person)).toEqual(['sso-enforced']);
  });

  test('not a break-glass owner, who has the second factor demanded, no link, and a password', async () => {
    const { org, person, member } = await memberOf('glass');
    await t.sql(`update role set full_control = true where org_id = $1 and key = 'member'`, [org]);
    await setPassword(person);
    await t.sql(`insert into break_glass (org_id, member_id, named_by, named_at) values ($1, $2, '{}', now())`, [
      org,
      member,
    ]);
    await enforce(org);
    await t.sql('select demand_logout($1)', [person]);
    await project(person);
    expect(await read(person)).toMatchObject({ roles: ['mfa-required'], links: [], firstFactors: 'any' });
    expect(await passwordsOf(person)).toHaveLength(1);
    expect(await t.sql('select ready_at is not null as ready from break_glass where member_id = $1', [member])).toEqual(
      [{ ready: true }],
    );
    await t.sql(`update role set full_control = false where org_id = $1 and key = 'member'`, [org]);
    expect(await rolesAfter(person)).toEqual(['sso-enforced']);
    expect(await passwordsOf(person)).toEqual([]);
  });

  test('the second factor is asked of everybody whom one of their organizations asks for it', async () => {
    const { org, person } = await memberOf('factored');
    await t.sql(`update organization set second_factor = 'required' where org_id = $1`, [org]);
    expect(await rolesAfter(person)).toEqual(['mfa-required']);
    await t.sql(`update organization set second_factor = 'off' where org_id = $1`, [org]);
    expect(await rolesAfter(person)).toEqual([]);
  });

  test('whoever has an address of a domain that is verified later', async () => {
    const { org } = await memberOf('growing');
    await enforce(org);
    const person = await t.person('late@grown.test');
    await t.member(await t.organization('elsewhere'), person);
    expect(await rolesAfter(person)).toEqual([]);
    await t.sql('delete from projection_due');
    await t.sql(
      `insert into domain_claim (domain, org_id, status, dns_token) values ('grown.test', $1, 'verified', 'x')`,
      [org],
    );
    expect(await t.sql('select 1 from projection_due where subject_id = $1', [person])).toHaveLength(1);
    expect(await rolesAfter(person)).toEqual(['sso-enforced']);
  });
});
