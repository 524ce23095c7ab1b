// A company's provider that signs by a new key, with a real oidc-provider: everything that it signs is believed at once,
// and keys that somebody has invented cause no requests to it.
import { generateKeyPairSync } from 'node:crypto';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { callbackUrl, oidcRedirectUri } from '../../../sso/oidc/connection.ts';
import { createRelyingParty, type RelyingParty } from '../../../sso/oidc/relying-party.ts';
import { CLIENT, connectionTo, startUpstream, type Upstream } from './upstream.ts';

const REDIRECT_URI = oidcRedirectUri('https://drawbridge.test', 'globex');
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

let upstream: Upstream;
let at: RelyingParty;
let laterSeconds: number;
let started: Upstream[];

beforeEach(() => {
  laterSeconds = 0;
  started = [];
  const clock = { now: () => new Date(Date.now() + laterSeconds * 1000) };
  at = createRelyingParty({ clock, allowLoopbackHttp: true });
});
afterEach(async () => {
  for (const one of started) await one.stop();
});

async function company(options: { thinIdTokens?: boolean; signsUserinfo?: boolean } = {}): Promise<void> {
  upstream = await startUpstream({ redirectUri: REDIRECT_URI, claims: { email: 'ada@globex.test' }, ...options });
  started.push(upstream);
}

const connection = () => connectionTo(upstream.issuer);

async function signIn() {
  const options = { redirectUri: REDIRECT_URI, loginHint: undefined, forceLogin: false };
  const start = await at.startLogin(connection(), options);
  if (!start.ok) return start;
  const landed = await upstream.signIn(start.url, REDIRECT_URI);
  return at.finishLogin(connection(), { ...start, currentUrl: callbackUrl(REDIRECT_URI, landed.href) });
}

let count = 0;
async function logOut(kid?: string) {
  count += 1;
  const now = Math.floor(Date.now() / 1000);
  const times = { iat: now, exp: now + 120, jti: `jti-${count}` };
  const claims = { iss: upstream.issuer, aud: CLIENT.id, sub: 'employee-1', events: { [EVENT]: {} }, ...times };
  const token = await upstream.sign(claims);
  if (kid === undefined) return at.verifyLogout(connection(), token);
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid })).toString('base64url');
  return at.verifyLogout(connection(), token.replace(/^[^.]+/, header));
}

/** The next ID tokens name a key that is nobody's. */
function inventKeys(nameOf: (count: number) => unknown = (nth) => `invented-${nth}`): void {
  upstream.tamper = async (answer) => {
    const [, payload, signature] = answer.id_token.split('.');
    count += 1;
    const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid: nameOf(count) })).toString('base64url');
    return { ...answer, id_token: `${header}.${payload}.${signature}` };
  };
}

test('the first sign-in by the new key goes through, and says which key it was', async () => {
  await company();
  expect(await signIn()).toMatchObject({ ok: true, key: { kid: 'upstream-1', algorithm: 'RS256', readAgain: false } });
  await upstream.rotate();
  expect(await signIn()).toMatchObject({ ok: true, key: { kid: 'upstream-2', readAgain: true } });
  expect(await signIn()).toMatchObject({ ok: true, key: { kid: 'upstream-2', readAgain: false } });
  expect(upstream.keyReads()).toBe(2);
});

test('of many that come at once, all do, by one reading of the keys', async () => {
  await company();
  await signIn();
  await upstream.rotate();
  const found = await Promise.all(Array.from({ length: 8 }, signIn));
  expect(found.map(({ ok }) => ok)).toEqual(Array.from({ length: 8 }, () => true));
  expect(upstream.keyReads()).toBe(2);
});

test('a provider that does not name its keys is believed by its new one as well', async () => {
  await company();
  await signIn();
  await upstream.rotate();
  upstream.tamper = async (answer) => {
    return { ...answer, id_token: await upstream.sign(decodeJwt(answer.id_token), { nameless: true }) };
  };
  expect(await signIn()).toMatchObject({ ok: true, key: { kid: undefined, readAgain: true } });
});

