// A sign-in by OpenID Connect, with a real oidc-provider as the company's and a scripted relying party as Keycloak.

import { decodeProtectedHeader } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { ScriptedBrowser, textOf } from '../../src/dev/scripted-browser.ts';
import { OPERATOR_RIGHTS } from '../../src/roles/rights.ts';
import { createConnectionSchema } from '../../sso/connections/connection-input.ts';
import { companyValues } from '../../sso/connections/connection-view.ts';
import { createConnection } from '../../sso/connections/create-connection.ts';
import { activateConnection, updateConnection } from '../../sso/connections/update-connection.ts';
import { CLIENT, startUpstream, type Upstream } from './oidc/upstream.ts';
import { type Bridge, startBridge } from './support/bridge.ts';

let bridge: Bridge;
let upstream: Upstream;
let globex: { id: string; key: string; domain: string };
let connectionId: string;
let gina: string;
/** What the company says of whoever signs in. */
const claims: Record<string, unknown> = {};

beforeAll(async () => {
  bridge = await startBridge();
  globex = await bridge.make.organization('globex', 'globex.test');
  const directoryId = await bridge.make.directory(globex.id);
  gina = await bridge.make.directoryUser(globex.id, directoryId, {
    address: 'gina@globex.test',
    externalId: 'employee-1',
  });
  const draft = await createConnection(
    bridge.deps,
    bridge.ctx,
    globex.id,
    createConnectionSchema.parse({
      protocol: 'oidc',
      displayName: 'Globex',
      issuer: 'http://127.0.0.1:1/',
      clientId: CLIENT.id,
      directoryId,
    }),
  );
  connectionId = draft.id;
  upstream = await startUpstream({
    redirectUri: `${bridge.baseUrl}/sso/oidc/${connectionId}/callback`,
    claims,
  });
  const change = { issuer: upstream.issuer, clientSecret: CLIENT.secret };
  await updateConnection(bridge.deps, bridge.ctx, globex.id, connectionId, { rights: OPERATOR_RIGHTS, change });
  await activateConnection(bridge.deps, bridge.ctx, globex.id, connectionId, {
    rights: OPERATOR_RIGHTS,
    untested: true,
  });
  await bridge.make.team(globex.id, 'engineering', 'Engineering');
});

afterAll(async () => {
  await upstream?.stop();
  await bridge?.[Symbol.asyncDispose]();
});

afterEach(() => {
  upstream.tamper = undefined;
});

const says = (said: Record<string, unknown>) => {
  for (const name of Object.keys(claims)) delete claims[name];
  Object.assign(claims, said);
};

const callback = (hops: { url: string }[]) => hops.find((hop) => hop.url.includes('/callback?'))!.url;

describe('a sign-in by OpenID Connect', () => {
  test('gives Keycloak the person, with teams by the groups that were sent', async () => {
    says({ email: 'gina@globex.test', groups: ['Engineering'] });
    const { answer } = await bridge.signIn(new ScriptedBrowser(), 'sso-globex', { login_hint: 'gina@globex.test' });
    expect(answer).toMatchObject({
      claims: { sub: await bridge.personOf(gina), email: 'gina@globex.test', db_connection: connectionId },
    });
    expect(await bridge.teamsOf(gina)).toEqual(['engineering']);
    expect(await bridge.lastTrace(globex.id)).toMatchObject({ outcome: 'completed', member_id: gina });
  });

  test('hands the typed address on and asks anew when Keycloak does', async () => {
    says({ email: 'gina@globex.test' });
    const browser = new ScriptedBrowser();
    await bridge.signIn(browser, 'sso-globex', { login_hint: 'gina@globex.test', prompt: 'login' });
    const asked = browser.takeHops().find((hop) => hop.url.startsWith(`${upstream.issuer}/auth?`))!;
    const sent = new URL(asked.url).searchParams;
    expect(sent.get('login_hint')).toBe('gina@globex.test');
    expect(sent.get('prompt')).toBe('login');
    expect(sent.get('code_challenge_method')).toBe('S256');
  });

  test('takes no address that the company says is not verified', async () => {
    says({ email: 'gina@globex.test', email_verified: false });
    await bridge.rows('delete from identity where member_id = $1', [gina]);
    await bridge.rows('update directory_user set external_id = $2 where member_id = $1', [gina, 'other']);
    const { page } = await bridge.signIn(new ScriptedBrowser(), 'sso-globex');
    expect(textOf(page)).toContain('Reference: person_unknown');
    await bridge.rows('update directory_user set external_id = $2 where member_id = $1', [gina, 'employee-1']);
  });
});

