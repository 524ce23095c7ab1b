// Two connections of one organization at once, SAML and OpenID Connect, each with a domain of its own: the typed
// address picks one, and without it the person chooses.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ScriptedBrowser, textOf } from '../../src/dev/scripted-browser.ts';
import { claimDomain } from '../../src/orgs/claim-domain.ts';
import { OPERATOR_RIGHTS } from '../../src/roles/rights.ts';
import { createConnectionSchema } from '../../sso/connections/connection-input.ts';
import { createConnection } from '../../sso/connections/create-connection.ts';
import { activateConnection, disableConnection, updateConnection } from '../../sso/connections/update-connection.ts';
import { CLIENT, startUpstream, type Upstream } from './oidc/upstream.ts';
import { type Bridge, startBridge } from './support/bridge.ts';
import { type SamlCompany, startSamlCompany } from './support/saml-company.ts';

let bridge: Bridge;
let saml: SamlCompany;
let upstream: Upstream;
let org: { id: string; key: string; domain: string };
let samlId: string;
let oidcId: string;
let ada: string;
let gina: string;

const rights = { rights: OPERATOR_RIGHTS };

beforeAll(async () => {
  bridge = await startBridge();
  org = await bridge.make.organization('merged', 'old.test');
  await claimDomain(bridge.deps, bridge.ctx, org.id, { domain: 'new.test', decided: true });
  const directoryId = await bridge.make.directory(org.id);
  ada = await bridge.make.directoryUser(org.id, directoryId, { address: 'ada@old.test', externalId: 'ada-1' });
  gina = await bridge.make.directoryUser(org.id, directoryId, { address: 'gina@new.test', externalId: 'employee-1' });
  saml = await startSamlCompany({ nameId: 'ada', externalId: 'ada-1', email: 'ada@old.test' });
  samlId = await bridge.make.connection(org.id, {
    protocol: 'saml',
    displayName: 'Old company',
    metadataXml: saml.metadataXml(),
    immutableIdAttribute: 'externalId',
    domains: ['old.test'],
    directoryId,
  });
  const oidc = { protocol: 'oidc', displayName: 'New company', issuer: 'https://unknown.test', clientId: CLIENT.id };
  const draft = createConnectionSchema.parse({ ...oidc, domains: ['new.test'], directoryId });
  oidcId = (await createConnection(bridge.deps, bridge.ctx, org.id, draft)).id;
  upstream = await startUpstream({
    redirectUri: `${bridge.baseUrl}/sso/oidc/${oidcId}/callback`,
    claims: { email: 'gina@new.test' },
  });
  const change = { issuer: upstream.issuer, clientSecret: CLIENT.secret };
  await updateConnection(bridge.deps, bridge.ctx, org.id, oidcId, { ...rights, change });
  await activateConnection(bridge.deps, bridge.ctx, org.id, oidcId, { ...rights, untested: true });
});

afterAll(async () => {
  await saml?.stop();
  await upstream?.stop();
  await bridge?.[Symbol.asyncDispose]();
});

const signedInBy = async (member: string, connectionId: string) => ({
  claims: { sub: await bridge.personOf(member), db_connection: connectionId },
});

test('the domain of the typed address picks the connection', async () => {
  const byOld = await bridge.signIn(new ScriptedBrowser(), 'sso-merged', { login_hint: 'ada@OLD.test' });
  expect(byOld.answer).toMatchObject(await signedInBy(ada, samlId));
  const byNew = await bridge.signIn(new ScriptedBrowser(), 'sso-merged', { login_hint: 'gina@new.test' });
  expect(byNew.answer).toMatchObject(await signedInBy(gina, oidcId));
});

test.each([
  ['no address', {}],
  ["an address of neither's domain", { login_hint: 'ada@elsewhere.test' }],
])('with %s, the person chooses', async (_what, hint) => {
  const browser = new ScriptedBrowser();
  const { asked, page } = await bridge.signIn(browser, 'sso-merged', hint);
  const links = [...page.html.matchAll(/<a href="([^"]+)">([^<]+)</g)].map(([, href = '', name]) => ({ href, name }));
  expect(links.map(({ name }) => name)).toEqual(['New company', 'Old company']);
  const chosen = await browser.open(new URL(links[1]!.href, page.url).href);
  expect(await bridge.keycloakGets(asked, chosen)).toMatchObject(await signedInBy(ada, samlId));
});

test('whoever leaves the choice tells the application so, and a connection of nobody is no choice', async () => {
  const browser = new ScriptedBrowser();
  const { asked, page } = await bridge.signIn(browser, 'sso-merged');
  const again = await browser.open(`${page.url}?connection=${org.id}`);
  expect(textOf(again)).toContain('How do you sign in?');
  expect(await bridge.keycloakGets(asked, await browser.submit(again, {}, '/back'))).toEqual({
    error: 'interaction_required',
  });
});

test("an address's own connection cannot be passed by", async () => {
  const browser = new ScriptedBrowser();
  const asked = bridge.keycloakAsks('sso-merged', { login_hint: 'gina@new.test' });
  upstream.holds = true;
  await browser.open(asked.url);
  upstream.holds = false;
  const interaction = browser.takeHops().find(({ url }) => url.includes('/sso/interaction/'))!.url;
  const page = await browser.open(`${interaction}?connection=${samlId}`);
  expect(await bridge.keycloakGets(asked, page)).toMatchObject(await signedInBy(gina, oidcId));
});

test('Keycloak knows one provider for both, until the last is disabled', async () => {
  const projected = async () =>
    (await bridge.one<{ p: { connection: unknown } }>('select organization_projection($1) as p', [org.id]))!.p
      .connection;
  expect(await projected()).toMatchObject({ active: true });
  await disableConnection(bridge.deps, bridge.ctx, org.id, oidcId);
  expect(await projected()).toEqual({ id: samlId, active: true });
  // one is left: nobody needs to choose
  const { answer } = await bridge.signIn(new ScriptedBrowser(), 'sso-merged');
  expect(answer).toMatchObject(await signedInBy(ada, samlId));
});
