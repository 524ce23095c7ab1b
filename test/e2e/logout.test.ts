// Logout in both directions, through a real Keycloak and a company's realm: what ends here ends there.
import pg from 'pg';
import type { BrowserContext } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { eventuallyHolds } from '../support/eventually.ts';
import { forgetKeys, keycloakSessions, logOutAtCompany, setPassword } from '../support/keycloak-state.ts';
import {
  claimsAtApp,
  GOOD_PASSWORD,
  logInAtCompany,
  logOutAtApp,
  signInByCompany,
  startSignIn,
  typeAddress,
} from '../support/person.ts';
import { useSystemInBrowser } from '../support/system-in-browser.ts';

const t = useSystemInBrowser();

/** Answers whether the company asks for the password of somebody whose browser comes again. */
async function isAskedAtCompany(profile: BrowserContext, address: string): Promise<boolean> {
  const page = await startSignIn(profile, t.system, `?login_hint=${encodeURIComponent(address)}`);
  const asked = page.waitForSelector('input[name="password"]').then(() => true);
  const back = page.waitForURL(`${t.system.facts.demoApp.url}/**`).then(() => false);
  return Promise.race([asked, back]);
}

async function asOwner<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: t.system.bridgeInput.databases.ownerUrl });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Of how many open sign-ins of an address Keycloak has not told its own session yet. */
async function sessionsUntold(address: string): Promise<number> {
  const found = await asOwner(`select 1 from upstream_session s join person_address a on a.person_id = s.person_id
    where a.address = '${address}' and s.keycloak_session is null and s.ended_at is null`);
  return found.length;
}

