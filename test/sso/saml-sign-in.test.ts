// A SAML sign-in from Keycloak's request to its ID token, with the company under another site. A scripted relying party
// plays Keycloak here; test/e2e has the real one.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Page, ScriptedBrowser, textOf } from '../../src/dev/scripted-browser.ts';
import { SAML_REFUSALS } from '../../sso/saml/refusals.ts';
import { makeKey } from '../support/saml-idp.ts';
import { type Bridge, startBridge } from './support/bridge.ts';
import { type SamlCompany, startSamlCompany } from './support/saml-company.ts';

const ALICE = { nameId: 'alice', email: 'alice@acme.test', externalId: 'x-alice', groups: [] };
const BOB = { nameId: 'bob', email: 'bob@acme.test', externalId: 'x-bob', groups: [] };

let bridge: Bridge;
let company: SamlCompany;
let acme: { id: string; key: string; domain: string };
let connectionId: string;
let alice: string;
let bob: string;

beforeAll(async () => {
  bridge = await startBridge();
  company = await startSamlCompany(ALICE);
  acme = await bridge.make.organization('acme', 'acme.test');
  const directoryId = await bridge.make.directory(acme.id);
  alice = await bridge.make.directoryUser(acme.id, directoryId, { address: ALICE.email, externalId: 'x-alice' });
  bob = await bridge.make.directoryUser(acme.id, directoryId, { address: BOB.email, externalId: 'x-bob' });
  connectionId = await bridge.make.connection(acme.id, {
    protocol: 'saml',
    directoryId,
    immutableIdAttribute: 'externalId',
    metadataXml: company.metadataXml(),
  });
});

afterAll(async () => {
  await company?.stop();
  await bridge?.[Symbol.asyncDispose]();
});

afterEach(() => {
  company.employee = ALICE;
  company.changes = () => ({});
  bridge.later.ms = 0;
});

describe('a sign-in by SAML', () => {
  test('gives Keycloak the person whom the company named', async () => {
    const { answer } = await bridge.signIn(new ScriptedBrowser(), 'sso-acme', { login_hint: 'alice@acme.test' });
    expect(answer).toMatchObject({
      claims: {
        sub: await bridge.personOf(alice),
        email: 'alice@acme.test',
        email_verified: true,
        given_name: 'Given',
        family_name: 'Family',
        db_connection: connectionId,
        db_login_at: expect.stringMatching(/^\d{10}$/),
      },
    });
  });

  test('is traced with every check, without values of what was sent', async () => {
    await bridge.signIn(new ScriptedBrowser(), 'sso-acme', { login_hint: 'alice@acme.test' });
    const trace = await bridge.lastTrace(acme.id);
    expect(trace).toMatchObject({ outcome: 'completed', refusal: null, member_id: alice });
    expect(trace?.detail).toMatchObject({ protocol: 'saml', typedAddress: 'same', evidence: 'empty' });
    expect(trace?.detail.received).toEqual(['email', 'externalId', 'groups']);
    expect(trace?.detail.checks.map((check) => check.name)).toEqual(
      expect.arrayContaining(['request', 'assertion signature', 'audience', 'step identity', 'groups']),
    );
  });

  test('links an identity once and records both the link and each sign-in', async () => {
    company.employee = BOB;
    await bridge.signIn(new ScriptedBrowser(), 'sso-acme');
    await bridge.signIn(new ScriptedBrowser(), 'sso-acme');
    const links = await bridge.rows('select linked_by from identity where member_id = $1', [bob]);
    expect(links).toEqual([{ linked_by: 'immutable_id' }]);
    const events = await bridge.rows<{ action: string; actor: { kind: string } }>(
      'select action, actor from audit_event where subject_id = $1 order by id',
      [bob],
    );
    expect(events.map((event) => event.action).filter((action) => /identity|sign_in/.test(action))).toEqual([
      'identity.linked',
      'sign_in.completed',
      'sign_in.completed',
    ]);
    expect(events.at(-1)?.actor).toMatchObject({ kind: 'connection', id: connectionId });
  });

  test('signs in whoever comes back where another address was typed, and records it', async () => {
    company.employee = BOB;
    const { answer } = await bridge.signIn(new ScriptedBrowser(), 'sso-acme', { login_hint: 'alice@acme.test' });
    expect(answer).toHaveProperty('claims.sub', await bridge.personOf(bob));
    expect((await bridge.lastTrace(acme.id))?.detail.typedAddress).toBe('another');
  });

  test('asks the company to authenticate anew when Keycloak demands it', async () => {
    await bridge.signIn(new ScriptedBrowser(), 'sso-acme', { prompt: 'login' });
    expect(company.requests.at(-1)?.forceAuthn).toBe(true);
    await bridge.signIn(new ScriptedBrowser(), 'sso-acme');
    expect(company.requests.at(-1)?.forceAuthn).toBe(false);
  });

  test('keeps neither the response nor a usable request afterwards', async () => {
    await bridge.signIn(new ScriptedBrowser(), 'sso-acme');
    const rows = await bridge.rows('select id from sign_in_request where response is not null or consumed_at is null');
    expect(rows).toEqual([]);
  });
});

