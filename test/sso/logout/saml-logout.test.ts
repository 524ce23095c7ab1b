// SAML single logout in both bindings and both directions, with a company's provider of our own writing and a scripted
// relying party as Keycloak. What a message must survive is tried in test/sso/saml; a real Keycloak plays in test/e2e.
import { randomUUID } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ScriptedBrowser } from '../../../src/dev/scripted-browser.ts';
import { samlEndpoints } from '../../../sso/saml/connection.ts';
import { makeKey } from '../../support/saml-idp.ts';
import { type LogoutParts, logoutBody, logoutQuery, logoutXml, signLogout } from '../../support/saml-logout.ts';
import { type Bridge, startBridge } from '../support/bridge.ts';
import { type SamlCompany, startSamlCompany } from '../support/saml-company.ts';

const SUCCESS = 'urn:oasis:names:tc:SAML:2.0:status:Success';

let bridge: Bridge;
let company: SamlCompany;
let connectionId: string;
let sloUrl: string;

beforeAll(async () => {
  bridge = await startBridge();
  company = await startSamlCompany({ nameId: 'alice', email: 'alice@acme.test' });
  const acme = await bridge.make.organization('acme', 'acme.test');
  connectionId = await bridge.make.connection(acme.id, {
    protocol: 'saml',
    jit: 'on',
    logoutAtCompany: true,
    idp: {
      idpEntityId: company.entityId,
      ssoUrl: company.ssoUrl,
      certificates: [company.key.certificate],
      sloUrl: 'https://idp.acme.test/slo',
    },
  });
  sloUrl = samlEndpoints(bridge.baseUrl, connectionId).sloUrl;
});
afterAll(async () => {
  await company?.stop();
  await bridge?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await bridge.runJobs();
  bridge.logouts.tokens.length = 0;
});

type Kept = { subject: string; name_format: string | null; session_index: string | null; ended_by: string | null };

async function signIn(name: string) {
  company.employee = { nameId: name, email: `${name}@acme.test` };
  const { answer, page } = await bridge.signIn(new ScriptedBrowser(), 'sso-acme');
  if (!answer || answer.error !== undefined) throw new Error(page.html);
  const sid = String(answer.claims.sid);
  const kept = async () => {
    const text = 'select subject, name_format, session_index, ended_by from upstream_session where id = $1';
    return (await bridge.one<Kept>(text, [sid])) as Kept;
  };
  return { sid, idToken: answer.idToken, kept };
}

function request(kept: Pick<Kept, 'subject' | 'name_format' | 'session_index'>, changes: Partial<LogoutParts> = {}) {
  const format = kept.name_format === null ? '' : ` Format="${kept.name_format}"`;
  const index = kept.session_index === null ? '' : `<samlp:SessionIndex>${kept.session_index}</samlp:SessionIndex>`;
  return logoutXml({
    element: 'LogoutRequest',
    id: `_${randomUUID()}`,
    version: '2.0',
    issueInstant: new Date().toISOString(),
    destination: sloUrl,
    notOnOrAfter: null,
    inResponseTo: null,
    issuer: company.entityId,
    content: `<saml:NameID${format}>${kept.subject}</saml:NameID>${index}`,
    ...changes,
  });
}

const byRedirect = (xml: string, relayState?: string, key = company.key) =>
  fetch(`${sloUrl}?${logoutQuery(xml, { key: key.privateKey, ...(relayState && { relayState }) })}`, {
    redirect: 'manual',
  });
const byPost = (xml: string, relayState?: string) =>
  fetch(sloUrl, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams(logoutBody(signLogout(xml, company.key), relayState)),
  });

function messageIn(location: string, parameter: 'SAMLRequest' | 'SAMLResponse') {
  const query = new URL(location).searchParams;
  const xml = inflateRawSync(Buffer.from(query.get(parameter) ?? '', 'base64')).toString();
  return { xml, signed: query.has('Signature'), relayState: query.get('RelayState') };
}

