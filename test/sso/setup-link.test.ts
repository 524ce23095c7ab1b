// Set-up links over HTTP: an IT administrator without an account prepares sign-in, domains and the directory; nothing of it
// works before somebody with full control switches it on; and a link opens nothing else.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Page, ScriptedBrowser, textOf } from '../../src/dev/scripted-browser.ts';
import { createTxtResolver } from '../../src/orgs/resolve-txt.ts';
import { type DnsServer, startDnsServer } from '../support/dns-server.ts';
import { type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';
import { type SamlCompany, startSamlCompany } from './support/saml-company.ts';

let t: Setup;
let dns: DnsServer;
let company: SamlCompany;
let org: MadeOrganization;
let domain: string;
let count = 0;

beforeAll(async () => {
  dns = await startDnsServer();
  t = await setup({ signIn: true, resolveTxt: createTxtResolver([dns.address]) });
  company = await startSamlCompany({ nameId: 'nobody' });
});
afterAll(async () => {
  await company.stop();
  await t[Symbol.asyncDispose]();
  await dns.stop();
});
beforeEach(async () => {
  count += 1;
  org = await t.make.organization(`acme${count}`);
  domain = `company${count}.test`;
  company.employee = { nameId: 'ada', email: `ada@${domain}` };
});

const call = (method: string, path: string, body?: object, key = org.ownerKey) =>
  t.call(method, `/v1/organizations/${org.key}${path}`, { key, ...(body && { body }) });

async function makeLink(body: object = {}): Promise<{ id: string; url: string }> {
  const made = await call('POST', '/setup-links', body);
  expect(made.status).toBe(201);
  return made.body;
}

const listed = async (path: string): Promise<Json[]> => (await call('GET', path)).body.items;

/** Chooses SAML and gives the company's metadata. */
async function setUpConnection(browser: ScriptedBrowser, url: string): Promise<Page> {
  const chosen = await browser.submit(await browser.open(url), { provider: 'keycloak saml' }, '/choose');
  return browser.submit(chosen, { metadataXml: company.metadataXml() }, '/provider');
}

async function setUpDomain(browser: ScriptedBrowser, url: string): Promise<Page> {
  const claimed = await browser.submit(await browser.open(url), { domain }, '/domain');
  const [claim] = (await listed('/domains')).filter((one) => one.domain === domain);
  expect(claimed.html).toContain(claim.txtValue);
  dns.records.set(claim.txtName, [claim.txtValue]);
  return browser.submit(claimed, { domain }, '/prove');
}

describe('through a set-up link', () => {
  test('sign-in and domain are prepared and tested, and full control switches them on', async () => {
    const { url } = await makeLink();
    const browser = new ScriptedBrowser();
    const shown = await browser.open(url);
    expect(shown.status).toBe(200);
    expect(textOf(await setUpDomain(browser, url))).toContain('waits to be confirmed');
    const given = await setUpConnection(browser, url);
    const [connection] = await listed('/connections');
    expect(connection).toMatchObject({
      status: 'draft',
      settings: { preset: 'keycloak', domains: expect.arrayContaining([domain]) },
    });
    for (const value of Object.values<string>(connection.serviceProvider)) expect(given.html).toContain(value);
    await call('PATCH', `/connections/${connection.id}`, { jit: 'on' });

    const offered = await browser.submit(given, {}, '/test');
    const result = await browser.submit(offered, {}, '/sso/test/');
    expect(textOf(result)).toContain('The test sign-in succeeded');
    expect(textOf(result)).toContain(`${domain} is proved but not confirmed yet`);
    expect(textOf(await browser.open(url))).toContain('waits to be switched on by an administrator');

    const { key: manager } = await t.make.key(org, ['connection.manage', 'organization.manage']);
    const verify = (key: string) => call('POST', `/domains/${domain}/verify`, undefined, key);
    const activate = (key: string) => call('POST', `/connections/${connection.id}/activate`, undefined, key);
    expect([(await verify(manager)).body.code, (await activate(manager)).body.code]).toEqual([
      'role_ceiling',
      'role_ceiling',
    ]);
    expect((await activate(org.ownerKey)).status).toBe(409);
    expect((await verify(org.ownerKey)).body).toMatchObject({ status: 'verified' });
    expect((await activate(org.ownerKey)).body).toMatchObject({ status: 'active', tested: true });
    // from now on the link changes nothing of it
    const late = await browser.submit(given, { metadataXml: company.metadataXml() }, '/provider');
    expect([late.status, textOf(late).includes('There is no draft')]).toEqual([409, true]);
  });

  test('a directory is made switched off, its token shown once, and full control switches it on', async () => {
    const { url } = await makeLink({ scopes: ['directory'] });
    const browser = new ScriptedBrowser();
    const made = await browser.submit(await browser.open(url), { profile: 'entra' }, '/directory');
    const token = /dbs_[A-Za-z0-9_-]{43}/.exec(made.html)?.[0];
    expect(token).toBeDefined();
    expect(made.html).toContain(`${t.baseUrl}/scim/v2`);
    expect((await browser.open(url)).html).not.toContain(token);
    const [directory] = await listed('/directories');
    expect(directory).toMatchObject({ status: 'inactive', profile: 'entra' });
    const { key: manager } = await t.make.key(org, ['directory.manage']);
    const activate = (key: string) => call('POST', `/directories/${directory.id}/activate`, undefined, key);
    expect((await activate(manager)).body.code).toBe('role_ceiling');
    const prepared = await browser.open(url);
    expect((await activate(org.ownerKey)).status).toBe(200);
    // from now on the link opens nothing of it
    const late = await browser.submit(prepared, {}, '/token');
    expect([late.status, late.html.includes('dbs_')]).toEqual([409, false]);
    expect(textOf(late)).toContain('Ask an administrator for another token');
    expect(late.html).not.toContain('/token"');
  });

  test('everything is recorded with the link as its actor, and no secret', async () => {
    const { id, url } = await makeLink();
    const browser = new ScriptedBrowser();
    await setUpDomain(browser, url);
    await setUpConnection(browser, url);
    const { body } = await call('GET', '/audit-events?limit=50');
    const mine = body.items.filter((event: Json) => event.actor.kind === 'setup_link');
    expect(mine.map((event: Json) => event.action)).toEqual(
      expect.arrayContaining(['domain.claimed', 'domain.proved', 'connection.created', 'connection.updated']),
    );
    expect(new Set(mine.map((event: Json) => event.actor.id))).toEqual(new Set([id]));
    const token = url.split('/').at(-1)!;
    expect(JSON.stringify(body)).not.toContain(token);
    expect(t.logLines.join('')).not.toContain(token);
  });

  test('what cannot be done is said on the page, and nothing has changed', async () => {
    const { url } = await makeLink();
    const browser = new ScriptedBrowser();
    const page = await browser.open(url);
    const refused = await browser.submit(page, { domain: 'gmail.com' }, '/domain');
    expect([refused.status, textOf(refused).includes('no organization can own it')]).toEqual([400, true]);
    await browser.submit(refused, { domain }, '/domain');
    const unproved = await browser.submit(await browser.open(url), { domain }, '/prove');
    expect([unproved.status, textOf(unproved).includes(`_drawbridge.${domain}`)]).toEqual([409, true]);
    const early = await browser.submit(page, { metadataXml: '<a/>' }, '/domain');
    expect(early.status).toBe(400);
    expect(await listed('/connections')).toEqual([]);
  });
});

describe('a set-up link', () => {
  const gone = (page: Page) => ({ status: page.status, text: textOf(page) });
  const open = (url: string) => new ScriptedBrowser().open(url);

  test('looks the same when it is unknown, revoked or over, and opens again and again until then', async () => {
    const unknown = gone(await open(`${t.baseUrl}/sso/setup/${'x'.repeat(43)}`));
    expect(unknown.status).toBe(410);
    const [revoked, over] = [await makeLink(), await makeLink({ expiresInHours: 1 })];
    for (const { url } of [revoked, over, over]) expect((await open(url)).status).toBe(200);
    expect((await call('DELETE', `/setup-links/${revoked.id}`)).status).toBe(204);
    expect(gone(await open(revoked.url))).toEqual(unknown);
    t.clock.advance(3600);
    expect(gone(await open(over.url))).toEqual(unknown);
    t.clock.advance(-3600);
    expect((await call('GET', '/setup-links')).body.items).toMatchObject([
      { id: over.id },
      { id: revoked.id, revokedAt: expect.any(String) },
    ]);
  });

  test('lives seven days at most', async () => {
    expect((await call('POST', '/setup-links', { expiresInHours: 169 })).status).toBe(400);
    const { body } = await call('POST', '/setup-links', {});
    expect(Date.parse(body.expiresAt) - Date.parse(body.createdAt)).toBe(7 * 24 * 3600 * 1000);
  });

  test('gives no more than its author holds, and no step outside its scopes', async () => {
    const { key } = await t.make.key(org, ['organization.manage', 'connection.manage']);
    expect((await call('POST', '/setup-links', {}, key)).body.code).toBe('role_ceiling');
    const made = await call('POST', '/setup-links', { scopes: ['connection'] }, key);
    expect(made.status).toBe(201);
    const browser = new ScriptedBrowser();
    const page = await browser.open(made.body.url);
    expect(textOf(page)).not.toContain('Mail domains');
    const form = page.html.replaceAll('/choose', '/directory');
    expect((await browser.submit({ ...page, html: form }, {}, '/directory')).status).toBe(403);
    expect(await listed('/directories')).toEqual([]);
  });

  test('takes a form only from the browser that got its page, and by POST', async () => {
    const { url } = await makeLink();
    const page = await open(url);
    const other = new ScriptedBrowser();
    await other.open(url);
    for (const browser of [other, new ScriptedBrowser()]) {
      expect((await browser.submit(page, { domain }, '/domain')).status).toBe(403);
    }
    const mine = new ScriptedBrowser();
    const own = await mine.open(url);
    const foreign = await fetch(`${url}/domain`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site', 'content-type': 'application/x-www-form-urlencoded' },
      body: `domain=${domain}`,
    });
    expect(foreign.status).toBe(403);
    expect((await fetch(`${url}/domain?domain=${domain}`)).url).toBe(url);
    expect((await listed('/domains')).map((one) => one.domain)).toEqual([`${org.key}.test`]);
    expect((await mine.submit(own, { domain }, '/domain')).status).toBe(200);
  });

  test('reaches nothing that another link or an administrator has made', async () => {
    await call('POST', '/connections', { protocol: 'saml', displayName: 'Own', metadataXml: company.metadataXml() });
    const [first, second] = [await makeLink(), await makeLink()];
    await setUpConnection(new ScriptedBrowser(), first.url);
    const browser = new ScriptedBrowser();
    const page = await browser.open(second.url);
    expect(textOf(page)).toContain('Choose your identity provider');
    const form = page.html.replaceAll('/choose', '/provider');
    const refused = await browser.submit({ ...page, html: form }, { metadataXml: company.metadataXml() }, '/provider');
    expect(refused.status).toBe(409);
  });

  test('of a frozen organization opens nothing', async () => {
    const { url } = await makeLink();
    await t.db.query(org.id, {
      text: `update organization set frozen_at = now(), frozen_reason = 'x' where org_id = $1`,
      values: [org.id],
    });
    expect((await open(url)).status).toBe(410);
  });
});
