// A person's browser session in Keycloak without a browser: sets a password, signs in through the pages with an
// application's client, and holds the tokens (with an offline one) to see later whether they live.
import { createHash, randomBytes } from 'node:crypto';
import { type AdminAccess, ensureApplicationClient } from '../../src/keycloak/bootstrap.ts';
import type { Setup } from './keycloak-setup.ts';

const PASSWORD = 'correct horse battery staple';
const REDIRECT = 'http://127.0.0.1:9/callback';
const CLIENT = 'test-app';
/** Where a browser is whom Keycloak has signed in; its own pages have a `session_code`. */
export const SIGNED_IN = /^http:\/\/127\.0\.0\.1:9\/callback\?(.*&)?code=/;

type Tokens = { readonly access_token: string; readonly refresh_token: string };

/** Cookies of one browser towards one host, and redirects followed until a page or the application. */
export function createBrowser() {
  const cookies = new Map<string, string>();
  async function go(
    url: string,
    form?: Record<string, string>,
  ): Promise<{ url: string; status: number; page: string }> {
    let target = url;
    let body = form;
    for (let hops = 0; hops < 15; hops++) {
      const response = await fetch(target, {
        redirect: 'manual',
        headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(body && { method: 'POST', body: new URLSearchParams(body) }),
      }).catch((cause: unknown) => {
        throw new Error(`fetch failed at ${target}`, { cause });
      });
      for (const cookie of response.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
        if (name) cookies.set(name, value ?? '');
      }
      const next = response.headers.get('location');
      if (!next) return { url: target, status: response.status, page: await response.text() };
      target = new URL(next, target).href;
      body = undefined;
      if (target.startsWith(REDIRECT)) return { url: target, status: 200, page: '' };
    }
    throw new Error('too many redirects');
  }
  return {
    go,
    submit: (page: string, fields: Record<string, string>) =>
      go(/<form[^>]*action="([^"]+)"/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? '', fields),
  };
}

/** The address of a sign-in for the test application, and what redeems its code. */
export async function startSignIn(t: { readonly realm: AdminAccess }, parameters: Record<string, string> = {}) {
  const { adminUrl, realm } = t.realm;
  await ensureApplicationClient(t.realm, { clientId: CLIENT, name: 'Test', url: REDIRECT, redirectUris: [REDIRECT] });
  const verifier = randomBytes(32).toString('base64url');
  const endpoint = `${adminUrl}/realms/${realm}/protocol/openid-connect`;
  const query = new URLSearchParams({
    client_id: CLIENT,
    response_type: 'code',
    redirect_uri: REDIRECT,
    scope: 'openid organization:* offline_access',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  });
  return {
    url: `${endpoint}/auth?${query}`,
    redeem: async (callback: string): Promise<Tokens> => {
      const code = new URL(callback).searchParams.get('code') ?? '';
      const body = {
        grant_type: 'authorization_code',
        client_id: CLIENT,
        code,
        redirect_uri: REDIRECT,
        code_verifier: verifier,
      };
      const response = await fetch(`${endpoint}/token`, { method: 'POST', body: new URLSearchParams(body) });
      if (!response.ok) throw new Error(await response.text());
      return (await response.json()) as Tokens;
    },
    refresh: async (refreshToken: string) => {
      const body = { grant_type: 'refresh_token', client_id: CLIENT, refresh_token: refreshToken };
      return (await fetch(`${endpoint}/token`, { method: 'POST', body: new URLSearchParams(body) })).ok;
    },
    userinfo: async (accessToken: string) => {
      const headers = { authorization: `Bearer ${accessToken}` };
      return (await fetch(`${endpoint}/userinfo`, { headers })).ok;
    },
  };
}

/** Signs the account in with a password set for the purpose. */
export async function openSession(t: Pick<Setup, 'root'> & { readonly realm: AdminAccess }, accountId: string) {
  await t.root.call((api) =>
    api.users.resetPassword({ id: accountId, credential: { type: 'password', value: PASSWORD, temporary: false } }),
  );
  const user = await t.root.call((api) => api.users.findOne({ id: accountId }));
  if (user?.requiredActions?.length)
    await t.root.call((api) => api.users.update({ id: accountId }, { requiredActions: [] }));
  const signIn = await startSignIn(t);
  const browser = createBrowser();
  let step = await browser.go(signIn.url);
  step = await browser.submit(step.page, { username: user?.username ?? '' });
  step = await browser.submit(step.page, { username: user?.username ?? '', password: PASSWORD });
  const tokens = await signIn.redeem(step.url);
  return {
    tokens,
    isAlive: () => signIn.userinfo(tokens.access_token),
    isOfflineAlive: () => signIn.refresh(tokens.refresh_token),
  };
}
