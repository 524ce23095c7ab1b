// samlp as a company's identity provider: the whole way of a browser, over HTTP, with an implementation that shares no
// code with ours. It checks what we sign, by redirect and by POST, and we check what it signs and encrypts.
import { createPublicKey } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ScriptedBrowser } from '../../src/dev/scripted-browser.ts';
import { samlEndpoints } from '../../sso/saml/connection.ts';
import { type Bridge, startBridge } from './support/bridge.ts';
import { type SamlpCompany, startSamlpCompany } from './support/samlp-company.ts';

let bridge: Bridge;
let company: SamlpCompany;

beforeAll(async () => {
  bridge = await startBridge();
  company = await startSamlpCompany();
});
afterAll(async () => {
  await company?.stop();
  await bridge?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  company.state.options = {};
  company.state.sessions.clear();
  company.state.errors.length = 0;
});

const GROUPS = 'http://schemas.passportjs.com/groups';

/** A connection to it; from now on it knows our certificate, and takes no request that is not signed. */
async function connect(key: string, settings: Record<string, unknown> = {}) {
  const { id: orgId } = await bridge.make.organization(key, `${key}.test`);
  const id = await bridge.make.connection(orgId, {
    protocol: 'saml',
    jit: 'on',
    groupsAttribute: GROUPS,
    signRequests: true,
    metadataXml: await company.metadataXml(),
    ...settings,
  });
  const metadata = await (await fetch(`${bridge.baseUrl}/sso/saml/${id}/metadata`)).text();
  const base64 = /<ds:X509Certificate>([^<]+)/.exec(metadata)?.[1] ?? '';
  const certificate = `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
  const { spEntityId: entityId, sloUrl } = samlEndpoints(bridge.baseUrl, id);
  company.state.serviceProvider = { entityId, sloUrl, certificate };
  company.state.domain = `${key}.test`;
  return { orgId, alias: `sso-${key}`, certificate };
}

async function signIn(alias: string, browser = new ScriptedBrowser()) {
  const { answer, page } = await bridge.signIn(browser, alias);
  if (!answer || answer.error !== undefined) throw new Error(`${company.state.errors} ${page.html}`);
  return answer;
}

/** The public half of a certificate, as samlp wants it beside the whole. */
const encryption = (certificate: string) => ({
  encryptionCert: certificate,
  encryptionPublicKey: createPublicKey(certificate).export({ type: 'spki', format: 'pem' }),
});

describe('a sign-in by samlp', () => {
  test('asked by a signed redirect: the person, their session and their groups', async () => {
    const { orgId, alias } = await connect('redirected');
    company.state.groups = ['engineering', 'research'];
    const { claims } = await signIn(alias);
    expect(claims).toMatchObject({ email: 'alice@redirected.test', given_name: 'alice', family_name: 'Samlp' });
    expect(company.state.bindings.at(-1)).toBe('GET');
    const trace = await bridge.lastTrace(orgId);
    expect(trace?.detail.checks.find(({ name }) => name === 'signature policy')?.detail).toContain('the assertion');
    const [kept] = await bridge.rows(
      `select array(select value from claim_value v where v.id = any (e.value_ids) order by 1) as groups
        from sso_evidence e where org_id = $1`,
      [orgId],
    );
    expect(kept).toEqual({ groups: ['engineering', 'research'] });
  });

  test('asked by a signed POST', async () => {
    const { alias } = await connect('posted', {
      metadataXml: (await company.metadataXml()).replace(/<SingleSignOnService[^>]*HTTP-Redirect[^>]*>/, ''),
    });
    expect((await signIn(alias)).claims).toMatchObject({ email: 'alice@posted.test' });
    expect(company.state.bindings.at(-1)).toBe('POST');
  });

  test('with the response signed, and with both', async () => {
    const { orgId, alias } = await connect('responding', { signedPart: 'either' });
    for (const [options, found] of [
      [{ signResponse: true, signAssertion: false }, 'the response'],
      [{ signResponse: true }, 'both'],
      [{ signatureNamespacePrefix: 'dsig' }, 'the assertion'],
    ] as const) {
      company.state.options = options;
      expect((await signIn(alias)).claims).toMatchObject({ email: 'alice@responding.test' });
      const checks = (await bridge.lastTrace(orgId))?.detail.checks;
      expect(checks?.find(({ name }) => name === 'signature policy')?.detail).toBe(
        `demanded: either, signed: ${found}`,
      );
    }
  });

  test.each(['aes256-cbc', 'aes256-gcm'])('with the assertion encrypted by %s', async (cipher) => {
    const { alias, certificate } = await connect(`sealed-${cipher}`, { encryption: 'required' });
    const namespace = cipher.endsWith('gcm') ? 'http://www.w3.org/2009/xmlenc11#' : 'http://www.w3.org/2001/04/xmlenc#';
    company.state.options = {
      ...encryption(certificate),
      encryptionAlgorithm: namespace + cipher,
      disallowEncryptionWithInsecureAlgorithm: false,
      warnOnInsecureEncryptionAlgorithm: false,
    };
    expect((await signIn(alias)).claims).toMatchObject({ email: `alice@sealed-${cipher}.test` });
  });

  test('by SHA-1, in the clear or not signed at all is refused under its name', async () => {
    const { orgId, alias } = await connect('strict', { encryption: 'required' });
    for (const [options, refusal] of [
      [{}, 'encryption_required'],
      [{ signAssertion: false }, 'encryption_required'],
    ] as const) {
      company.state.options = options;
      await bridge.signIn(new ScriptedBrowser(), alias);
      expect((await bridge.lastTrace(orgId))?.detail.samlRefusal).toBe(refusal);
    }
    const open = await connect('open');
    for (const [options, refusal] of [
      [{ signatureAlgorithm: 'rsa-sha1', digestAlgorithm: 'sha1' }, 'signature_sha1'],
      [{ signAssertion: false }, 'signature_missing'],
      [{ signAssertion: false, signResponse: true }, 'signature_policy'],
      [{ issuer: 'https://evil.test' }, 'issuer'],
      [{ audience: 'https://other.test' }, 'audience'],
    ] as const) {
      company.state.options = options;
      await bridge.signIn(new ScriptedBrowser(), open.alias);
      expect((await bridge.lastTrace(open.orgId))?.detail.samlRefusal).toBe(refusal);
    }
  });

  test('by another method than the connection demands is refused, by the demanded one accepted', async () => {
    const x509 = 'urn:oasis:names:tc:SAML:2.0:ac:classes:X509';
    const { orgId, alias } = await connect('demanding', { authnContexts: [x509] });
    await bridge.signIn(new ScriptedBrowser(), alias);
    expect((await bridge.lastTrace(orgId))?.detail.samlRefusal).toBe('authn_context');
    company.state.options = { authnContextClassRef: x509 };
    expect((await signIn(alias)).claims).toMatchObject({ email: 'alice@demanding.test' });
  });

  test('a request that another key has signed is refused at its side', async () => {
    const { alias } = await connect('distrusted');
    company.state.serviceProvider = { ...company.state.serviceProvider!, certificate: company.key.certificate };
    const { page } = await bridge.signIn(new ScriptedBrowser(), alias);
    expect(page.status).toBe(500);
    expect(company.state.errors.join()).toContain('Signature check errors');
  });
});

describe('a logout with samlp', () => {
  const back = (key: string) => `${bridge.keycloakUrl}/realms/drawbridge/broker/sso-${key}/endpoint/logout_response`;

  test('that begins at the application ends the session there, and leads back to Keycloak', async () => {
    const { alias } = await connect('leaving', { logoutAtCompany: true });
    const browser = new ScriptedBrowser();
    const { idToken } = await signIn(alias, browser);
    expect(company.state.sessions.size).toBe(1);
    const query = new URLSearchParams({
      client_id: 'keycloak-leaving',
      id_token_hint: idToken,
      post_logout_redirect_uri: back('leaving'),
      state: 'keycloak-session',
    });
    const page = await browser.open(`${bridge.baseUrl}/oidc/session/end?${query}`);
    expect([company.state.errors, company.state.sessions.size]).toEqual([[], 0]);
    expect(page.url).toBe(`${back('leaving')}?state=keycloak-session`);
  });

  test('that begins at samlp ends the session here, and samlp takes our answer', async () => {
    const { alias } = await connect('ended');
    const browser = new ScriptedBrowser();
    const { claims } = await signIn(alias, browser);
    await bridge.runJobs();
    bridge.logouts.tokens.length = 0;
    const page = await browser.open(`${company.base}/slo`);
    expect([company.state.errors, page.status, company.state.sessions.size]).toEqual([[], 200, 0]);
    expect(new URL(page.url).searchParams.has('SAMLResponse')).toBe(true);
    const [session] = await bridge.rows('select ended_by from upstream_session where id = $1', [claims.sid]);
    expect(session).toEqual({ ended_by: 'company' });
    await bridge.runJobs();
    expect(bridge.logouts.tokens.map((token) => decodeJwt(token).sid)).toEqual([claims.sid]);
  });
});