test('signed userinfo by the new key is read, and by no key of the provider it is not', async () => {
  await company({ thinIdTokens: true, signsUserinfo: true });
  expect(await signIn()).toMatchObject({ ok: true, claims: { email: 'ada@globex.test' } });
  // the key changes between the ID token and userinfo
  upstream.tamper = async (answer) => {
    await upstream.rotate();
    return answer;
  };
  const changed = await signIn();
  expect(changed).toMatchObject({ ok: true, claims: { email: 'ada@globex.test' }, key: { kid: 'upstream-1' } });
  upstream.tamper = async (answer) => {
    await upstream.rotate('signs');
    return answer;
  };
  laterSeconds = 60;
  expect(await signIn()).toMatchObject({ ok: false, refusal: 'userinfo' });
});

test('a logout told by the new key is taken', async () => {
  await company();
  await signIn();
  await upstream.rotate();
  expect(await logOut()).toMatchObject({ ok: true, sub: 'employee-1' });
});

test('invented keys have the published ones read once in half a minute, and a sign-in does not wait for that', async () => {
  await company();
  await signIn();
  const reads = upstream.keyReads();
  const flood = (from: number) => Promise.all(Array.from({ length: 20 }, (_none, n) => logOut(`invented-${from + n}`)));
  for (const answer of await flood(0)) expect(answer).toMatchObject({ ok: false, refusal: 'logout_token' });
  await flood(20);
  expect(upstream.keyReads()).toBe(reads + 1);
  await upstream.rotate();
  expect(await signIn()).toMatchObject({ ok: true });
  expect(upstream.keyReads()).toBe(reads + 2);
  laterSeconds = 31;
  await flood(40);
  expect(upstream.keyReads()).toBe(reads + 3);
});

test('ID tokens by keys that the provider does not publish are refused by name, by one reading in half a minute', async () => {
  await company();
  await signIn();
  const reads = upstream.keyReads();
  inventKeys();
  const refused = await signIn();
  expect(refused).toMatchObject({ ok: false, refusal: 'id_token_signature' });
  expect(refused).toHaveProperty(
    'detail',
    expect.stringMatching(/"invented-\d+" \(RS256\), .*published: "upstream-1"$/),
  );
  await signIn();
  expect(upstream.keyReads()).toBe(reads + 1);
  laterSeconds = 31;
  await signIn();
  expect(upstream.keyReads()).toBe(reads + 2);
});

test('a key that is withdrawn is believed for five minutes at most', async () => {
  await company();
  await signIn();
  await upstream.rotate('is published');
  expect(await signIn()).toMatchObject({ ok: true, key: { kid: 'upstream-1' } });
  laterSeconds = 301;
  expect(await signIn()).toMatchObject({ ok: false, refusal: 'id_token_signature' });
});

test.each([5, null, {}, ['upstream-1'], '\u0000', '../../upstream-1', "' or 1=1 --"])(
  'an ID token whose key has the name %j is refused by name',
  async (kid) => {
    await company();
    inventKeys(() => kid);
    expect(await signIn()).toMatchObject({ ok: false, refusal: 'id_token_signature' });
  },
);

const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });

test.each([
  ['too short', short],
  ['without its number', { kty: 'RSA' }],
  ['with a number that is none', { kty: 'RSA', n: '!', e: 'AQAB' }],
])('a published key that is %s is refused by name, for ID tokens and logouts', async (_what, key) => {
  await company();
  upstream.publish({ keys: [{ ...key, kid: 'upstream-1' }] });
  expect(await signIn()).toMatchObject({
    ok: false,
    refusal: 'id_token_signature',
    detail: expect.stringContaining('the published key cannot be used'),
  });
  expect(await logOut()).toMatchObject({ ok: false, refusal: 'logout_token' });
});
