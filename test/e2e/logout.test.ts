// Logout in both directions, through a real Keycloak and a company's realm: what ends here ends there.
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, newProfile } from '../support/browser.ts';
import { eventuallyHolds } from '../support/eventually.ts';
import { keycloakSessions, logOutAtCompany } from '../support/keycloak-state.ts';
import { claimsAtApp, logInAtCompany, signInByCompany, startSignIn, typeAddress } from '../support/person.ts';
import { startSystem, type TestSystem } from '../support/system.ts';

let system: TestSystem;
let browser: Browser;
beforeAll(async () => {
  [system, browser] = await Promise.all([startSystem(), launchBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await system?.[Symbol.asyncDispose]();
});

const employee = (company: 0 | 1, index: number) => system.facts.company[company]!.users[index]!;

async function logOutAtApp(profile: BrowserContext): Promise<void> {
  const page = await profile.newPage();
  await page.goto(`${system.facts.demoApp.url}/logout`);
  await page.waitForURL(`${system.facts.demoApp.url}/**`);
  await page.close();
}

/** Answers whether the company asks for the password of somebody whose browser comes again. */
async function isAskedAtCompany(profile: BrowserContext, address: string): Promise<boolean> {
  const page = await startSignIn(profile, system, `?login_hint=${encodeURIComponent(address)}`);
  const asked = page.waitForSelector('input[name="password"]').then(() => true);
  const back = page.waitForURL(`${system.facts.demoApp.url}/**`).then(() => false);
  return Promise.race([asked, back]);
}

describe('a company with OpenID Connect', () => {
  test('has its session ended by a logout at the application', async () => {
    const hedy = employee(1, 0);
    const profile = await newProfile(browser);
    await signInByCompany(profile, system, hedy);
    await logOutAtApp(profile);
    expect(await keycloakSessions(system, hedy.email)).toBe(0);
    expect(await isAskedAtCompany(profile, hedy.email)).toBe(true);
    await profile.close();
  });

  test('ends the session of the application by a logout of its own, and only that one', async () => {
    const hedy = employee(1, 0);
    const other = employee(1, 1);
    const [profile, bystander] = [await newProfile(browser), await newProfile(browser)];
    await signInByCompany(profile, system, hedy);
    await signInByCompany(bystander, system, other);
    expect(await keycloakSessions(system, hedy.email)).toBe(1);
    await logOutAtCompany(system, 1, hedy.email);
    await eventuallyHolds(async () => expect(await keycloakSessions(system, hedy.email)).toBe(0));
    expect(await keycloakSessions(system, other.email)).toBe(1);
    const page = await startSignIn(profile, system);
    await typeAddress(page, hedy.email);
    await logInAtCompany(page, hedy);
    expect((await claimsAtApp(page, system)).email).toBe(hedy.email);
    await profile.close();
    await bystander.close();
  });
});

describe('a company with SAML', () => {
  test('has its session ended by a logout at the application', async () => {
    const ada = employee(0, 0);
    const profile = await newProfile(browser);
    await signInByCompany(profile, system, ada);
    await logOutAtApp(profile);
    expect(await keycloakSessions(system, ada.email)).toBe(0);
    expect(await isAskedAtCompany(profile, ada.email)).toBe(true);
    await profile.close();
  });

  test('ends the session of the application by a logout of its own', async () => {
    const ada = employee(0, 0);
    const profile = await newProfile(browser);
    await signInByCompany(profile, system, ada);
    expect(await keycloakSessions(system, ada.email)).toBe(1);
    const page = await profile.newPage();
    const company = system.facts.keycloak.url.replace('127.0.0.1', 'localhost');
    await page.goto(`${company}/realms/${system.facts.company[0]!.realm}/protocol/openid-connect/logout`);
    await page.click('[name="confirmLogout"]');
    await page.waitForSelector('text=You are logged out');
    await eventuallyHolds(async () => expect(await keycloakSessions(system, ada.email)).toBe(0));
    await profile.close();
  });
});
