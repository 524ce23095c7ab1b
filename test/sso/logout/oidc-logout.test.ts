// Logout with a company that speaks OpenID Connect, with a real oidc-provider as the company's and a scripted relying
// party as Keycloak. A real Keycloak plays in test/e2e.
import { generateKeyPairSync } from 'node:crypto';
import { createRemoteJWKSet, decodeJwt, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ScriptedBrowser } from '../../../src/dev/scripted-browser.ts';
import { signedOutUri } from '../../../sso/logout/logout-addresses.ts';
import { CLIENT } from '../oidc/upstream.ts';
import { EVENT, type OidcCompany, startOidcCompany } from './oidc-company.ts';

let company: OidcCompany;
let bridge: OidcCompany['bridge'];
let upstream: OidcCompany['upstream'];
let connectionId: string;
let memberId: string;

beforeAll(async () => {
  company = await startOidcCompany();
  ({ bridge, upstream, connectionId, memberId } = company);
});
afterAll(() => company?.stop());
beforeEach(() => company.settle());

const signIn: OidcCompany['signIn'] = (browser) => company.signIn(browser);
const sessionOf: OidcCompany['sessionOf'] = (sid) => company.sessionOf(sid);
const tell: OidcCompany['tell'] = (...token) => company.tell(...token);
const logoutClaims: OidcCompany['logoutClaims'] = (changes) => company.logoutClaims(changes);

describe('a logout at the company', () => {
  test('as its provider sends it ends that session, and Keycloak is told of it by a token of ours', async () => {
    const { sid } = await signIn();
    const other = await signIn();
    await upstream.logOut((await sessionOf(sid))!.session_index);
    expect(await sessionOf(sid)).toMatchObject({ ended_by: 'company' });
    expect(await sessionOf(other.sid)).toMatchObject({ ended_by: null });
    await bridge.runJobs();
    const keys = createRemoteJWKSet(new URL(`${bridge.baseUrl}/oidc/jwks`));
    const expected = { issuer: `${bridge.baseUrl}/oidc`, audience: 'keycloak-globex', typ: 'logout+jwt' };
    const told = await Promise.all(bridge.logouts.tokens.map((token) => jwtVerify(token, keys, expected)));
    expect(told.map(({ payload }) => [payload.sid, payload.sub, payload.events])).toEqual([
      [sid, await bridge.personOf(memberId), { [EVENT]: {} }],
    ]);
    const audit = await bridge.rows(`select data from audit_event where action = 'session.ended' and subject_id = $1`, [
      memberId,
    ]);
    expect(audit).toEqual([{ data: { by: 'company', connection: connectionId } }]);
  });

  test('by subject alone ends all of the person, in every browser', async () => {
    const sessions = [await signIn(), await signIn()];
    const token = await upstream.sign(logoutClaims({ sub: 'employee-1' }), { typ: 'logout+jwt' });
    expect(await tell(token)).toEqual({ status: 200, words: '', cache: 'no-store' });
    for (const { sid } of sessions) expect(await sessionOf(sid)).toMatchObject({ ended_by: 'company' });
  });

  test('of a person whose ID token named no session ends what there is', async () => {
    const { sid } = await signIn();
    await bridge.rows('update upstream_session set session_index = null where id = $1', [sid]);
    await tell(await upstream.sign(logoutClaims({ sub: 'somebody-else', sid: 'a-session' })));
    expect(await sessionOf(sid)).toMatchObject({ ended_by: null });
    await tell(await upstream.sign(logoutClaims({ sub: 'employee-1', sid: 'a-session' })));
    expect(await sessionOf(sid)).toMatchObject({ ended_by: 'company' });
  });

  test('of a browser that has signed in twice names both sign-ins, since either may have opened the session', async () => {
    const browser = new ScriptedBrowser();
    const first = await signIn(browser);
    const second = await signIn(browser);
    await tell(await upstream.sign(logoutClaims({ sid: (await sessionOf(second.sid))!.session_index })));
    const later = await signIn(browser);
    await bridge.runJobs();
    const told = bridge.logouts.tokens.map((token) => decodeJwt(token).sid);
    expect(told).toEqual(expect.arrayContaining([first.sid, second.sid]));
    expect(told).not.toContain(later.sid);
  });

  test('of nobody whom we know is taken, and tells Keycloak nothing', async () => {
    expect(await tell(await upstream.sign(logoutClaims({ sid: 'nobody' })))).toMatchObject({ status: 200 });
    await bridge.runJobs();
    expect(bridge.logouts.tokens).toEqual([]);
  });

  test('is told again when Keycloak was not there', async () => {
    const { sid } = await signIn();
    await upstream.logOut((await sessionOf(sid))!.session_index);
    bridge.logouts.status = 503;
    await expect(bridge.runJobs()).rejects.toThrow('503');
    bridge.logouts.status = 200;
    bridge.logouts.tokens.length = 0;
    await bridge.runJobs();
    expect(bridge.logouts.tokens.map((token) => decodeJwt(token).sid)).toContain(sid);
  });
});

