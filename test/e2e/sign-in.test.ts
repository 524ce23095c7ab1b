// The journey "a person signs in", in a real browser, through a real Keycloak and two companies' realms under another
// site (localhost) than ours (127.0.0.1): SAML for Acme, OpenID Connect for Globex.
import { describe, expect, test } from 'vitest';
import { createApiClient } from '../../src/dev/api-client.ts';
import { ADMINISTRATOR_WORDS } from '../../sso/sign-in/administrator-words.ts';
import { eventuallyHolds } from '../support/eventually.ts';
import { addEmployee, keycloakAccount, keycloakSessions } from '../support/keycloak-state.ts';
import { claimsAtApp, logOutAtApp, openAttempt, refusedByUs, signInByCompany, startSignIn } from '../support/person.ts';
import { useSystemInBrowser } from '../support/system-in-browser.ts';

const t = useSystemInBrowser();

describe('a person signs in through the company', () => {
  test('by SAML: the first token carries organization, teams and role', async () => {
    const profile = await t.newProfile();
    const claims = await signInByCompany(profile, t.system, t.employee(0, 2));
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
    const profile = await t.newProfile();
    const claims = await signInByCompany(profile, t.system, t.employee(1, 0));
    expect(claims.email).toBe('hedy@globex.test');
    expect(Object.keys(claims.organization)).toEqual(['globex']);
    expect([...(claims.organization.globex?.groups ?? [])].sort()).toEqual(['/research', '/roles/member']);
    await profile.close();
  });

  test('two people of two organizations in one browser never become each other', async () => {
    const profile = await t.newProfile();
    const ada = await signInByCompany(profile, t.system, t.employee(0, 0));
    expect(ada.email).toBe('ada@acme.test');
    await logOutAtApp(profile, t.system);
    const katherine = await signInByCompany(profile, t.system, t.employee(1, 1));
    expect(katherine.email).toBe('katherine@globex.test');
    expect(katherine.person_id).not.toBe(ada.person_id);
    expect(Object.keys(katherine.organization)).toEqual(['globex']);
    await profile.close();
  });

  test('somebody whom the directory has not pushed is refused on our own page, and can go back to the application', async () => {
    const stranger = { email: 'rosalind@acme.test', password: 'Rosalind-acme-2026' };
    await addEmployee(t.system, 0, { ...stranger, givenName: 'Rosalind', familyName: 'Franklin' });
    const profile = await t.newProfile();
    const { page, words, attempt } = await refusedByUs(profile, t.system, stranger);
    const { cause, cure } = ADMINISTRATOR_WORDS.person_unknown;
    expect(words).toContain('You are not a member here yet');
    for (const detail of [cause, cure, 'Nobody fits', 'signature', 'SAML']) expect(words).not.toContain(detail);
    await page.click('form [type="submit"], form button');
    await page.waitForURL(`${t.system.facts.demoApp.url}/**`);
    expect(await page.textContent('body')).toContain('interaction_required');
    expect(await keycloakAccount(t.system, stranger.email)).toBeUndefined();
    await profile.close();

    // whoever manages connections reads the attempt; to everybody else it does not exist
    const api = createApiClient(`${t.system.facts.api.baseUrl}/v1/organizations/acme`, t.system.facts.api.ownerKey);
    const { items } = await api<{ items: { id: string }[] }>('GET', '/members?q=alan%40acme.test');
    // linked by his sign-in above: a first link of an administrator would need approval
    await api('PATCH', `/members/${items[0]!.id}`, { role: 'owner' });
    const attemptAs = async (company: 0 | 1, index: number) => {
      const reader = await t.newProfile();
      await signInByCompany(reader, t.system, t.employee(company, index));
      return openAttempt(reader, t.system, attempt);
    };
    const read = await attemptAs(0, 2);
    const shown = [
      'Why this sign-in was refused',
      'person_unknown',
      cause,
      cure,
      'Nobody fits',
      '✓ response signature',
    ];
    for (const detail of shown) expect(await read.textContent('body')).toContain(detail);
    // who reads is asked anew each time, so that a page left open tells nobody else
    await read.reload();
    expect(await read.textContent('body')).not.toContain(cause);
    await read.getByRole('link', { name: 'Open the attempt' }).click();
    await read.getByRole('heading', { name: 'Why this sign-in was refused' }).waitFor();
    expect(await read.textContent('body')).toContain(cause);
    for (const [company, index] of [
      [1, 0],
      [0, 1],
    ] as const) {
      const other = await attemptAs(company, index);
      expect(await other.textContent('body')).toContain('There is no such attempt for you');
    }
  });

  test('active=false ends the sessions that are open, and the same person is let in again after active=true', async () => {
    const scim = createApiClient(t.system.facts.scim.baseUrl, t.system.facts.scim.token);
    const { Resources } = await scim<{ Resources: { id: string }[] }>(
      'GET',
      `/Users?filter=${encodeURIComponent('userName eq "ada@acme.test"')}`,
    );
    const profile = await t.newProfile();
    const claims = await signInByCompany(profile, t.system, t.employee(0, 0));
    expect(await keycloakSessions(t.system, 'ada@acme.test')).toBe(1);
    const setActive = (value: boolean) =>
      scim('PATCH', `/Users/${Resources[0]!.id}`, {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'replace', value: { active: value } }],
      });
    await setActive(false);
    await eventuallyHolds(async () =>
      expect(await keycloakAccount(t.system, 'ada@acme.test')).toMatchObject({ enabled: false }),
    );
    await eventuallyHolds(async () => expect(await keycloakSessions(t.system, 'ada@acme.test')).toBe(0));
    await setActive(true);
    await eventuallyHolds(async () =>
      expect(await keycloakAccount(t.system, 'ada@acme.test')).toMatchObject({ enabled: true }),
    );
    // the company's own session still stands, so that it asks for nothing
    const page = await startSignIn(profile, t.system, '?login_hint=ada%40acme.test');
    expect((await claimsAtApp(page, t.system)).person_id).toBe(claims.person_id);
    await profile.close();
  });
});