/** Goes as far as the company, which does not send the browser back. */
async function askedAtCompany(browser: ScriptedBrowser) {
  company.withholds = true;
  const asked = bridge.keycloakAsks('sso-acme');
  await browser.open(asked.url);
  company.withholds = false;
  return { asked, request: company.requests.at(-1)! };
}

/** Posts a response across sites, as the company's page makes the browser do. */
function post(browser: ScriptedBrowser, to: string, fields: Record<string, string>): Promise<Page> {
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
  const html = `<form method="post" action="${to}">${inputs.join('')}</form>`;
  return browser.submit({ url: company.ssoUrl, status: 200, html });
}

const acs = (id = connectionId) => `${bridge.baseUrl}/sso/saml/${id}/acs`;

async function refusalOf(page: Page) {
  return { status: page.status, reference: /Reference: (\w+)/.exec(textOf(page))?.[1] };
}

describe('an answer of the company is refused', () => {
  test('when its request was used before', async () => {
    const browser = new ScriptedBrowser();
    await bridge.signIn(browser, 'sso-acme');
    const finish = browser.takeHops().find((hop) => hop.url.includes('/finish'))!;
    const again = await browser.open(finish.url);
    expect(await refusalOf(again)).toEqual({ status: 400, reference: 'request_used' });
    expect(await bridge.lastTrace(acme.id)).toMatchObject({ outcome: 'refused', refusal: 'request_used' });
  });

  test('when two tabs finish the same request at once: one gets in', async () => {
    const browser = new ScriptedBrowser();
    const { request } = await askedAtCompany(browser);
    await fetch(acs(), {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ SAMLResponse: company.respond(request), RelayState: request.relayState }),
    });
    const url = `${bridge.baseUrl}/sso/saml/${connectionId}/finish?request=${request.relayState}`;
    const pages = await Promise.all([browser.open(url), browser.open(url)]);
    const references = await Promise.all(pages.map(async (page) => (await refusalOf(page)).reference));
    expect(references.sort()).toEqual(['request_used', undefined]);
  });

  test('when another browser brings it', async () => {
    const victim = new ScriptedBrowser();
    const { request } = await askedAtCompany(new ScriptedBrowser());
    const page = await post(victim, acs(), { SAMLResponse: company.respond(request), RelayState: request.relayState });
    expect(await refusalOf(page)).toEqual({ status: 403, reference: 'browser_mismatch' });
    expect(page.html).not.toContain('/back');
  });

  test('when it is an old assertion in answer to a new request', async () => {
    const browser = new ScriptedBrowser();
    const first = await askedAtCompany(browser);
    const old = company.respond(first.request);
    const second = await askedAtCompany(browser);
    const page = await post(browser, acs(), { SAMLResponse: old, RelayState: second.request.relayState });
    expect(await refusalOf(page)).toMatchObject({ reference: 'response_refused' });
    expect((await bridge.lastTrace(acme.id))?.detail.samlRefusal).toBe('in_response_to');
  });

  test('when its assertion was seen before, whatever request it answers', async () => {
    company.changes = () => ({ assertionId: '_the-same' });
    const browser = new ScriptedBrowser();
    await bridge.signIn(browser, 'sso-acme');
    const { page } = await bridge.signIn(browser, 'sso-acme');
    expect(await refusalOf(page)).toEqual({ status: 400, reference: 'request_used' });
  });

  test('when it comes to another connection than the request was made for', async () => {
    const globex = await bridge.make.organization('globex', 'globex.test');
    const other = await bridge.make.connection(globex.id, { protocol: 'saml', metadataXml: company.metadataXml() });
    const browser = new ScriptedBrowser();
    const { request } = await askedAtCompany(browser);
    const response = company.respond({ ...request, acsUrl: acs(other) });
    const page = await post(browser, acs(other), { SAMLResponse: response, RelayState: request.relayState });
    expect(await refusalOf(page)).toEqual({ status: 400, reference: 'request_unknown' });
  });

  test('when it comes after ten minutes', async () => {
    const browser = new ScriptedBrowser();
    const { request } = await askedAtCompany(browser);
    bridge.later.ms = 10 * 60 * 1000 + 1000;
    const response = company.respond(request, bridge.deps.clock.now());
    const page = await post(browser, acs(), { SAMLResponse: response, RelayState: request.relayState });
    expect((await refusalOf(page)).reference).toBe('request_expired');
  });

  test('when the company says that it did not sign the person in', async () => {
    const denied = '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/>';
    company.changes = () => ({ status: denied });
    const { page } = await bridge.signIn(new ScriptedBrowser(), 'sso-acme');
    expect(await refusalOf(page)).toEqual({ status: 403, reference: 'identity_provider_refused' });
  });

  test('when another key has signed it', async () => {
    const stranger = await startSamlCompany(ALICE);
    try {
      const browser = new ScriptedBrowser();
      const { request } = await askedAtCompany(browser);
      stranger.changes = () => ({ issuer: company.entityId, responseIssuer: company.entityId });
      const page = await post(browser, acs(), {
        SAMLResponse: stranger.respond(request),
        RelayState: request.relayState,
      });
      expect(await refusalOf(page)).toEqual({ status: 403, reference: 'response_refused' });
    } finally {
      await stranger.stop();
    }
  });

  test('when it is larger than the cap', async () => {
    const page = await post(new ScriptedBrowser(), acs(), { SAMLResponse: 'A'.repeat(1_100_000), RelayState: 'x' });
    expect(await refusalOf(page)).toEqual({ status: 400, reference: 'response_unreadable' });
  });
});

