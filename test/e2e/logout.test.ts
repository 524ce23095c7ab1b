// Logout in both directions, through a real Keycloak and a company's realm: what ends here ends there.
import pg from 'pg';
import type { BrowserContext } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { eventuallyHolds } from '../support/eventually.ts';
import { forgetKeys, keycloakSessions, logOutAtCompany } from '../support/keycloak-state.ts';
import { logOutAtApp, signInByCompany, startSignIn } from '../support/person.ts';
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
