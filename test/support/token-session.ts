// What an application holds of a person: an access token and a refresh token, got through Keycloak's pages and the
// company's, by a scripted browser; and whether they still open anything.
import { createHash, randomBytes } from 'node:crypto';
import { type Page, ScriptedBrowser, textOf } from '../../src/dev/scripted-browser.ts';
import type { Employee } from './person.ts';
import type { TestSystem } from './system.ts';

const CLIENT = 'drawbridge-demo';

export type TokenSession = {
  readonly accessToken: string;
  /** Asked of Keycloak now. */
  isOpen(): Promise<boolean>;
  canRefresh(): Promise<boolean>;
};

/** A sign-in that has come as far as the company's own page; `finish` goes on from there and gives where it ends. */
export async function beginAtCompany(system: TestSystem, employee: Employee, scope = 'openid organization:*') {
  const verifier = randomBytes(32).toString('base64url');
  const { url, realm } = system.facts.keycloak;
  const endpoint = `${url}/realms/${realm}/protocol/openid-connect`;
  // not where the demo application would redeem the code itself
  const redirectUri = `${system.facts.demoApp.url}/another-callback`;
  const query = new URLSearchParams({
    client_id: CLIENT,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope,
    login_hint: employee.email,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const browser = new ScriptedBrowser();
  const page = await browser.open(`${endpoint}/auth?${query}`);
  const finish = (): Promise<Page> => browser.submit(page, { username: employee.email, password: employee.password });
  const redeem = async (): Promise<TokenSession> => {
    const code = browser
      .takeHops()
      .map((hop) => new URL(hop.url))
      .find(({ href }) => href.startsWith(redirectUri))
      ?.searchParams.get('code');
    const grant = {
      grant_type: 'authorization_code',
      code: code ?? '',
      redirect_uri: redirectUri,
      code_verifier: verifier,
    };
    const answer = await post(`${endpoint}/token`, grant);
    if (!answer.ok) throw new Error(`Keycloak gave no tokens: ${await answer.text()}`);
    const tokens = (await answer.json()) as { access_token: string; refresh_token: string };
    return {
      accessToken: tokens.access_token,
      isOpen: async () =>
        (await fetch(`${endpoint}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } })).ok,
      canRefresh: async () =>
        (await post(`${endpoint}/token`, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token })).ok,
    };
  };
  return { finish, redeem };
}

/** The whole way; with `offline_access` in the scope the refresh token outlives the session. */
export async function openTokenSession(system: TestSystem, employee: Employee, scope?: string): Promise<TokenSession> {
  const { finish, redeem } = await beginAtCompany(system, employee, scope);
  const page = await finish();
  if (!page.url.startsWith(system.facts.demoApp.url)) throw new Error(`${page.url}: ${textOf(page)}`);
  return redeem();
}

function post(url: string, body: Record<string, string>): Promise<Response> {
  return fetch(url, { method: 'POST', body: new URLSearchParams({ client_id: CLIENT, ...body }) });
}
