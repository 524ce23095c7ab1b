// What companies and browsers send is kept as it is or refused by name, and never fails within: texts that no column holds,
// names that no index takes, in queries, forms, claims and assertions.
import { randomInt } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ScriptedBrowser, textOf } from '../../src/dev/scripted-browser.ts';
import { OPERATOR_RIGHTS } from '../../src/roles/rights.ts';
import { createConnectionSchema } from '../../sso/connections/connection-input.ts';
import { createConnection } from '../../sso/connections/create-connection.ts';
import { activateConnection, updateConnection } from '../../sso/connections/update-connection.ts';
import { CLIENT, startUpstream, type Upstream } from './oidc/upstream.ts';
import { type Bridge, startBridge } from './support/bridge.ts';
import { type SamlCompany, startSamlCompany } from './support/saml-company.ts';

let bridge: Bridge;
let company: SamlCompany;
let upstream: Upstream;
let samlId: string;
let oidcId: string;

beforeAll(async () => {
  bridge = await startBridge();
  company = await startSamlCompany({ nameId: 'alice', email: 'alice@acme.test' });
  const acme = await bridge.make.organization('acme', 'acme.test');
  samlId = await bridge.make.connection(acme.id, {
    protocol: 'saml',
    metadataXml: company.metadataXml(),
    jit: 'on',
  });
  const globex = await bridge.make.organization('globex', 'globex.test');
  const draft = createConnectionSchema.parse({
    protocol: 'oidc',
    displayName: 'Globex',
    clientId: CLIENT.id,
    jit: 'on',
  });
  oidcId = (await createConnection(bridge.deps, bridge.ctx, globex.id, draft)).id;
  upstream = await startUpstream({
    redirectUri: `${bridge.baseUrl}/sso/oidc/${oidcId}/callback`,
    claims: { email: 'gina@globex.test' },
  });
  const change = { issuer: upstream.issuer, clientSecret: CLIENT.secret };
  await updateConnection(bridge.deps, bridge.ctx, globex.id, oidcId, { rights: OPERATOR_RIGHTS, change });
  await activateConnection(bridge.deps, bridge.ctx, globex.id, oidcId, { rights: OPERATOR_RIGHTS, untested: true });
});

afterAll(async () => {
  await company?.stop();
  await upstream?.stop();
  await bridge?.[Symbol.asyncDispose]();
});

afterEach(() => {
  company.changes = () => ({});
  upstream.tamper = undefined;
});

/** Three bytes each, and nothing in it that compresses. */
const ideographs = (length: number) => String.fromCharCode(...Array.from({ length }, () => 0x4e00 + randomInt(20_000)));

describe('a query or a form with U+0000', () => {
  test.each([
    '/sso/start?email=a@acme%00.test',
    '/sso/saml/{saml}/finish?request=%00',
    '/sso/oidc/{oidc}/callback?state=%00&code=x',
    '/sso/oidc/{oidc}/callback?state=x&code=x%00',
    '/sso/attempts/callback?state=%00&code=x',
    '/oidc/auth?client_id=keycloak-%00',
    '/oidc/auth?client_id=keycloak-acme&state=%00',
    '/oidc/session/end?client_id=keycloak-a%00',
  ])('is refused at %s', async (path) => {
    const url = bridge.baseUrl + path.replace('{saml}', samlId).replace('{oidc}', oidcId);
    const page = await new ScriptedBrowser().open(url);
    expect({ status: page.status, text: textOf(page) }).toEqual({
      status: 400,
      text: expect.stringContaining('Reference: response_unreadable'),
    });
  });

  test.each([
    ['/sso/saml/{saml}/acs', 'SAMLResponse'],
    ['/sso/saml/{saml}/slo', 'SAMLRequest'],
    ['/sso/oidc/{oidc}/backchannel-logout', 'logout_token'],
    ['/sso/setup/x/choose', 'provider'],
  ])('is refused at %s', async (path, field) => {
    const url = bridge.baseUrl + path.replace('{saml}', samlId).replace('{oidc}', oidcId);
    const answer = await fetch(url, { method: 'POST', body: new URLSearchParams({ [field]: '\u0000' }) });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('response_unreadable');
  });

  test('is an unknown client to the token endpoint', async () => {
    const form = { grant_type: 'authorization_code', code: 'x', client_id: 'keycloak-a\u0000', client_secret: 'x' };
    const answer = await fetch(`${bridge.baseUrl}/oidc/token`, { method: 'POST', body: new URLSearchParams(form) });
    expect({ status: answer.status, body: await answer.json() }).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
  });
});

describe('the longest names that are taken', () => {
  test('of an assertion are kept', async () => {
    const session = ideographs(341);
    company.changes = () => ({
      assertionId: `_${ideographs(255)}`,
      nameId: ideographs(341),
      authnStatement: `<saml:AuthnStatement AuthnInstant="${new Date().toISOString()}" SessionIndex="${session}"/>`,
    });
    const { page, answer } = await bridge.signIn(new ScriptedBrowser(), 'sso-acme');
    expect(answer, textOf(page)).toHaveProperty('claims.email', 'alice@acme.test');
    const kept = await bridge.rows('select 1 from upstream_session where session_index = $1', [session]);
    expect(kept).toHaveLength(1);
  });

  test('of an ID token are kept, and a logout finds them', async () => {
    const [sub, sid] = [ideographs(512), ideographs(512)];
    upstream.tamper = async (answer) => ({
      ...answer,
      id_token: await upstream.sign({
        ...decodeJwt(answer.id_token),
        at_hash: undefined,
        email: 'gina@globex.test',
        sub,
        sid,
      }),
    });
    const { page, answer } = await bridge.signIn(new ScriptedBrowser(), 'sso-globex');
    expect(answer, textOf(page)).toHaveProperty('claims.email', 'gina@globex.test');
    const now = Math.floor(Date.now() / 1000);
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    const token = await upstream.sign(
      { iss: upstream.issuer, aud: CLIENT.id, iat: now, exp: now + 60, jti: ideographs(512), events, sub, sid },
      { typ: 'logout+jwt' },
    );
    const told = await fetch(`${bridge.baseUrl}/sso/oidc/${oidcId}/backchannel-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
    });
    expect(told.status).toBe(200);
    const ended = await bridge.rows('select ended_by from upstream_session where session_index = $1', [sid]);
    expect(ended).toEqual([{ ended_by: 'company' }]);
  });
});