describe("the company's LogoutRequest", () => {
  test.each([
    ['by redirect', byRedirect],
    ['by POST', byPost],
  ])('%s ends that session, tells Keycloak and is answered, signed', async (_how, send) => {
    const { sid, kept } = await signIn('alice');
    const other = await signIn('bob');
    const xml = request(await kept());
    const answer = await send(xml, 'state of the company');
    const { xml: response, signed, relayState } = messageIn(answer.headers.get('location') ?? '', 'SAMLResponse');
    expect({ signed, relayState }).toEqual({ signed: true, relayState: 'state of the company' });
    expect(response).toContain(`Value="${SUCCESS}"`);
    expect(response).toContain(`InResponseTo="${/ID="([^"]+)"/.exec(xml)?.[1]}"`);
    expect(await kept()).toMatchObject({ ended_by: 'company' });
    expect(await other.kept()).toMatchObject({ ended_by: null });
    await bridge.runJobs();
    expect(bridge.logouts.tokens.map((token) => decodeJwt(token).sid)).toEqual([sid]);
  });

  test('without a session index ends every session of the person', async () => {
    const sessions = [await signIn('carol'), await signIn('carol')];
    await byRedirect(request({ ...(await sessions[0]!.kept()), session_index: null }));
    for (const { kept } of sessions) expect(await kept()).toMatchObject({ ended_by: 'company' });
  });

  test('for nobody whom we know is answered all the same', async () => {
    const answer = await byRedirect(request({ subject: 'nobody', name_format: null, session_index: null }));
    expect(messageIn(answer.headers.get('location') ?? '', 'SAMLResponse').xml).toContain(SUCCESS);
  });

  test("that came before, or under a stranger's key, ends nothing and gets no answer", async () => {
    const first = await signIn('dave');
    const xml = request({ ...(await first.kept()), session_index: null });
    expect((await byRedirect(xml)).status).toBe(303);
    const second = await signIn('dave');
    for (const answer of [await byRedirect(xml), await byPost(xml)]) expect(answer.status).toBe(403);
    const forged = request(await second.kept());
    expect((await byRedirect(forged, undefined, makeKey('rsa'))).status).toBe(403);
    expect(await second.kept()).toMatchObject({ ended_by: null });
  });
});

describe('a logout at the application', () => {
  const back = () => `${bridge.keycloakUrl}/realms/drawbridge/broker/sso-acme/endpoint/logout_response`;
  const leave = async (idToken: string) => {
    const query = new URLSearchParams({
      client_id: 'keycloak-acme',
      id_token_hint: idToken,
      post_logout_redirect_uri: back(),
      state: 'keycloak-session',
    });
    const answer = await fetch(`${bridge.baseUrl}/oidc/session/end?${query}`, { redirect: 'manual' });
    return messageIn(answer.headers.get('location') ?? '', 'SAMLRequest');
  };
  const answerTo = (xml: string, issuer = company.entityId) =>
    request(
      { subject: '', name_format: null, session_index: null },
      {
        element: 'LogoutResponse',
        issuer,
        inResponseTo: /ID="([^"]+)"/.exec(xml)?.[1] ?? '',
        content: `<samlp:Status><samlp:StatusCode Value="${SUCCESS}"/></samlp:Status>`,
      },
    );

  test('names the session to the company, signed, and its answer leads back to Keycloak, once', async () => {
    const { idToken, kept } = await signIn('erin');
    const sent = await leave(idToken);
    const { subject, session_index } = await kept();
    expect(sent.signed).toBe(true);
    expect(sent.xml).toContain(`>${subject}</saml:NameID>`);
    expect(sent.xml).toContain(`<samlp:SessionIndex>${session_index}</samlp:SessionIndex>`);
    const relayState = String(sent.relayState);
    const answer = await byRedirect(answerTo(sent.xml), relayState);
    expect(answer.headers.get('location')).toBe(`${back()}?state=keycloak-session`);
    const again = await byPost(answerTo(sent.xml), relayState);
    expect(again.headers.get('location')).toBe('http://127.0.0.1:9/app');
  });

  test('leads back to Keycloak also when the answer is not valid: the person has logged out', async () => {
    const { idToken } = await signIn('frank');
    const sent = await leave(idToken);
    const answer = await byPost(answerTo(sent.xml, 'https://evil.test'), String(sent.relayState));
    expect(answer.headers.get('location')).toBe(`${back()}?state=keycloak-session`);
  });
});
