// Our OIDC provider as Keycloak meets it: fresh for every request, everything in Postgres, no OAuth error that loops.
// A scripted relying party plays Keycloak here; test/e2e has the real one.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ScriptedBrowser, textOf } from '../../src/dev/scripted-browser.ts';
import { loadSigningKeys } from '../../sso/provider/signing-keys.ts';
import { type Bridge, exchange, startBridge } from './support/bridge.ts';
import { type SamlCompany, startSamlCompany } from './support/saml-company.ts';

const person = (name: string) => ({ nameId: name, email: `${name}@acme.test`, externalId: `x-${name}`, groups: [] });

let bridge: Bridge;
let company: SamlCompany;
let acme: { id: string; key: string; domain: string };
let alice: string;
let bob: string;

beforeAll(async () => {
  bridge = await startBridge({ restartEachRequest: true });
  company = await startSamlCompany(person('alice'));
  acme = await bridge.make.organization('acme', 'acme.test');
  const directoryId = await bridge.make.directory(acme.id);
  const push = (name: string) =>
    bridge.make.directoryUser(acme.id, directoryId, { address: `${name}@acme.test`, externalId: `x-${name}` });
  alice = await push('alice');
  bob = await push('bob');
  await bridge.make.connection(acme.id, {
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

const signInAs = (browser: ScriptedBrowser, name: string, parameters?: Record<string, string>) => {
  company.employee = person(name);
  return bridge.signIn(browser, 'sso-acme', parameters);
};

/** A code that Keycloak has not redeemed yet. */
async function freshCode(name: string) {
  company.employee = person(name);
  const asked = bridge.keycloakAsks('sso-acme');
  const page = await new ScriptedBrowser().open(asked.url);
  return { asked, code: new URL(page.url).searchParams.get('code') ?? '' };
}

describe('two people of one browser', () => {
  test('never become each other, and meet no page of ours', async () => {
    const browser = new ScriptedBrowser();
    const subjects = [];
    for (const name of ['alice', 'bob', 'alice']) {
      browser.takeHops();
      const { answer } = await signInAs(browser, name);
      subjects.push(answer && 'claims' in answer ? answer.claims.sub : answer);
      const ours = browser.takeHops().filter((hop) => hop.url.startsWith(bridge.baseUrl));
      expect(ours.every((hop) => hop.status === 303)).toBe(true);
    }
    const [a, b] = [await bridge.personOf(alice), await bridge.personOf(bob)];
    expect(subjects).toEqual([a, b, a]);
  });

  test('are asked anew at the company each time', async () => {
    const browser = new ScriptedBrowser();
    const before = company.requests.length;
    await signInAs(browser, 'alice');
    await signInAs(browser, 'alice');
    expect(company.requests.length - before).toBe(2);
  });

  test('in two tabs at once get their own answers', async () => {
    const browser = new ScriptedBrowser();
    company.employee = person('alice');
    const tabs = [bridge.keycloakAsks('sso-acme'), bridge.keycloakAsks('sso-acme')] as const;
    const pages = await Promise.all(tabs.map((tab) => browser.open(tab.url)));
    for (const [at, tab] of tabs.entries()) {
      expect(await bridge.keycloakGets(tab, pages[at]!)).toHaveProperty('claims.sub', await bridge.personOf(alice));
    }
  });
});

describe('a process that has just started', () => {
  test('goes on where another stopped, at every step', async () => {
    const { answer } = await signInAs(new ScriptedBrowser(), 'bob');
    expect(answer).toHaveProperty('claims.sub', await bridge.personOf(bob));
  });

  test('signs with the same key, which is stored sealed', async () => {
    const { signing: first } = await loadSigningKeys(bridge.deps, bridge.deps.config.secretKey);
    const { signing: second } = await loadSigningKeys(bridge.deps, bridge.deps.config.secretKey);
    expect(second).toEqual(first);
    const stored = await bridge.rows<{ sealed_jwk: Buffer }>('select sealed_jwk from signing_key');
    expect(stored).toHaveLength(1);
    expect(stored[0]?.sealed_jwk.includes(Buffer.from(String(first.d)))).toBe(false);
  });

  test('makes one key when several start on an empty table', async () => {
    await bridge.rows('delete from signing_key');
    const { secretKey } = bridge.deps.config;
    const keys = await Promise.all([1, 2, 3].map(() => loadSigningKeys(bridge.deps, secretKey)));
    expect(new Set(keys.map(({ signing }) => signing.kid)).size).toBe(1);
  });
});

describe('a code', () => {
  test('is redeemed once, and a second try ends what the first was given', async () => {
    const { asked, code } = await freshCode('alice');
    await exchange(bridge.baseUrl, asked, code);
    await expect(exchange(bridge.baseUrl, asked, code)).rejects.toThrow('invalid_grant');
  });

  test('goes to one of two that redeem it at once', async () => {
    const { asked, code } = await freshCode('alice');
    const tries = await Promise.allSettled([1, 2].map(() => exchange(bridge.baseUrl, asked, code)));
    expect(tries.filter((attempt) => attempt.status === 'fulfilled').length).toBeLessThanOrEqual(1);
    expect(tries.filter((attempt) => attempt.status === 'rejected').length).toBeGreaterThanOrEqual(1);
  });

  test('is worth nothing to another client, nor without its verifier', async () => {
    await bridge.make.organization('initech', 'initech.test');
    const { asked, code } = await freshCode('alice');
    const other = { ...asked, clientId: 'keycloak-initech' };
    await expect(exchange(bridge.baseUrl, other, code)).rejects.toThrow('invalid_grant');
    const { asked: second, code: secondCode } = await freshCode('alice');
    const guessed = { ...second, verifier: 'x'.repeat(43) };
    await expect(exchange(bridge.baseUrl, guessed, secondCode)).rejects.toThrow('invalid_grant');
  });

  test('is refused when the person was suspended meanwhile', async () => {
    const { asked, code } = await freshCode('bob');
    await bridge.rows(`update member set status = 'suspended' where id = $1`, [bob]);
    try {
      await expect(exchange(bridge.baseUrl, asked, code)).rejects.toThrow('invalid_grant');
    } finally {
      await bridge.rows(`update member set status = 'active' where id = $1`, [bob]);
    }
  });
});

describe('a request of Keycloak', () => {
  test('without a session to use silently gets an error that it passes on', async () => {
    const { answer } = await bridge.signIn(new ScriptedBrowser(), 'sso-acme', { prompt: 'none' });
    expect(['interaction_required', 'login_required']).toContain(answer?.error);
  });

  test('that is wrong ends at our page, never in an error that would loop', async () => {
    const wrong: Record<string, string>[] = [
      { code_challenge: '' },
      { response_type: 'token' },
      { scope: 'profile email' },
      { response_mode: 'fragment', response_type: 'id_token' },
      { prompt: 'none login' },
      { max_age: '-1' },
    ];
    for (const parameters of wrong) {
      const { page, answer } = await bridge.signIn(new ScriptedBrowser(), 'sso-acme', parameters);
      expect({ parameters, answer }).toEqual({ parameters, answer: undefined });
      expect(page.url.startsWith(bridge.baseUrl)).toBe(true);
      expect(textOf(page)).toContain('Back to the application');
    }
  });

  test('of an unknown client or to an unregistered address goes nowhere', async () => {
    const asked = bridge.keycloakAsks('sso-nobody');
    expect((await new ScriptedBrowser().open(asked.url)).status).toBeGreaterThanOrEqual(400);
    const { page } = await bridge.signIn(new ScriptedBrowser(), 'sso-acme', { redirect_uri: 'http://evil.test/' });
    expect(page.url.startsWith(bridge.baseUrl)).toBe(true);
  });

  test('of a deleted organization finds no client', async () => {
    const gone = await bridge.make.organization('gone', 'gone.test');
    await bridge.rows(`update organization set status = 'deleted' where org_id = $1`, [gone.id]);
    const { page } = await bridge.signIn(new ScriptedBrowser(), 'sso-gone');
    expect(page.url.startsWith(bridge.baseUrl)).toBe(true);
  });

  test('of an organization without a connection is refused with a way back', async () => {
    await bridge.make.organization('plain', 'plain.test');
    const browser = new ScriptedBrowser();
    const { asked, page } = await bridge.signIn(browser, 'sso-plain');
    expect(textOf(page)).toContain('Reference: connection_missing');
    const back = await browser.submit(page, {}, '/back');
    expect(await bridge.keycloakGets(asked, back)).toEqual({ error: 'interaction_required' });
  });

  test('cannot be carried on in another browser', async () => {
    company.employee = person('alice');
    company.withholds = true;
    const browser = new ScriptedBrowser();
    await browser.open(bridge.keycloakAsks('sso-acme').url);
    company.withholds = false;
    const entry = browser.takeHops().find((hop) => hop.url.includes('/sso/interaction/'))!;
    const page = await new ScriptedBrowser().open(entry.url);
    expect(textOf(page)).toContain('Reference: request_expired');
    expect(page.html).not.toContain('/back');
  });

  test('gets the configured origin back whatever the Host header says', async () => {
    const asked = bridge.keycloakAsks('sso-acme');
    const answer = await fetch(asked.url, { redirect: 'manual', headers: { 'x-forwarded-host': 'evil.test' } });
    expect(new URL(answer.headers.get('location')!, bridge.baseUrl).origin).toBe(bridge.baseUrl);
    const uid = answer.headers.get('location')!.split('/').pop();
    const [row] = await bridge.rows<{ to: string }>(
      `select payload->>'returnTo' as to from provider_state where model = 'Interaction' and id = $1`,
      [uid],
    );
    expect(new URL(row!.to).origin).toBe(bridge.baseUrl);
  });
});

describe('around it', () => {
  test('discovery names the issuer and its addresses', async () => {
    const answer = await fetch(`${bridge.baseUrl}/oidc/.well-known/openid-configuration`);
    expect(await answer.json()).toMatchObject({
      issuer: `${bridge.baseUrl}/oidc`,
      authorization_endpoint: `${bridge.baseUrl}/oidc/auth`,
      token_endpoint: `${bridge.baseUrl}/oidc/token`,
      jwks_uri: `${bridge.baseUrl}/oidc/jwks`,
    });
  });

  test('logout goes back to Keycloak, and to nobody else', async () => {
    const registered = `${bridge.keycloakUrl}/realms/drawbridge/broker/sso-acme/endpoint/logout_response`;
    const end = async (target: string) => {
      const query = new URLSearchParams({ client_id: 'keycloak-acme', post_logout_redirect_uri: target, state: 's' });
      const answer = await fetch(`${bridge.baseUrl}/oidc/session/end?${query}`, { redirect: 'manual' });
      return answer.headers.get('location');
    };
    expect(await end(registered)).toBe(`${registered}?state=s`);
    expect(await end('http://evil.test/')).toBe('http://127.0.0.1:9/app');
  });

  test('the sweep deletes what has expired and nothing else', async () => {
    await signInAs(new ScriptedBrowser(), 'alice');
    const { asked, code } = await freshCode('alice');
    const sweep = (at: Date) => bridge.rows('select sweep_expired($1)', [at]);
    await sweep(new Date());
    await exchange(bridge.baseUrl, asked, code);
    await sweep(new Date(Date.now() + 60 * 60 * 1000));
    const left = await bridge.one<{ state: string; requests: string; assertions: string }>(
      `select (select count(*) from provider_state) as state, (select count(*) from sign_in_request) as requests,
        (select count(*) from assertion_seen) as assertions`,
    );
    expect(left).toEqual({ state: '0', requests: '0', assertions: '0' });
  });
});