const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const HOUR = 3600;
const past = (seconds: number) => Math.floor(Date.now() / 1000) - seconds;
const claiming = (changes: Record<string, unknown>) => () =>
  upstream.sign(logoutClaims({ sub: 'employee-1', ...changes }));

const WRONG: readonly (readonly [what: string, token: () => Promise<string>])[] = [
  ['another issuer', claiming({ iss: 'https://evil.test' })],
  ['another audience', claiming({ aud: 'another' })],
  ['no audience', claiming({ aud: undefined })],
  ['a nonce, as an ID token has', claiming({ nonce: 'n' })],
  ['a nonce of null', claiming({ nonce: null })],
  ['no events', claiming({ events: undefined })],
  ['events of another kind', claiming({ events: { 'http://schemas.openid.net/event/other': {} } })],
  ['an event of null', claiming({ events: { [EVENT]: null } })],
  ['an event that is a list', claiming({ events: { [EVENT]: [] } })],
  ['events that are a list', claiming({ events: [EVENT] })],
  ['neither subject nor session', claiming({ sub: undefined })],
  ['a session that is no text', claiming({ sid: 7 })],
  ['an empty session', claiming({ sid: '' })],
  ['no jti', claiming({ jti: undefined })],
  ['no iat', claiming({ iat: undefined })],
  ['an old iat', claiming({ iat: past(HOUR), exp: past(-HOUR) })],
  ['an iat to come', claiming({ iat: past(-HOUR), exp: past(-2 * HOUR) })],
  ['no exp', claiming({ exp: undefined })],
  ['an exp in the past', claiming({ exp: past(HOUR) })],
  ['the type of another token', () => upstream.sign(logoutClaims({ sub: 'employee-1' }), { typ: 'at+jwt' })],
  [
    "a stranger's key",
    () =>
      new SignJWT(logoutClaims({ sub: 'employee-1' }))
        .setProtectedHeader({ alg: 'RS256', kid: 'upstream-1' })
        .sign(stranger),
  ],
  [
    'an HMAC with the client secret',
    () =>
      new SignJWT(logoutClaims({ sub: 'employee-1' }))
        .setProtectedHeader({ alg: 'HS256' })
        .sign(Buffer.from(CLIENT.secret)),
  ],
  ['no signature', async () => new UnsecuredJWT(logoutClaims({ sub: 'employee-1' })).encode()],
  ['no token', async () => ''],
  ['nonsense', async () => 'nonsense'],
];

describe('what is no valid logout token ends nothing', () => {
  test.each(WRONG)('with %s', async (_what, token) => {
    const { sid } = await signIn();
    expect(await tell(await token())).toMatchObject({ status: 400, cache: 'no-store' });
    expect(await sessionOf(sid)).toMatchObject({ ended_by: null });
  });

  test('when it comes a second time, even for a session since', async () => {
    const token = await upstream.sign(logoutClaims({ sub: 'employee-1' }));
    expect(await tell(token)).toMatchObject({ status: 200 });
    const { sid } = await signIn();
    expect(await tell(token)).toMatchObject({ status: 400 });
    expect(await sessionOf(sid)).toMatchObject({ ended_by: null });
  });

  test('at the address of another connection', async () => {
    const { sid } = await signIn();
    const other = await bridge.make.organization('initech', 'initech.test');
    const foreign = await bridge.make.connection(other.id, {
      protocol: 'oidc',
      issuer: upstream.issuer,
      clientId: 'another-client',
      clientSecret: 'x',
    });
    const token = await upstream.sign(logoutClaims({ sub: 'employee-1' }));
    expect(await tell(token, foreign)).toMatchObject({ status: 400 });
    expect(await sessionOf(sid)).toMatchObject({ ended_by: null });
  });
});

