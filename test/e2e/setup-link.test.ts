// The journey "our IT administrator sets it up", in a real browser: the link, the domain's proof in DNS, the metadata, what is
// missing, the test sign-in, and who may switch it on.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTxtResolver } from '../../src/orgs/resolve-txt.ts';
import { SAML_REFUSALS } from '../../sso/saml/refusals.ts';
import { audience } from '../sso/saml/company.ts';
import { type SamlCompany, startSamlCompany } from '../sso/support/saml-company.ts';
import { launchBrowser, newProfile } from '../support/browser.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { type Answer, type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';

const SEVEN_DAYS_SECONDS = 7 * 24 * 3600;
const PHONE = { width: 360, height: 740 };

let dns: DnsServer;
let t: Setup;
let company: SamlCompany;
let browser: Browser;
let org: MadeOrganization;
let page: Page;
let count = 0;

beforeAll(async () => {
  dns = await startDnsServer();
  [t, company, browser] = await Promise.all([
    setup({ signIn: true, resolveTxt: createTxtResolver([dns.address]) }),
    startSamlCompany({ nameId: 'ada', email: 'ada@company.test', groups: ['Engineering'] }),
    launchBrowser(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await company?.stop();
  await t?.[Symbol.asyncDispose]();
  await dns?.stop();
});
beforeEach(async () => {
  count += 1;
  org = await t.make.organization(`acme${count}`);
  page = await (await newProfile(browser)).newPage();
  await page.setViewportSize(PHONE);
});

const call = (method: string, path: string, body?: object): Promise<Answer> =>
  t.call(method, `/v1/organizations/${org.key}${path}`, { key: org.ownerKey, ...(body && { body }) });
const read = async (path: string): Promise<Json> => (await call('GET', path)).body;
/** Every button sends a form; what comes next is there when this ends. */
const press = (name: string) =>
  Promise.all([page.waitForEvent('load'), page.getByRole('button', { name, exact: true }).click()]);

/** What the page shows; on a phone nothing of it stands out to the side, and each field says what it is. */
async function shown(at = page): Promise<string> {
  const faults = await at.evaluate(() => [
    ...(document.documentElement.scrollWidth > innerWidth ? ['it scrolls sideways'] : []),
    ...[...document.querySelectorAll<HTMLInputElement>('input:not([type=hidden]), select, textarea')]
      .filter((field) => !field.labels?.length)
      .map((field) => `${field.name} has no label`),
  ]);
  expect(faults).toEqual([]);
  return at.locator('main').textContent().then(String);
}

/** Opens a test sign-in and goes through the company's page. */
async function takeTest(at: Page): Promise<string> {
  await at.setViewportSize(PHONE);
  await at.getByRole('button', { name: 'Start the test' }).click();
  await at.getByRole('button', { name: 'Sign in' }).click();
  await at.waitForURL(`${t.baseUrl}/**`);
  return shown(at);
}

test('an IT administrator proves a domain and gives the metadata; full control tests it and switches it on', async () => {
  const team = await t.make.team(org, 'Engineering');
  const rule = { source: 'sso.groups', match: 'display_name', value: 'Engineering', target: { team: team.key } };
  await call('POST', '/mapping-rules', rule);
  const { url } = (await call('POST', '/setup-links', {})).body;
  await page.goto(url);
  expect(await shown()).toContain('Sign-in: choose your identity provider');

  await page.getByLabel('Domain', { exact: true }).fill('gmail.com');
  await press('Add the domain');
  expect(await page.getByRole('alert').textContent()).toContain('Claim a domain of your own');
  await page.getByLabel('Domain', { exact: true }).fill('company.test');
  await press('Add the domain');
  await press('Verify');
  expect(await page.getByRole('alert').textContent()).toContain('no TXT record at _drawbridge.company.test');
  const [claim] = (await read('/domains')).items.filter((one: Json) => one.domain === 'company.test');
  expect(await shown()).toContain(claim.txtValue);
  dns.records.set(claim.txtName, [claim.txtValue]);
  await press('Verify');
  expect(await shown()).toContain('proved; waits to be confirmed by an administrator');

  await page.getByLabel('Identity provider').selectOption('keycloak saml');
  await press('Choose');
  expect(await shown()).toContain("The identity provider's metadata has not been given");
  expect(await page.getByRole('button', { name: 'Run a test sign-in' }).count()).toBe(0);
  await page.getByLabel('or the metadata itself (XML)').fill(company.metadataXml());
  await press('Save');
  expect(await shown()).toContain('Sign-in: run a test sign-in');
  expect(await page.getByRole('button').allTextContents()).not.toContainEqual(
    expect.stringMatching(/activate|switch on/i),
  );

  const [{ id }] = (await read('/connections')).items;
  await call('PATCH', `/connections/${id}`, { jit: 'on' });
  const activate = () => call('POST', `/connections/${id}/activate`);
  expect((await activate()).status).toBe(409); // neither tested nor is its domain confirmed
  const admin = await (await newProfile(browser)).newPage();
  const openTest = async () => admin.goto((await call('POST', `/connections/${id}/test`)).body.url);
  company.changes = () => ({ audiences: audience('https://else.test') });
  await openTest();
  const refused = await takeTest(admin);
  company.changes = () => ({});
  const { cause, cure } = SAML_REFUSALS.audience;
  for (const words of ['The test sign-in was refused', cause, cure, '✗ audience']) expect(refused).toContain(words);

  await openTest();
  const passed = await takeTest(admin);
  expect(passed).toContain('The test sign-in succeeded');
  for (const check of ['assertion signature', 'audience', 'validity', 'groups']) expect(passed).toContain(`✓ ${check}`);
  expect(passed).toMatch(/Role\s*nothing → member/);
  expect(passed).toMatch(/Teams added\s*engineering/);
  expect(passed).toMatch(/email\s*ada@company\.test/);
  expect((await read('/members')).items).toEqual([]);
  await page.reload();
  expect(await shown()).toContain('tested; waits to be switched on by an administrator');
  expect((await call('POST', '/domains/company.test/verify')).body).toMatchObject({ status: 'verified' });
  expect((await activate()).body).toMatchObject({ status: 'active', tested: true });
  await page.reload();
  expect(await shown()).toContain('It was switched on by an administrator');
});

test('a link that was withdrawn, or is used after seven days, says so and whom to ask', async () => {
  const [revoked, old] = [(await call('POST', '/setup-links', {})).body, (await call('POST', '/setup-links', {})).body];
  await page.goto(revoked.url);
  await call('DELETE', `/setup-links/${revoked.id}`);
  await page.getByLabel('Domain', { exact: true }).fill('late.test');
  await press('Add the domain');
  const gone = await shown();
  expect(gone).toContain('It may have expired, been withdrawn');
  expect(gone).toContain('Ask whoever sent it to you for a new one');
  expect((await read('/domains')).items.map((one: Json) => one.domain)).toEqual([`${org.key}.test`]);
  t.clock.advance(SEVEN_DAYS_SECONDS - 60);
  await page.goto(old.url);
  expect(await shown()).toContain(`Set up ${org.key}`);
  t.clock.advance(60);
  await page.reload();
  expect(await shown()).toBe(gone);
});

test('what a refused step leaves in the address bar leads back to the page, with what was typed', async () => {
  const { url } = (await call('POST', '/setup-links', { scopes: ['connection'] })).body;
  await page.goto(url);
  await page.getByLabel('Identity provider').selectOption('generic saml');
  await press('Choose');
  await page.getByLabel('Metadata URL').fill('https://10.0.0.1/metadata');
  await press('Save');
  expect(await page.getByRole('alert').textContent()).toContain('inside a private network');
  expect(await page.getByLabel('Metadata URL').inputValue()).toBe('https://10.0.0.1/metadata');
  await page.goto(page.url());
  expect(page.url()).toBe(url);
});