describe('a refusal', () => {
  test('names its trace, and its way back tells the application through Keycloak', async () => {
    company.employee = { nameId: 'nobody', email: 'nobody@acme.test' };
    const browser = new ScriptedBrowser();
    const { asked, page } = await bridge.signIn(browser, 'sso-acme');
    const trace = await bridge.one<{ id: string }>('select id from sign_in_trace order by id desc limit 1');
    expect(page.status).toBe(403);
    expect(textOf(page)).toContain(`Reference: person_unknown · ${trace?.id}`);
    expect(page.html).not.toMatch(/https?:\/\/(?!127\.0\.0\.1)/);
    const back = await browser.submit(page, {}, '/back');
    expect(await bridge.keycloakGets(asked, back)).toEqual({ error: 'interaction_required' });
  });

  test('is explained to an administrator by its reference', async () => {
    const denied = '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"/>';
    company.changes = () => ({ status: denied });
    const { page } = await bridge.signIn(new ScriptedBrowser(), 'sso-acme');
    const id = /· ([0-9a-f-]{36})/.exec(textOf(page))?.[1];
    const endpoint = bridge.sso().endpoints.find((one) => one.path.endsWith('/sign-ins'))!;
    const ask = async (orgId: string, query: object) => {
      const call = { orgId, query: endpoint.query?.parse(query) } as unknown as Parameters<typeof endpoint.handle>[0];
      return ((await endpoint.handle(call)).body as { items: object[] }).items;
    };
    expect(await ask(acme.id, { id })).toMatchObject([
      { id, refusal: 'identity_provider_refused', cause: SAML_REFUSALS.status.cause, cure: SAML_REFUSALS.status.cure },
    ]);
    expect(await ask((await bridge.make.organization('curious', 'curious.test')).id, { id })).toEqual([]);
    expect(await ask(acme.id, { outcome: 'completed', limit: '2' })).toHaveLength(2);
  });

  test('leaves nothing behind but its trace', async () => {
    company.employee = { nameId: 'nobody', email: 'nobody@acme.test' };
    const before = await bridge.one(
      'select (select count(*) from member) as m, (select count(*) from audit_event) as a',
    );
    await bridge.signIn(new ScriptedBrowser(), 'sso-acme');
    const after = await bridge.one(
      'select (select count(*) from member) as m, (select count(*) from audit_event) as a',
    );
    expect(after).toEqual(before);
  });
});