describe('an answer of the company is refused', () => {
  test('when it comes back a second time', async () => {
    says({ email: 'gina@globex.test' });
    const browser = new ScriptedBrowser();
    await bridge.signIn(browser, 'sso-globex');
    const page = await browser.open(callback(browser.takeHops()));
    expect(textOf(page)).toContain('Reference: request_used');
  });

  test('when another browser brings it, and the first browser can still finish', async () => {
    const browser = new ScriptedBrowser();
    const asked = bridge.keycloakAsks('sso-globex');
    const away = await followTo(browser, asked.url, `${upstream.issuer}/auth?`);
    const back = await upstream.signIn(away, `${bridge.baseUrl}/sso/oidc/${connectionId}/callback`);
    const foreign = await new ScriptedBrowser().open(back.href);
    expect(foreign.status).toBe(403);
    expect(textOf(foreign)).toContain('Reference: browser_mismatch');
    const own = await browser.open(back.href);
    expect(await bridge.keycloakGets(asked, own)).toHaveProperty('claims.sub', await bridge.personOf(gina));
  });

  test('when the ID token was changed on the way', async () => {
    upstream.tamper = async (answer) => ({ ...answer, id_token: `${answer.id_token.slice(0, -8)}AAAAAAAA` });
    const { page } = await bridge.signIn(new ScriptedBrowser(), 'sso-globex');
    expect(textOf(page)).toContain('Reference: response_refused');
    expect((await bridge.lastTrace(globex.id))?.detail.oidcRefusal).toBe('id_token_signature');
  });

  test('when the person cancelled there; the way back tells the application', async () => {
    const browser = new ScriptedBrowser();
    const asked = bridge.keycloakAsks('sso-globex');
    const away = new URL(await followTo(browser, asked.url, `${upstream.issuer}/auth?`));
    const answer = new URLSearchParams({
      error: 'access_denied',
      state: away.searchParams.get('state') ?? '',
      iss: upstream.issuer,
    });
    const page = await browser.open(`${bridge.baseUrl}/sso/oidc/${connectionId}/callback?${answer}`);
    expect(textOf(page)).toContain('Reference: identity_provider_refused');
    const back = await browser.submit(page, {}, '/back');
    expect(await bridge.keycloakGets(asked, back)).toEqual({ error: 'interaction_required' });
  });

  test('when its state is unknown or belongs to another connection', async () => {
    const browser = new ScriptedBrowser();
    const url = `${bridge.baseUrl}/sso/oidc/${connectionId}/callback?code=x&state=unknown`;
    expect(textOf(await browser.open(url))).toContain('Reference: request_unknown');
  });
});

