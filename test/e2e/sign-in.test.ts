// The journey "a person signs in", in a real browser, through a real Keycloak and two companies' realms under another
// site (localhost) than ours (127.0.0.1): SAML for Acme, OpenID Connect for Globex.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiClient } from '../../src/dev/api-client.ts';
import { launchBrowser, newProfile } from '../support/browser.ts';
import { eventuallyHolds } from '../support/eventually.ts';
import { addEmployee, keycloakAccount, keycloakSessions } from '../support/keycloak-state.ts';
import {
  claimsAtApp,
  type Employee,
  logInAtCompany,
  signInByCompany,
  startSignIn,
  typeAddress,
} from '../support/person.ts';
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

describe('a person signs in through the company', () => {
  test('by SAML: the first token carries organization, teams and role', async () => {
    const profile = await newProfile(browser);
    const claims = await signInByCompany(profile, system, employee(0, 2));
    expect(claims.email).toBe('alan@acme.test');
    expect(Object.keys(claims.organization)).toEqual(['acme']);
    expect([...(claims.organization.acme?.groups ?? [])].sort()).toEqual([
      '/engineering',
      '/research',
      '/roles/member',
    ]);
    expect(claims.person_id).toMatch(/^[0-9a-f-]{36}$/);
    await profile.close();
  });

  test('by OpenID Connect: the first token carries organization, teams and role', async () => {
    const profile = await newProfile(browser);
    const claims = await signInByCompany(profile, system, employee(1, 0));
    expect(claims.email).toBe('hedy@globex.test');
    expect(Object.keys(claims.organization)).toEqual(['globex']);
    expect([...(claims.organization.globex?.groups ?? [])].sort()).toEqual(['/research', '/roles/member']);
    await profile.close();
  });

  test('two people of two organizations in one browser never become each other', async () => {
    const profile = await newProfile(browser);
    const ada = await signInByCompany(profile, system, employee(0, 0));
    expect(ada.email).toBe('ada@acme.test');
    const page = await profile.newPage();
    await page.goto(`${system.facts.demoApp.url}/logout`);
    await page.waitForURL(`${system.facts.demoApp.url}/**`);
    const katherine = await signInByCompany(profile, system, employee(1, 1));
    expect(katherine.email).toBe('katherine@globex.test');
    expect(katherine.person_id).not.toBe(ada.person_id);
    expect(Object.keys(katherine.organization)).toEqual(['globex']);
    await profile.close();
  });

  test('somebody whom the directory has not pushed is refused on our own page, and can go back to the application', async () => {
    const stranger = { email: 'rosalind@acme.test', password: 'Rosalind-acme-2026' };
    await addEmployee(system, 0, { ...stranger, givenName: 'Rosalind', familyName: 'Franklin' });
    const profile = await newProfile(browser);
    const page = await startSignIn(profile, system);
    await typeAddress(page, stranger.email);
    await logInAtCompany(page, stranger);
    await page.waitForURL(`${system.facts.baseUrl}/**`);
    const words = (await page.textContent('body')) ?? '';
    expect(words).toMatch(/[0-9a-f]{8}-[0-9a-f]{4}/); // the trace id, for whoever is asked
    const attempt = await page.getAttribute('a[href^="/sso/attempts/"]', 'href');
    await page.click('form [type="submit"], form button');
    await page.waitForURL(`${system.facts.demoApp.url}/**`);
    expect(await page.textContent('body')).toContain('interaction_required');
    expect(await keycloakAccount(system, stranger.email)).toBeUndefined();
    await profile.close();

    // whoever manages connections reads the attempt; to everybody else it does not exist
    const attemptAs = async (who: Employee) => {
      const reader = await newProfile(browser);
      await signInByCompany(reader, system, who);
      const sheet = await reader.newPage();
      await sheet.goto(`${system.facts.baseUrl}${attempt}`);
      await sheet.waitForURL(`${system.facts.baseUrl}/sso/attempts/callback**`);
      const text = (await sheet.textContent('body')) ?? '';
      await reader.close();
      return text;
    };
    const api = createApiClient(`${system.facts.api.baseUrl}/v1/organizations/acme`, system.facts.api.ownerKey);
    const { items } = await api<{ items: { id: string }[] }>('GET', '/members?q=alan%40acme.test');
    // linked by his sign-in above: a first link of an administrator would need approval
    await api('PATCH', `/members/${items[0]!.id}`, { role: 'owner' });
    const read = await attemptAs(employee(0, 2));
    expect(read).toContain('Why this sign-in was refused');
    expect(read).toContain('person_unknown');
    expect(read).toContain('response signature');
    expect(read).toContain('Nobody fits');
    expect(await attemptAs(employee(1, 0))).toContain('There is no such attempt for you');
    expect(await attemptAs(employee(0, 1))).toContain('There is no such attempt for you');
  });

  test('active=false ends the sessions that are open, and the same person is let in again after active=true', async () => {
    const scim = createApiClient(system.facts.scim.baseUrl, system.facts.scim.token);
    const { Resources } = await scim<{ Resources: { id: string }[] }>(
      'GET',
      `/Users?filter=${encodeURIComponent('userName eq "ada@acme.test"')}`,
    );
    const profile = await newProfile(browser);
    const claims = await signInByCompany(profile, system, employee(0, 0));
    expect(await keycloakSessions(system, 'ada@acme.test')).toBe(1);
    const setActive = (value: boolean) =>
      scim('PATCH', `/Users/${Resources[0]!.id}`, {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'replace', value: { active: value } }],
      });
    await setActive(false);
    await eventuallyHolds(async () =>
      expect(await keycloakAccount(system, 'ada@acme.test')).toMatchObject({ enabled: false }),
    );
    await eventuallyHolds(async () => expect(await keycloakSessions(system, 'ada@acme.test')).toBe(0));
    await setActive(true);
    await eventuallyHolds(async () =>
      expect(await keycloakAccount(system, 'ada@acme.test')).toMatchObject({ enabled: true }),
    );
    // the company's own session still stands, so that it asks for nothing
    const page = await startSignIn(profile, system, '?login_hint=ada%40acme.test');
    expect((await claimsAtApp(page, system)).person_id).toBe(claims.person_id);
    await profile.close();
  });
});