describe('a response whose RelayState got lost', () => {
  test('still finishes the request that it answers, in the browser of that request', async () => {
    const browser = new ScriptedBrowser();
    const { asked, request } = await askedAtCompany(browser);
    const page = await post(browser, acs(), { SAMLResponse: company.respond(request), RelayState: '' });
    expect(await bridge.keycloakGets(asked, page)).toHaveProperty('claims.sub', await bridge.personOf(alice));
    const other = await askedAtCompany(new ScriptedBrowser());
    const foreign = await post(new ScriptedBrowser(), acs(), { SAMLResponse: company.respond(other.request) });
    expect(await refusalOf(foreign)).toEqual({ status: 403, reference: 'browser_mismatch' });
  });

  test('is refused when it answers no request of ours: to start anew would go round for ever', async () => {
    const response = company.respond({ id: '_none', acsUrl: acs(), spEntityId: 'x' });
    const page = await post(new ScriptedBrowser(), acs(), { SAMLResponse: response });
    expect(await refusalOf(page)).toEqual({ status: 400, reference: 'request_unknown' });
  });
});

test('a response that is not base64 is refused under that name', async () => {
  const browser = new ScriptedBrowser();
  const { request } = await askedAtCompany(browser);
  const page = await post(browser, acs(), { SAMLResponse: '%%%', RelayState: request.relayState });
  expect(await refusalOf(page)).toEqual({ status: 403, reference: 'response_refused' });
  expect((await bridge.lastTrace(acme.id))?.detail.samlRefusal).toBe('not_base64');
});

describe('a response that nobody asked for', () => {
  test('is only a hint: a normal sign-in starts at the application', async () => {
    company.changes = () => ({ inResponseTo: null, confirmationInResponseTo: null });
    const response = company.respond({ id: '_none', acsUrl: acs(), spEntityId: 'x' });
    const answer = await fetch(acs(), {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ SAMLResponse: response, RelayState: 'https://acme.test/home' }),
    });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe('http://127.0.0.1:9/app/login?kc_idp_hint=sso-acme');
  });
});

test('metadata names the connection’s own entity ID and address', async () => {
  const answer = await fetch(`${bridge.baseUrl}/sso/saml/${connectionId}/metadata`);
  expect(answer.status).toBe(200);
  const xml = await answer.text();
  expect(xml).toContain(`entityID="${bridge.baseUrl}/sso/saml/${connectionId}/metadata"`);
  expect(xml).toContain(`Location="${acs()}"`);
});

describe('a key that the company has changed', () => {
  test('is found in its metadata during the sign-in, once a minute at most', async () => {
    const { id: orgId } = await bridge.make.organization('rotating', 'rotating.test');
    const directoryId = await bridge.make.directory(orgId);
    const rosa = { nameId: 'rosa', email: 'rosa@rotating.test', externalId: 'x-rosa' };
    await bridge.make.directoryUser(orgId, directoryId, { address: rosa.email, externalId: 'x-rosa' });
    await bridge.make.connection(orgId, {
      protocol: 'saml',
      directoryId,
      immutableIdAttribute: 'externalId',
      metadataUrl: company.entityId,
      metadataXml: company.metadataXml(),
    });
    const { key } = company;
    const stranger = makeKey('rsa', 'stranger');
    const signIn = async () => {
      company.employee = rosa;
      return (await bridge.signIn(new ScriptedBrowser(), 'sso-rotating')).answer;
    };
    try {
      company.key = makeKey('rsa', 'new key');
      company.metadataReads = 0;
      expect(await signIn()).toHaveProperty('claims.email', rosa.email);
      expect((await bridge.lastTrace(orgId))?.detail.checks).toContainEqual({
        name: 'metadata',
        ok: true,
        detail: 'read again, since no certificate fitted the signature',
      });
      // both keys are known now
      company.key = key;
      expect(await signIn()).toHaveProperty('claims.email', rosa.email);
      expect(company.metadataReads).toBe(1);
      // a stranger's signature is no reason to ask again and again, and asking makes nobody trusted
      const published = company.metadataXml();
      company.metadataXml = () => published;
      company.key = stranger;
      bridge.later.ms = 61_000;
      for (let attempt = 0; attempt < 3; attempt += 1) expect(await signIn()).toBeUndefined();
      expect(company.metadataReads).toBe(2);
    } finally {
      company.key = key;
    }
  });
});
