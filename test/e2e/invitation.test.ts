// The journey "an admin invites", in a real browser: mail, page, Accept, Keycloak's password page, application.
import { beforeAll, describe, expect, test } from 'vitest';
import { type ApiClient, createApiClient } from '../../src/dev/api-client.ts';
import { keycloakAccount } from '../support/keycloak-state.ts';
import {
  choosePassword,
  claimsAtApp,
  GOOD_PASSWORD,
  linkOf,
  logOutAtApp,
  mailTo,
  signInByCompany,
  startSignIn,
  typeAddress,
} from '../support/person.ts';
import { useSystemInBrowser } from '../support/system-in-browser.ts';

const t = useSystemInBrowser();
let owner: ApiClient;
beforeAll(async () => {
  owner = createApiClient(t.system.facts.baseUrl, t.system.facts.api.ownerKey);
});

type Invitation = { readonly id: string; readonly state: string; readonly memberId: string };

const invite = (email: string, more: Record<string, unknown> = {}) =>
  owner<Invitation>('POST', '/v1/organizations/acme/invitations', {
    email,
    role: 'member',
    teams: ['research'],
    ...more,
  });
const read = (invitation: Invitation) =>
  owner<Invitation>('GET', `/v1/organizations/acme/invitations/${invitation.id}`);

async function accept(page: Awaited<ReturnType<typeof startSignIn>>, link: string): Promise<void> {
  await page.goto(link);
  await page.click('form[action*="accept"] [type="submit"], form[action*="accept"] button');
}

describe('an admin invites', () => {
  test('a stranger: GET changes nothing, Accept leads to Keycloak’s password page, then the application', async () => {
    const invitation = await invite('noor@partner.test', { message: 'Glad to have you.' });
    const link = linkOf(await mailTo(t.system, 'noor@partner.test'));
    const profile = await t.newProfile();
    const page = await profile.newPage();
    await page.goto(link);
    await page.goto(link);
    expect(await read(invitation)).toMatchObject({ state: 'pending' });
    expect(await keycloakAccount(t.system, 'noor@partner.test')).toBeUndefined();
    await accept(page, link);
    await page.fill('input[name="password-new"]', 'short');
    await page.fill('input[name="password-confirm"]', 'short');
    await page.click('[type="submit"]');
    expect(await page.textContent('body')).toMatch(/minimum length/i); // Keycloak's own policy
    await choosePassword(page);
    await page.waitForURL(`${t.system.facts.demoApp.url}/**`);
    if (!(await page.content()).includes('noor@partner.test')) await page.goto(`${t.system.facts.demoApp.url}/login`);
    const claims = await claimsAtApp(page, t.system);
    expect(claims.email).toBe('noor@partner.test');
    expect([...(claims.organization.acme?.groups ?? [])].sort()).toEqual(['/research', '/roles/member']);
    expect(await read(invitation)).toMatchObject({ state: 'accepted' });
    expect(await owner('GET', `/v1/organizations/acme/members/${invitation.memberId}`)).toMatchObject({
      status: 'active',
    });
    await profile.close();
    const again = await t.newProfile();
    const later = await startSignIn(again, t.system);
    await typeAddress(later, 'noor@partner.test');
    await later.fill('input[name="password"]', GOOD_PASSWORD);
    await later.click('[name="login"]');
    expect((await claimsAtApp(later, t.system)).person_id).toBe(claims.person_id);
    await again.close();
  });

  test('a tab closed at the password page is resumed by the same link; once a password is set the link is spent', async () => {
    const invitation = await invite('tab@partner.test');
    const link = linkOf(await mailTo(t.system, 'tab@partner.test'));
    const first = await t.newProfile();
    const page = await first.newPage();
    await accept(page, link);
    await page.waitForSelector('input[name="password-new"]');
    await first.close();
    const second = await t.newProfile();
    const resumed = await second.newPage();
    await accept(resumed, link);
    await choosePassword(resumed);
    await resumed.waitForURL(`${t.system.facts.demoApp.url}/**`);
    expect(await read(invitation)).toMatchObject({ state: 'accepted' });
    await second.close();
    const third = await t.newProfile();
    const spent = await third.newPage();
    await spent.goto(link);
    const button = spent.locator('form[action*="accept"] button');
    if (await button.count()) await button.click();
    await spent.waitForLoadState();
    expect(await spent.locator('input[name="password-new"]').count()).toBe(0);
    await third.close();
  });

  test('somebody who signs in through a company does so first, and must own the invited address', async () => {
    const globex = createApiClient(t.system.facts.baseUrl, t.system.facts.api.operatorKey);
    const employee = t.employee(1, 0);
    const invitation = await globex<Invitation>('POST', '/v1/organizations/acme/invitations', {
      email: employee.email,
      role: 'member',
    });
    const link = linkOf(await mailTo(t.system, employee.email));
    const wrong = await t.newProfile();
    await signInByCompany(wrong, t.system, t.employee(0, 0));
    const foreign = await wrong.newPage();
    await accept(foreign, link);
    const words = (await foreign.textContent('body')) ?? '';
    expect(words).toContain('ada@acme.test'); // who is signed in here
    expect(words).not.toContain(employee.email); // the invited address is not shown to another
    expect(await read(invitation)).toMatchObject({ state: 'pending' });
    await wrong.close();
    const right = await t.newProfile();
    const before = await signInByCompany(right, t.system, employee);
    const page = await right.newPage();
    await accept(page, link);
    await page.waitForURL(`${t.system.facts.demoApp.url}/**`);
    expect(await read(invitation)).toMatchObject({ state: 'accepted' });
    await page.goto(`${t.system.facts.demoApp.url}/login`);
    const claims = await claimsAtApp(page, t.system);
    expect(claims.person_id).toBe(before.person_id);
    expect(Object.keys(claims.organization).sort()).toEqual(['acme', 'globex']);
    await right.close();
  });

  test('resend kills the old link, cancel kills the last', async () => {
    const invitation = await invite('twice@partner.test');
    const old = linkOf(await mailTo(t.system, 'twice@partner.test'));
    await owner('POST', `/v1/organizations/acme/invitations/${invitation.id}/resend`);
    const fresh = linkOf(await mailTo(t.system, 'twice@partner.test', 2));
    expect(fresh).not.toBe(old);
    expect((await fetch(old)).status).toBeGreaterThanOrEqual(400);
    expect((await fetch(fresh)).status).toBe(200);
    await owner('POST', `/v1/organizations/acme/invitations/${invitation.id}/cancel`);
    expect((await fetch(fresh)).status).toBe(410);
  });

  test('an invitation after two people of two companies, in one browser, becomes neither of them', async () => {
    const invitation = await invite('third@partner.test');
    const link = linkOf(await mailTo(t.system, 'third@partner.test'));
    const profile = await t.newProfile();
    const [ada, hedy] = [t.employee(0, 0), t.employee(1, 0)];
    await signInByCompany(profile, t.system, ada);
    await logOutAtApp(profile, t.system);
    const second = await signInByCompany(profile, t.system, hedy);
    const page = await profile.newPage();
    await accept(page, link);
    expect(await page.textContent('body')).toContain(hedy.email);
    await page.click('form button, form [type="submit"]');
    await choosePassword(page);
    await page.waitForURL(`${t.system.facts.demoApp.url}/**`);
    await page.goto(`${t.system.facts.demoApp.url}/login`);
    const claims = await claimsAtApp(page, t.system);
    expect(claims.email).toBe('third@partner.test');
    expect(claims.person_id).not.toBe(second.person_id);
    expect(await read(invitation)).toMatchObject({ state: 'accepted' });
    await profile.close();
  });
});
