// What a sign-in demands beyond a valid answer, against a real oidc-provider: how we prove who we are, how fresh the
// person's authentication is, whose userinfo it is; and what happens while a provider is away.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { publicClientKeys } from '../../../sso/oidc/client-key.ts';
import { callbackUrl, oidcRedirectUri } from '../../../sso/oidc/connection.ts';
import { createRelyingParty } from '../../../sso/oidc/relying-party.ts';
import { createSamlKeyPair } from '../../../sso/saml/key-pair.ts';
import { CLIENT, connectionTo, startUpstream, type Upstream } from './upstream.ts';

const REDIRECT_URI = oidcRedirectUri('https://drawbridge.test', 'globex');
const CLAIMS = { email: 'ada@globex.test' };
const clock = { now: () => new Date(Date.now()) };
const party = () => createRelyingParty({ clock, allowLoopbackHttp: true });

type Wishes = { forceLogin?: boolean; maxAge?: number };

async function signIn(
  upstream: Upstream,
  connection = connectionTo(upstream.issuer),
  wishes: Wishes = {},
  at = party(),
) {
  const options = { redirectUri: REDIRECT_URI, loginHint: undefined, forceLogin: false, ...wishes };
  const start = await at.startLogin(connection, options);
  if (!start.ok) return start;
  const landed = await upstream.signIn(start.url, REDIRECT_URI);
  return at.finishLogin(connection, { ...start, currentUrl: callbackUrl(REDIRECT_URI, landed.href) });
}

let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream({ redirectUri: REDIRECT_URI, claims: CLAIMS });
});
afterAll(() => upstream.stop());
afterEach(() => {
  upstream.tamper = undefined;
});