describe('a logout at the application', () => {
  const back = () => `${bridge.keycloakUrl}/realms/drawbridge/broker/sso-globex/endpoint/logout_response`;
  const asked = (hint: string, changes: Record<string, string> = {}) =>
    `${bridge.baseUrl}/oidc/session/end?${new URLSearchParams({
      client_id: 'keycloak-globex',
      id_token_hint: hint,
      post_logout_redirect_uri: back(),
      state: 'keycloak-session',
      ...changes,
    })}`;
  const go = async (url: string) => {
    const response = await fetch(url, { redirect: 'manual' });
    return response.headers.get('location') ?? '';
  };

  test('takes the browser to the company with its own ID token, and then back to Keycloak, once', async () => {
    const { idToken, sid } = await signIn();
    const away = new URL(await go(asked(idToken)));
    expect(`${away.origin}${away.pathname}`).toBe(`${upstream.issuer}/session/end`);
    const { id_token_hint: hint, post_logout_redirect_uri: uri, state } = Object.fromEntries(away.searchParams);
    expect(decodeJwt(hint ?? '')).toMatchObject({ iss: upstream.issuer, sub: 'employee-1' });
    expect(uri).toBe(signedOutUri(bridge.baseUrl, connectionId));
    expect(await sessionOf(sid)).toMatchObject({ ended_by: 'application' });
    expect(await go(`${uri}?state=${state}`)).toBe(`${back()}?state=keycloak-session`);
    expect(await go(`${uri}?state=${state}`)).toBe('http://127.0.0.1:9/app');
  });

  test('ends the session in Keycloak also when the browser never comes back', async () => {
    const { idToken, sid } = await signIn();
    await go(asked(idToken));
    await bridge.runJobs();
    expect(bridge.logouts.tokens.length).toBe(0);
    bridge.later.ms += 3 * 60 * 1000;
    await bridge.runJobs();
    expect(bridge.logouts.tokens.map((token) => decodeJwt(token).sid)).toContain(sid);
    bridge.later.ms = 0;
  });

  test('takes the browser to every company of the session, one after another', async () => {
    const hooli = await bridge.make.organization('hooli', 'hooli.test');
    const client = { clientId: CLIENT.id, clientSecret: CLIENT.secret, logoutAtCompany: true };
    const second = await bridge.make.connection(hooli.id, { protocol: 'oidc', issuer: upstream.issuer, ...client });
    const [guest] = await bridge.rows<{ id: string }>(
      `insert into member (org_id, person_id, status, role_key, address, address_key)
        select $1, person_id, 'active', role_key, address, address_key from member where id = $2 returning id`,
      [hooli.id, memberId],
    );
    await bridge.rows(
      `insert into upstream_session (org_id, connection_id, member_id, person_id, browser_hash, subject, started_at)
        select $1, $2, $3, person_id, '', 'employee-1', now() from member where id = $3`,
      [hooli.id, second, guest!.id],
    );
    const browser = new ScriptedBrowser();
    // twice by one company is one session there
    await signIn(browser);
    const { idToken, sid } = await signIn(browser);
    await bridge.rows(
      `update upstream_session set browser_hash = (select browser_hash from upstream_session where id = $1) where org_id = $2`,
      [sid, hooli.id],
    );
    const stateOf = (url: string) => new URL(url).searchParams.get('state');
    const first = await go(asked(idToken));
    expect(new URL(first).searchParams.get('post_logout_redirect_uri')).toContain(connectionId);
    const then = await go(`${signedOutUri(bridge.baseUrl, connectionId)}?state=${stateOf(first)}`);
    expect(new URL(then).searchParams.get('post_logout_redirect_uri')).toBe(signedOutUri(bridge.baseUrl, second));
    const last = `${signedOutUri(bridge.baseUrl, second)}?state=${stateOf(then)}`;
    expect(await go(last)).toBe(`${back()}?state=keycloak-session`);
    const ended = await bridge.rows('select ended_by from upstream_session where org_id = $1', [hooli.id]);
    expect(ended).toEqual([{ ended_by: 'application' }]);
  });

  test('goes straight back for a session that is over, a foreign or changed hint, or another client', async () => {
    const { idToken } = await signIn();
    await go(asked(idToken));
    const { idToken: live, sid } = await signIn();
    const straight = `${back()}?state=keycloak-session`;
    const [header, payload] = live.split('.');
    const foreign = await upstream.sign({ ...decodeJwt(live) });
    for (const hint of [idToken, '', 'nonsense', `${header}.${payload}.AAAA`, foreign]) {
      expect(await go(asked(hint))).toBe(straight);
    }
    expect(await go(asked(live, { client_id: 'keycloak-invitation' }))).toBe('http://127.0.0.1:9/app');
    expect(await sessionOf(sid)).toMatchObject({ ended_by: null });
  });

  test('goes straight back where the connection does not say to go on, or the company does not answer', async () => {
    const set = (value: boolean) =>
      bridge.rows(
        `update connection set settings = settings || jsonb_build_object('logoutAtCompany', $2::boolean) where id = $1`,
        [connectionId, value],
      );
    const { idToken, sid } = await signIn();
    await set(false);
    expect(await go(asked(idToken))).toBe(`${back()}?state=keycloak-session`);
    expect(await sessionOf(sid)).toMatchObject({ ended_by: 'application' });
    await set(true);
    const { idToken: next } = await signIn();
    await bridge.rows(
      `update connection set settings = settings || '{"issuer":"http://127.0.0.1:1/"}', version = version + 1
      where id = $1`,
      [connectionId],
    );
    expect(await go(asked(next))).toBe(`${back()}?state=keycloak-session`);
  });
});

test('the ID token at the company is kept sealed, and goes after ten hours', async () => {
  const [row] = await bridge.rows<{ sealed: Buffer }>(
    'select sealed_id_token as sealed from upstream_session where sealed_id_token is not null limit 1',
  );
  expect(row?.sealed.toString('latin1')).not.toContain('eyJ');
  await bridge.rows('select sweep_expired($1)', [new Date(Date.now() + 11 * 3600 * 1000)]);
  expect(await bridge.rows('select 1 from upstream_session union all select 1 from logout_request')).toEqual([]);
});