/** Both keys are published in between, and sign-ins go on by the old one, then by the new one. */
async function replaceKey(orgId: string, id: string, company: Upstream): Promise<void> {
  const kidsAt = async () => {
    const { keys } = (await (await fetch(`${bridge.baseUrl}/sso/oidc/${id}/jwks`)).json()) as {
      keys: { kid: string }[];
    };
    return keys.map(({ kid }) => kid);
  };
  const usedBy = async () => {
    const { answer, page } = await bridge.signIn(new ScriptedBrowser(), 'sso-hooli');
    expect(answer, page.html).toHaveProperty('claims.email', 'gavin@hooli.test');
    return decodeProtectedHeader(company.tokenRequests.at(-1)?.get('client_assertion') ?? '').kid;
  };
  const rotate = (step: string) =>
    bridge.call<{ ownCertificates: { signs: boolean }[] }>(
      'post',
      `/connections/{connection}/key-rotation${step}`,
      orgId,
      {
        params: { connection: id },
      },
    );
  vi.useFakeTimers({ toFake: ['Date'] });
  const [old] = await kidsAt();
  expect((await rotate('')).ownCertificates).toMatchObject([{ signs: true }, { signs: false }]);
  const [next, beside] = await kidsAt();
  expect(beside).toBe(old);
  expect(await usedBy()).toBe(old);
  await expect(rotate('/finish')).rejects.toThrow('Finish after');
  vi.setSystemTime(Date.now() + 301_000);
  expect((await rotate('/finish')).ownCertificates).toMatchObject([{ signs: true }]);
  expect(await kidsAt()).toEqual([next]);
  expect(await usedBy()).toBe(next);
  const audit = await bridge.rows(
    `select action from audit_event where subject_id = $1 and action like 'connection.key%' order by id`,
    [id],
  );
  expect(audit).toEqual([{ action: 'connection.key_published' }, { action: 'connection.key_replaced' }]);
  await expect(
    bridge.call('post', '/connections/{connection}/key-rotation', globex.id, { params: { connection: connectionId } }),
  ).rejects.toThrow('private_key_jwt');
}

test('a company that does not answer is told as such, before the browser is sent away', async () => {
  const down = await bridge.make.organization('down', 'down.test');
  await bridge.make.connection(down.id, {
    protocol: 'oidc',
    issuer: 'http://127.0.0.1:1/',
    clientId: 'x',
    clientSecret: 'y',
  });
  const { page } = await bridge.signIn(new ScriptedBrowser(), 'sso-down');
  expect(page.status).toBe(502);
  expect(textOf(page)).toContain('Reference: identity_provider_unavailable');
});

/** Where the browser is sent, without going there: redirects are followed by hand up to that address. */
async function followTo(browser: ScriptedBrowser, start: string, prefix: string): Promise<string> {
  upstream.holds = true;
  await browser.open(start);
  upstream.holds = false;
  return browser.takeHops().find((hop) => hop.url.startsWith(prefix))!.url;
}

test('a connection without a shared secret signs in by a key of ours, which the company fetches', async () => {
  const hooli = await bridge.make.organization('hooli', 'hooli.test');
  const made = await createConnection(
    bridge.deps,
    bridge.ctx,
    hooli.id,
    createConnectionSchema.parse({
      protocol: 'oidc',
      displayName: 'Hooli',
      clientId: CLIENT.id,
      clientAuthentication: 'private_key_jwt',
      jit: 'on',
    }),
  );
  const serviceProvider = companyValues(bridge.baseUrl, made);
  const company = await startUpstream({
    redirectUri: serviceProvider.redirectUri ?? '',
    claims: { email: 'gavin@hooli.test' },
    clientKeysUri: serviceProvider.clientKeysUri ?? '',
  });
  try {
    const change = { issuer: company.issuer };
    await updateConnection(bridge.deps, bridge.ctx, hooli.id, made.id, { rights: OPERATOR_RIGHTS, change });
    await activateConnection(bridge.deps, bridge.ctx, hooli.id, made.id, { rights: OPERATOR_RIGHTS, untested: true });
    const { answer, page } = await bridge.signIn(new ScriptedBrowser(), 'sso-hooli');
    expect(answer, page.html).toHaveProperty('claims.email', 'gavin@hooli.test');
    const keys = await (await fetch(serviceProvider.clientKeysUri ?? '')).text();
    const [stored] = await bridge.rows<{ text: string }>(
      'select to_jsonb(c)::text as text from connection c where id = $1',
      [made.id],
    );
    for (const shown of [keys, stored?.text]) expect(shown).not.toMatch(/PRIVATE KEY|"d":/);
    const certificate = await fetch(`${bridge.baseUrl}/sso/oidc/${made.id}/certificate`);
    expect(await certificate.text()).toContain('BEGIN CERTIFICATE');
    expect(await (await fetch(`${bridge.baseUrl}/sso/oidc/${connectionId}/jwks`)).json()).toEqual({ keys: [] });
    await replaceKey(hooli.id, made.id, company);
  } finally {
    vi.useRealTimers();
    await company.stop();
  }
});
