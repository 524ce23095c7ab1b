// A company's identity provider for tests: a real oidc-provider over real HTTP that signs one person in without a page,
// and, where a test says so, changes what its token endpoint answers.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { Provider } from 'oidc-provider';
import type { OidcConnection } from '../../../sso/oidc/connection.ts';

export const CLIENT = { id: 'drawbridge', secret: 'a-secret-of-at-least-32-characters-x' };

/** Our side of it: a connection by that client. */
export function connectionTo(issuer: string, changes: Partial<OidcConnection> = {}): OidcConnection {
  return {
    id: 'globex',
    version: 1,
    issuer,
    clientId: CLIENT.id,
    authentication: { method: 'client_secret_basic', secret: CLIENT.secret },
    scopes: ['email', 'profile'],
    tenantId: undefined,
    ...changes,
  };
}

const EMPLOYEE = 'employee-1';

export type TokenAnswer = { id_token: string } & Record<string, unknown>;

type Told = { backchannelLogout(sub: string, sid: string): Promise<void> };

export type Upstream = {
  readonly issuer: string;
  /** Changes the next token answers; undefined leaves them as they are. */
  tamper: ((answer: TokenAnswer) => Promise<TokenAnswer>) | undefined;
  /** Changes what userinfo answers; undefined leaves it as it is. */
  userinfo: ((claims: Record<string, unknown>) => Record<string, unknown>) | undefined;
  /** The requests that came to the authorization and the token endpoint. */
  readonly authorizations: URLSearchParams[];
  readonly tokenRequests: URLSearchParams[];
  /** Shows a page of its own instead of signing the person in. */
  holds: boolean;
  /** Signs claims with the provider's own key, of which `nameless` says nothing. */
  sign(claims: JWTPayload, header?: { readonly typ?: string; readonly nameless?: boolean }): Promise<string>;
  /** From now on a new key (`upstream-2` and on) signs and is published instead of the old one, or only one of the two. */
  rotate(only?: 'signs' | 'is published'): Promise<void>;
  /** Publishes these keys instead of its own. */
  publish(set: { keys: object[] }): void;
  /** Tells the client that a session is over, as at a logout of the person. */
  logOut(sid: string): Promise<void>;
  /** How often the discovery document was asked for, and how often the keys. */
  discoveries(): number;
  keyReads(): number;
  /** Follows the sign-in from the authorization address to the redirect URI, as a browser does; answers where it ends. */
  signIn(url: string, redirectUri: string): Promise<URL>;
  stop(): Promise<void>;
};