describe('we prove who we are', () => {
  test('by a key of ours that the provider has fetched, in an assertion for it alone', async () => {
    const key = await createSamlKeyPair('Drawbridge', new Date());
    const published = publicClientKeys([key]);
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(published));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const clientKeysUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const company = await startUpstream({ redirectUri: REDIRECT_URI, claims: CLAIMS, clientKeysUri });
    try {
      const byKey = connectionTo(company.issuer, { authentication: { method: 'private_key_jwt', key } });
      expect(await signIn(company, byKey)).toMatchObject({ ok: true });
      const assertion = company.tokenRequests.at(-1)?.get('client_assertion') ?? '';
      const { payload, protectedHeader } = await jwtVerify(assertion, createLocalJWKSet(published), {
        subject: CLIENT.id,
      });
      expect(payload).toMatchObject({ iss: CLIENT.id, aud: company.issuer, jti: expect.any(String) });
      expect(protectedHeader['x5t#S256']).toBe(published.keys[0]?.['x5t#S256']);
      const other = await createSamlKeyPair('Drawbridge', new Date());
      const stranger = connectionTo(company.issuer, { authentication: { method: 'private_key_jwt', key: other } });
      expect(await signIn(company, stranger)).toMatchObject({ ok: false, refusal: 'token_refused' });
    } finally {
      await company.stop();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('by the secret in the form, where the connection says so', async () => {
    expect(await signIn(upstream)).toMatchObject({ ok: true });
    expect(upstream.tokenRequests.at(-1)?.has('client_secret')).toBe(false);
    const posted = connectionTo(upstream.issuer, {
      authentication: { method: 'client_secret_post', secret: CLIENT.secret },
    });
    expect(await signIn(upstream, posted)).toMatchObject({ ok: true });
    expect(upstream.tokenRequests.at(-1)?.get('client_secret')).toBe(CLIENT.secret);
  });
});

describe('the person must have authenticated', () => {
  const says = (authTime: number | undefined) => {
    upstream.tamper = async (answer) => {
      const { auth_time: _said, ...claims } = decodeJwt(answer.id_token);
      const said = authTime === undefined ? {} : { auth_time: Math.floor(Date.now() / 1000) + authTime };
      return { ...answer, id_token: await upstream.sign({ ...claims, ...said }) };
    };
  };

  test('anew, when that is asked: the provider is told so and its word is checked', async () => {
    expect(await signIn(upstream, connectionTo(upstream.issuer), { forceLogin: true })).toMatchObject({ ok: true });
    const asked = upstream.authorizations.at(-1);
    expect([asked?.get('prompt'), asked?.get('max_age')]).toEqual(['login', '0']);
  });

  test.each<[string, Wishes, number | undefined, boolean]>([
    ['anew, and did', { forceLogin: true }, 0, true],
    ['anew, and did by a clock that is a little behind', { forceLogin: true }, -30, true],
    ['anew, and did an hour ago', { forceLogin: true }, -3600, false],
    ['anew, and nothing is said of it', { forceLogin: true }, undefined, false],
    ['in the last hour, and did half an hour ago', { maxAge: 3600 }, -1800, true],
    ['in the last hour, and did two hours ago', { maxAge: 3600 }, -7200, false],
    ['in the last hour, and nothing is said of it', { maxAge: 3600 }, undefined, false],
    ['at any time', {}, undefined, true],
  ])('%s', async (_what, wishes, authTime, ok) => {
    says(authTime);
    const login = await signIn(upstream, connectionTo(upstream.issuer), wishes);
    expect(login).toMatchObject(ok ? { ok } : { ok, refusal: 'auth_time' });
  });
});

describe('an answer that belongs elsewhere is refused', () => {
  test('the code of one provider at the connection of another (mix-up)', async () => {
    const evil = await startUpstream({ redirectUri: REDIRECT_URI, claims: CLAIMS });
    try {
      const at = party();
      const start = await at.startLogin(connectionTo(upstream.issuer), {
        redirectUri: REDIRECT_URI,
        loginHint: undefined,
        forceLogin: false,
      });
      if (!start.ok) throw new Error(start.detail);
      const landed = await upstream.signIn(start.url, REDIRECT_URI);
      const before = evil.tokenRequests.length;
      const mixed = connectionTo(evil.issuer, { id: 'evil' });
      const currentUrl = callbackUrl(REDIRECT_URI, landed.href);
      expect(await at.finishLogin(mixed, { ...start, currentUrl })).toMatchObject({ refusal: 'response_issuer' });
      // the code was never handed to the other provider
      expect(evil.tokenRequests.length).toBe(before);
    } finally {
      await evil.stop();
    }
  });

  test('an ID token for another party, or over another access token', async () => {
    const claiming = async (changes: Record<string, unknown>) => {
      upstream.tamper = async (answer) => ({
        ...answer,
        id_token: await upstream.sign({ ...decodeJwt(answer.id_token), ...changes }),
      });
      return signIn(upstream);
    };
    expect(await claiming({ azp: 'another' })).toMatchObject({ ok: false, refusal: 'id_token_audience' });
    expect(await claiming({ aud: [CLIENT.id, 'another'], azp: CLIENT.id })).toMatchObject({ ok: true });
    expect(await claiming({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' })).toMatchObject({ refusal: 'id_token_at_hash' });
    expect(await claiming({ at_hash: 7 })).toMatchObject({ refusal: 'id_token_at_hash' });
    expect(await claiming({ iat: undefined })).toMatchObject({ refusal: 'id_token_invalid' });
    expect(await claiming({ sub: undefined })).toMatchObject({ refusal: 'id_token_invalid' });
    expect(await claiming({ nbf: Math.floor(Date.now() / 1000) + 3600 })).toMatchObject({ refusal: 'id_token_time' });
  });

  test('userinfo of somebody else', async () => {
    const thin = await startUpstream({ redirectUri: REDIRECT_URI, claims: CLAIMS, thinIdTokens: true });
    try {
      thin.userinfo = (claims) => ({ ...claims, sub: 'somebody-else' });
      expect(await signIn(thin)).toMatchObject({ ok: false, refusal: 'userinfo' });
      thin.userinfo = (claims) => ({ ...claims, padding: 'x'.repeat(2 * 1024 * 1024) });
      expect(await signIn(thin)).toMatchObject({ ok: false, refusal: 'userinfo' });
      thin.userinfo = undefined;
      expect(await signIn(thin)).toMatchObject({ ok: true, claims: CLAIMS });
    } finally {
      await thin.stop();
    }
  });
});

describe('a provider', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

  test('that does not answer is asked again after half a minute, not for every sign-in', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.writeHead(503).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const at = party();
      const connection = { ...connectionTo(upstream.issuer), issuer };
      const tries = () => Promise.all([1, 2, 3].map(() => signIn(upstream, connection, {}, at)));
      for (const outcome of await tries()) expect(outcome).toMatchObject({ refusal: 'unreachable' });
      await tries();
      expect(asked).toBe(1);
      pass(29);
      await tries();
      expect(asked).toBe(1);
      pass(2);
      await tries();
      expect(asked).toBe(2);
      await signIn(upstream, { ...connection, version: 2 }, {}, at);
      expect(asked).toBe(3);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