async function publishedKeys(): Promise<string[]> {
  const { keys } = (await (await fetch(`${t.system.facts.baseUrl}/oidc/jwks`)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
}

/** Makes our keys older and has the clock's own task look at them. */
async function runRotation(currentSince: string): Promise<void> {
  await asOwner(`update signing_key set created_at = created_at - interval '40 days', current_since = ${currentSince}`);
  await asOwner(`select graphile_worker.add_job('rotate_signing_keys')`);
  const text = `select (select count(*)::integer from signing_key) as keys,
    (select count(*)::integer from graphile_worker.jobs where task_identifier = 'rotate_signing_keys') as waiting`;
  await eventuallyHolds(async () => expect(await asOwner(text)).toEqual([{ keys: 2, waiting: 0 }]));
}

describe('a company with OpenID Connect', () => {
  test('has its session ended by a logout at the application', async () => {
    const hedy = t.employee(1, 0);
    const profile = await t.newProfile();
    await signInByCompany(profile, t.system, hedy);
    await logOutAtApp(profile, t.system);
    expect(await keycloakSessions(t.system, hedy.email)).toBe(0);
    expect(await isAskedAtCompany(profile, hedy.email)).toBe(true);
    await profile.close();
  });

  test('ends the session of the application by a logout of its own, and only that one', async () => {
    const hedy = t.employee(1, 0);
    const other = t.employee(1, 1);
    const [profile, bystander] = [await t.newProfile(), await t.newProfile()];
    await signInByCompany(profile, t.system, hedy);
    await signInByCompany(bystander, t.system, other);
    expect(await keycloakSessions(t.system, hedy.email)).toBe(1);
    await logOutAtCompany(t.system, 1, hedy.email);
    await eventuallyHolds(async () => expect(await keycloakSessions(t.system, hedy.email)).toBe(0));
    expect(await keycloakSessions(t.system, other.email)).toBe(1);
    expect((await signInByCompany(profile, t.system, hedy)).email).toBe(hedy.email);
    await profile.close();
    await bystander.close();
  });
});

test('a browser that never comes back from the company leaves no session behind', async () => {
  const hedy = t.employee(1, 0);
  const profile = await t.newProfile();
  await signInByCompany(profile, t.system, hedy);
  const before = await keycloakSessions(t.system, hedy.email);
  await eventuallyHolds(async () => expect(await sessionsUntold(hedy.email)).toBe(0));
  let url = `${t.system.facts.demoApp.url}/logout`;
  while (!url.startsWith('http://localhost:')) {
    const answer = await profile.request.get(url, { maxRedirects: 0 });
    url = new URL(answer.headers().location ?? 'http://localhost:0/', url).href;
  }
  expect(new URL(url).pathname).toContain('/logout');
  expect(await keycloakSessions(t.system, hedy.email)).toBe(before);
  // two minutes later
  await asOwner(`update graphile_worker._private_jobs j set run_at = now() from graphile_worker._private_tasks t
    where t.id = j.task_id and t.identifier = 'end_keycloak_sessions'`);
  await eventuallyHolds(async () => expect(await keycloakSessions(t.system, hedy.email)).toBe(before - 1));
  await profile.close();
});

describe('a company with SAML', () => {
  test('has its session ended by a logout at the application', async () => {
    const ada = t.employee(0, 0);
    const profile = await t.newProfile();
    await signInByCompany(profile, t.system, ada);
    await logOutAtApp(profile, t.system);
    expect(await keycloakSessions(t.system, ada.email)).toBe(0);
    expect(await isAskedAtCompany(profile, ada.email)).toBe(true);
    await profile.close();
  });

  test('ends the session of the application by a logout of its own', async () => {
    const ada = t.employee(0, 0);
    const profile = await t.newProfile();
    await signInByCompany(profile, t.system, ada);
    expect(await keycloakSessions(t.system, ada.email)).toBe(1);
    const page = await profile.newPage();
    const company = t.system.facts.keycloak.url.replace('127.0.0.1', 'localhost');
    await page.goto(`${company}/realms/${t.system.facts.company[0]!.realm}/protocol/openid-connect/logout`);
    await page.click('[name="confirmLogout"]');
    await page.waitForSelector('text=You are logged out');
    await eventuallyHolds(async () => expect(await keycloakSessions(t.system, ada.email)).toBe(0));
    await profile.close();
  });
});

test('Keycloak follows when our keys change, and a session of the old key still logs out at the company', async () => {
  const [before, after] = [await t.newProfile(), await t.newProfile()];
  await signInByCompany(before, t.system, t.employee(1, 0));
  const [first] = await publishedKeys();
  await runRotation(`current_since - interval '40 days'`);
  await runRotation('current_since');
  // a process that runs looks again within a minute, a new one at once; Keycloak's cache is older than the new key by then
  await t.system.restartBridge();
  await forgetKeys(t.system);
  const [current, retired] = await publishedKeys();
  expect(retired).toBe(first);
  expect(current).not.toBe(first);
  await signInByCompany(after, t.system, t.employee(1, 1));
  await logOutAtApp(before, t.system);
  expect(await isAskedAtCompany(before, t.employee(1, 0).email)).toBe(true);
  await before.close();
  await after.close();
});

test('a session that a password has opened ends with a logout at the company by which its person came later', async () => {
  const other = t.employee(1, 1);
  await setPassword(t.system, other.email, GOOD_PASSWORD);
  const profile = await t.newProfile();
  const page = await startSignIn(profile, t.system);
  await typeAddress(page, other.email);
  await page.fill('input[name="password"]', GOOD_PASSWORD);
  await page.click('[name="login"]');
  expect((await claimsAtApp(page, t.system)).db_connection).toBeUndefined();
  const hop = await startSignIn(profile, t.system, '?kc_idp_hint=sso-globex&prompt=login');
  await logInAtCompany(hop, other);
  expect((await claimsAtApp(hop, t.system)).db_connection).toBeDefined();
  await logOutAtCompany(t.system, 1, other.email);
  await eventuallyHolds(async () => expect(await keycloakSessions(t.system, other.email)).toBe(0));
  await profile.close();
});
