// The relying party against a real oidc-provider over HTTP: the way through, and each way in which an answer can be wrong.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callbackUrl, type OidcConnection, oidcRedirectUri } from '../../../sso/oidc/connection.ts';
import { OIDC_REFUSALS, type OidcRefusalCode } from '../../../sso/oidc/refusals.ts';
import { createRelyingParty } from '../../../sso/oidc/relying-party.ts';
import { CLIENT, connectionTo, startUpstream, type TokenAnswer, type Upstream } from './upstream.ts';

const BASE_URL = 'https://drawbridge.test';
const REDIRECT_URI = oidcRedirectUri(BASE_URL, 'globex');
const CLAIMS = {
  email: 'ada@globex.test',
  email_verified: true,
  groups: ['engineering'],
  tid: 'tenant-1',
  given_name: 'Ada',
};

const clock = { now: () => new Date() };
let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream({ redirectUri: REDIRECT_URI, claims: CLAIMS });
});
afterAll(() => upstream.stop());

function setup(changes: Partial<OidcConnection> = {}) {
  const connection = connectionTo(upstream.issuer, changes);
  return { connection, party: createRelyingParty({ clock, allowLoopbackHttp: true }) };
}

async function started({ connection, party }: ReturnType<typeof setup>) {
  const start = await party.startLogin(connection, {
    redirectUri: REDIRECT_URI,
    loginHint: 'ada@globex.test',
    forceLogin: false,
  });
  if (!start.ok) throw new Error(start.detail);
  return start;
}

/** The whole way, with the token answer changed as a test says. */
async function signIn(changes: Partial<OidcConnection> = {}, tamper?: Upstream['tamper']) {
  const t = setup(changes);
  const start = await started(t);
  const landed = await upstream.signIn(start.url, REDIRECT_URI);
  upstream.tamper = tamper;
  try {
    return await t.party.finishLogin(t.connection, { ...start, currentUrl: callbackUrl(REDIRECT_URI, landed.href) });
  } finally {
    upstream.tamper = undefined;
  }
}