export async function startUpstream(options: {
  redirectUri: string;
  claims: Record<string, unknown>;
  thinIdTokens?: boolean;
  /** Userinfo is a JWT. */
  signsUserinfo?: boolean;
  parRequired?: boolean;
  /** Where the client's keys are: it authenticates by one of them (private_key_jwt). */
  clientKeysUri?: string;
  logout?: { readonly signedOutUri: string; readonly backchannelLogoutUri: string };
}): Promise<Upstream> {
  let keys = await generateKeyPair('RS256', { extractable: true });
  let kid = 'upstream-1';
  const jwk = { ...(await exportJWK(keys.privateKey)), alg: 'RS256', use: 'sig', kid };
  let published: { keys: object[] } | undefined;
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        ...(options.clientKeysUri === undefined
          ? { client_secret: CLIENT.secret }
          : { token_endpoint_auth_method: 'private_key_jwt' as const, jwks_uri: options.clientKeysUri }),
        redirect_uris: [options.redirectUri],
        ...(options.signsUserinfo && { userinfo_signed_response_alg: 'RS256' as const }),
        ...(options.logout && {
          post_logout_redirect_uris: [options.logout.signedOutUri],
          backchannel_logout_uri: options.logout.backchannelLogoutUri,
          backchannel_logout_session_required: true,
        }),
      },
    ],
    jwks: { keys: [jwk] },
    cookies: { keys: ['cookie-key'] },
    // the library's own refuses this machine's addresses
    fetch: (url, request) => fetch(url, { ...request, dispatcher: undefined } as RequestInit),
    conformIdTokenClaims: options.thinIdTokens ?? false,
    claims: { openid: ['sub'], email: ['email', 'email_verified', 'groups', 'tid'], profile: ['given_name'] },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      jwtUserinfo: { enabled: options.signsUserinfo ?? false },
      pushedAuthorizationRequests: { enabled: options.parRequired ?? false },
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...options.claims }) }),
    loadExistingGrant: async (ctx) => {
      const grant = new ctx.oidc.provider.Grant({ clientId: CLIENT.id, accountId: ctx.oidc.session?.accountId ?? '' });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
  let discoveries = 0;
  let keyReads = 0;
  let rotations = 0;
  const upstream: Upstream = {
    issuer,
    tamper: undefined,
    userinfo: undefined,
    authorizations: [],
    tokenRequests: [],
    holds: false,
    sign: (claims, { nameless = false, ...header } = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ ...header, alg: 'RS256', ...(nameless ? {} : { kid }) })
        .sign(keys.privateKey),
    async rotate(only) {
      const next = await generateKeyPair('RS256', { extractable: true });
      rotations += 1;
      const name = `upstream-${rotations + 1}`;
      const newest = { ...(await exportJWK(next.publicKey)), alg: 'RS256', use: 'sig', kid: name };
      if (only !== 'signs') published = { keys: [newest] };
      if (only !== 'is published') [keys, kid] = [next, name];
    },
    publish(set) {
      published = set;
    },
    async logOut(sid) {
      const client = (await provider.Client.find(CLIENT.id)) as unknown as Told;
      await client.backchannelLogout(EMPLOYEE, sid);
    },
    discoveries: () => discoveries,
    keyReads: () => keyReads,
    signIn,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  provider.use(async (ctx, next) => {
    if (ctx.path === '/auth') upstream.authorizations.push(new URLSearchParams(ctx.querystring));
    await next();
    if (ctx.path === '/token') {
      upstream.tokenRequests.push(new URLSearchParams((ctx.oidc as { body?: Record<string, string> }).body));
    }
    if (ctx.path === '/me' && upstream.userinfo) ctx.body = upstream.userinfo(ctx.body as Record<string, unknown>);
    if (ctx.path === '/.well-known/openid-configuration') discoveries += 1;
    if (ctx.path === '/jwks') {
      keyReads += 1;
      ctx.body = published ?? ctx.body;
    }
    // what the library has signed is signed anew once the key has changed
    const isRotated = kid !== jwk.kid;
    if (ctx.path === '/me' && options.signsUserinfo && isRotated) {
      ctx.body = await upstream.sign(decodeJwt(String(ctx.body)));
    }
    if (ctx.path !== '/token' || ctx.status !== 200) return;
    const answer = ctx.body as TokenAnswer;
    if (isRotated) ctx.body = { ...answer, id_token: await upstream.sign(decodeJwt(answer.id_token)) };
    if (upstream.tamper) ctx.body = await upstream.tamper(ctx.body as TokenAnswer);
  });
  const handle = provider.callback();
  server.on('request', (request, response) => {
    if (!request.url?.startsWith('/interaction/')) return handle(request, response);
    if (upstream.holds) return void response.end('Please wait.');
    return provider.interactionFinished(request, response, { login: { accountId: EMPLOYEE } });
  });
  return upstream;
}

async function signIn(start: string, redirectUri: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let url = start;
  for (let hop = 0; hop < 10 && !url.startsWith(redirectUri); hop += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    await response.text();
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
      cookies.set(name, value);
    }
    const next = response.headers.get('location');
    if (next === null) throw new Error(`${response.status} at ${url}`);
    url = new URL(next, url).href;
  }
  return new URL(url);
}