describe('a sign-in that is right', () => {
  test('answers the verified claims, issuer, subject and ID token', async () => {
    const login = await signIn();
    expect(login).toMatchObject({ ok: true, issuer: upstream.issuer, subject: 'employee-1', claims: CLAIMS });
    expect(login.ok && decodeJwt(login.idToken).sub).toBe('employee-1');
  });

  test('asks with PKCE S256, state, nonce and the login hint, and for a fresh login only when told', async () => {
    const { connection, party } = setup();
    const start = await party.startLogin(connection, {
      redirectUri: REDIRECT_URI,
      loginHint: undefined,
      forceLogin: true,
    });
    const asked = Object.fromEntries(new URL(start.ok ? start.url : '').searchParams);
    expect(asked).toMatchObject({
      response_type: 'code',
      client_id: CLIENT.id,
      redirect_uri: 'https://drawbridge.test/sso/oidc/globex/callback',
      scope: 'openid email profile',
      code_challenge_method: 'S256',
      prompt: 'login',
    });
    expect(asked).not.toHaveProperty('login_hint');
    expect(asked.state?.length).toBeGreaterThanOrEqual(43);
    expect(asked.nonce?.length).toBeGreaterThanOrEqual(43);
    const hinted = new URL((await started(setup())).url).searchParams;
    expect([hinted.get('login_hint'), hinted.get('prompt')]).toEqual(['ada@globex.test', null]);
  });

  test('passes the pinned tenant', async () => {
    expect(await signIn({ tenantId: 'tenant-1' })).toMatchObject({ ok: true });
  });

  test('takes address and verification from userinfo when the ID token is thin', async () => {
    const thin = await startUpstream({ redirectUri: REDIRECT_URI, claims: CLAIMS, thinIdTokens: true });
    try {
      const party = createRelyingParty({ clock, allowLoopbackHttp: true });
      const connection = connectionTo(thin.issuer);
      const start = await started({ connection, party });
      const landed = await thin.signIn(start.url, REDIRECT_URI);
      const login = await party.finishLogin(connection, {
        ...start,
        currentUrl: callbackUrl(REDIRECT_URI, landed.href),
      });
      expect(login).toMatchObject({ ok: true, claims: { email: 'ada@globex.test', email_verified: true } });
    } finally {
      await thin.stop();
    }
  });

  test('pushes the request where the provider announces it', async () => {
    const pushed = await startUpstream({ redirectUri: REDIRECT_URI, claims: CLAIMS, parRequired: true });
    try {
      const party = createRelyingParty({ clock, allowLoopbackHttp: true });
      const start = await started({ connection: connectionTo(pushed.issuer), party });
      expect([...new URL(start.url).searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
    } finally {
      await pushed.stop();
    }
  });
});

type Tamper = (answer: TokenAnswer) => Promise<TokenAnswer>;

/** The provider's own ID token with other claims, signed with its own key. */
function claiming(changes: JWTPayload): Tamper {
  return async (answer) => ({
    ...answer,
    id_token: await upstream.sign({ ...decodeJwt(answer.id_token), ...changes }),
  });
}

const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;

const WRONG_TOKENS: readonly (readonly [what: string, tamper: Tamper, refusal: OidcRefusalCode])[] = [
  ['another nonce', claiming({ nonce: 'another' }), 'id_token_nonce'],
  ['another issuer', claiming({ iss: 'https://evil.test' }), 'id_token_issuer'],
  ['another audience', claiming({ aud: 'another-client' }), 'id_token_audience'],
  ['an additional audience without azp', claiming({ aud: [CLIENT.id, 'another'] }), 'id_token_audience'],
  ['an expiry in the past', claiming({ exp: 1_600_000_000 }), 'id_token_time'],
  ['an issue in the future', claiming({ iat: 4_000_000_000, exp: 4_000_000_300 }), 'id_token_time'],
  ['a start in the future', claiming({ nbf: 4_000_000_000, exp: 4_000_000_300 }), 'id_token_time'],
  ['an empty subject, which everybody could have', claiming({ sub: '' }), 'id_token_subject'],
  ['a subject of blanks', claiming({ sub: ' \t\u00a0' }), 'id_token_subject'],
  ['a subject that is too long', claiming({ sub: 'a'.repeat(513) }), 'id_token_subject'],
  ['a session that is too long', claiming({ sid: 'a'.repeat(513) }), 'id_token_subject'],
  ['U+0000 in the subject', claiming({ sub: 'a\u0000b' }), 'claim_unreadable'],
  ['U+0000 in a group', claiming({ groups: ['a', '\u0000'] }), 'claim_unreadable'],
  ['half a character in a name', claiming({ given_name: '\ud800' }), 'claim_unreadable'],
  ['half a character in the name of a claim', claiming({ '\udc00': 'x' }), 'claim_unreadable'],
  ['claims in claims in claims', claiming({ deep: JSON.parse('['.repeat(40) + ']'.repeat(40)) }), 'claim_unreadable'],
  ['an authorized party that is not we', claiming({ azp: 'another' }), 'id_token_audience'],
  [
    'alg none',
    async (answer) => ({ ...answer, id_token: new UnsecuredJWT(decodeJwt(answer.id_token)).encode() }),
    'id_token_algorithm',
  ],
  [
    "a stranger's key under the provider's key id",
    async (answer) => ({
      ...answer,
      id_token: await new SignJWT(decodeJwt(answer.id_token))
        .setProtectedHeader({ alg: 'RS256', kid: 'upstream-1' })
        .sign(stranger),
    }),
    'id_token_signature',
  ],
  [
    'a key id that is not published',
    async (answer) => ({
      ...answer,
      id_token: await new SignJWT(decodeJwt(answer.id_token))
        .setProtectedHeader({ alg: 'RS256', kid: 'unknown' })
        .sign(stranger),
    }),
    'id_token_signature',
  ],
  [
    'an HMAC with the client secret',
    async (answer) => ({
      ...answer,
      id_token: await new SignJWT(decodeJwt(answer.id_token))
        .setProtectedHeader({ alg: 'HS256' })
        .sign(Buffer.from(CLIENT.secret)),
    }),
    'id_token_algorithm',
  ],
  [
    'changed claims under the old signature',
    async (answer) => {
      const [header, , signature] = answer.id_token.split('.');
      const claims = { ...decodeJwt(answer.id_token), sub: 'somebody-else' };
      return {
        ...answer,
        id_token: `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`,
      };
    },
    'id_token_signature',
  ],
  ['an ID token that is no JWT', async (answer) => ({ ...answer, id_token: 'nonsense' }), 'id_token_invalid'],
];

describe('an ID token that is wrong', () => {
  test.each(WRONG_TOKENS)('with %s is refused', async (_what, tamper, refusal) => {
    expect(await signIn({}, tamper)).toMatchObject({ ok: false, refusal });
  });

  test('with no ID token is refused', async () => {
    const { id_token: _cut, ...rest } = { id_token: '' };
    expect(await signIn({}, async (answer) => ({ ...answer, ...rest, id_token: undefined as never }))).toMatchObject({
      ok: false,
      refusal: 'id_token_missing',
    });
  });

  test('of another tenant, or of none, is refused when the connection names one', async () => {
    expect(await signIn({ tenantId: 'tenant-2' })).toMatchObject({ ok: false, refusal: 'tenant' });
    expect(await signIn({ tenantId: 'tenant-1' }, claiming({ tid: undefined }))).toMatchObject({
      ok: false,
      refusal: 'tenant',
    });
  });
});

describe('an answer that is wrong', () => {
  async function finish(change: (landed: URL) => string, pending: Record<string, string> = {}) {
    const t = setup();
    const start = await started(t);
    const landed = await upstream.signIn(start.url, REDIRECT_URI);
    return t.party.finishLogin(t.connection, {
      ...start,
      ...pending,
      currentUrl: callbackUrl(REDIRECT_URI, change(landed)),
    });
  }
  const without = (name: string) => (url: URL) => {
    url.searchParams.delete(name);
    return url.href;
  };
  const same = (url: URL) => url.href;

  test.each<[string, () => Promise<unknown>, OidcRefusalCode]>([
    ['another state', () => finish(same, { state: 'another' }), 'state'],
    ['no state', () => finish(without('state')), 'state'],
    ['no state where none is expected either', () => finish(without('state'), { state: '' }), 'state'],
    ['another nonce remembered', () => finish(same, { nonce: 'another' }), 'id_token_nonce'],
    ['another code verifier', () => finish(same, { codeVerifier: 'x'.repeat(43) }), 'token_refused'],
    ['no code', () => finish(without('code')), 'response_invalid'],
    ['a code twice', () => finish((url) => `${url.href}&code=another`), 'response_invalid'],
    ['no issuer where the provider announces one', () => finish(without('iss')), 'response_issuer'],
    [
      'another issuer',
      () => finish((url) => url.href.replace(/iss=[^&]+/, 'iss=https%3A%2F%2Fevil.test')),
      'response_issuer',
    ],
    ['an error', () => finish((url) => `${without('code')(url)}&error=access_denied`), 'provider_error'],
  ])('with %s is refused', async (_what, finished, refusal) => {
    expect(await finished()).toMatchObject({ ok: false, refusal });
  });

  test('with a code that was spent is refused', async () => {
    const t = setup();
    const start = await started(t);
    const currentUrl = await upstream.signIn(start.url, REDIRECT_URI);
    expect(await t.party.finishLogin(t.connection, { ...start, currentUrl })).toMatchObject({ ok: true });
    expect(await t.party.finishLogin(t.connection, { ...start, currentUrl })).toMatchObject({
      refusal: 'token_refused',
    });
  });
});

describe('the configuration of a connection', () => {
  const options = { redirectUri: REDIRECT_URI, loginHint: undefined, forceLogin: false };

  test('is taken from a document at hand, and its keys from wherever that says', async () => {
    // as Auth0 and others have it: the keys beside the document
    const keys = createServer(async (request, response) => {
      const found = await fetch(`${upstream.issuer}/jwks`);
      response.writeHead(request.url === '/.well-known/jwks.json' ? 200 : 404, { 'content-type': 'application/json' });
      response.end(await found.text());
    });
    await new Promise<void>((listening) => keys.listen(0, '127.0.0.1', listening));
    try {
      const document = await (await fetch(`${upstream.issuer}/.well-known/openid-configuration`)).json();
      const { port } = keys.address() as AddressInfo;
      const discovery = { ...document, jwks_uri: `http://127.0.0.1:${port}/.well-known/jwks.json` };
      const before = upstream.discoveries();
      expect(await signIn({ discovery })).toMatchObject({ ok: true, claims: CLAIMS });
      expect(upstream.discoveries()).toBe(before);
    } finally {
      keys.closeAllConnections();
      await new Promise((closed) => keys.close(closed));
    }
  });

  test('is discovered once for all who wait and again for a new version', async () => {
    const { connection, party } = setup();
    const before = upstream.discoveries();
    await Promise.all(Array.from({ length: 8 }, () => party.startLogin(connection, options)));
    await party.startLogin(connection, options);
    expect(upstream.discoveries() - before).toBe(1);
    await party.startLogin({ ...connection, version: 2 }, options);
    expect(upstream.discoveries() - before).toBe(2);
  });

  test('serves for a day while the provider does not answer, and no longer', async () => {
    let now = Date.parse('2026-11-21T12:00:00Z');
    const party = createRelyingParty({ clock: { now: () => new Date(now) }, allowLoopbackHttp: true });
    const leaving = await startUpstream({ redirectUri: REDIRECT_URI, claims: CLAIMS });
    const connection = connectionTo(leaving.issuer);
    expect(await party.startLogin(connection, options)).toMatchObject({ ok: true });
    await leaving.stop();
    now += 23 * 3600 * 1000;
    expect(await party.startLogin(connection, options)).toMatchObject({ ok: true });
    now += 2 * 3600 * 1000;
    expect(await party.startLogin(connection, options)).toMatchObject({ ok: false, refusal: 'unreachable' });
  });

  test('takes plain HTTP neither in production nor from another machine', async () => {
    const strict = createRelyingParty({ clock, allowLoopbackHttp: false });
    expect(await strict.startLogin(connectionTo(upstream.issuer), options)).toMatchObject({ refusal: 'insecure' });
    const { party } = setup();
    for (const issuer of ['http://idp.example', 'http://127.0.0.1.evil.test', 'http://localhost.evil.test']) {
      expect(await party.startLogin(connectionTo(issuer), options)).toMatchObject({ refusal: 'insecure' });
    }
  });

  test('refuses a discovery document of another issuer', async () => {
    const { party } = setup();
    const connection = connectionTo(upstream.issuer.replace('127.0.0.1', 'localhost'));
    expect(await party.startLogin(connection, options)).toMatchObject({ ok: false, refusal: 'discovery_issuer' });
  });
});

test('the address of an answer keeps nothing of the request but its query', () => {
  const redirect = 'https://drawbridge.test/sso/oidc/globex/callback';
  expect(callbackUrl(redirect, '//evil.test/x?code=1&state=2').href).toBe(`${redirect}?code=1&state=2`);
  expect(callbackUrl(redirect, '/elsewhere').href).toBe(redirect);
});

test('every refusal has a cause and a cure', () => {
  for (const { cause, cure } of Object.values(OIDC_REFUSALS)) {
    expect(cause).toMatch(/\.$/);
    expect(cure).toMatch(/\.$/);
  }
});
