// Drawbridge as OpenID Connect relying party towards a company's identity provider: code flow with PKCE, state and
// nonce; the ID token's signature is verified; issuer, audience and tenant are pinned. Core 3.1, RFC 7636, RFC 9207.
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildAuthorizationUrlWithPAR,
  buildEndSessionUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  fetchUserInfo,
  type IDToken,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import type { Clock } from '../../src/clock.ts';
import { findIdTokenFault, findUnreadableClaim } from './check-id-token.ts';
import { classifyFault } from './classify-fault.ts';
import { createConfigurations } from './configurations.ts';
import type { OidcConnection } from './connection.ts';
import { type LogoutToken, verifyLogoutToken } from './logout-token.ts';
import type { UsedKey } from './provider-keys.ts';
import type { OidcRefusalCode } from './refusals.ts';

export type OidcClaims = Readonly<Record<string, unknown>>;

/** What the caller keeps with the request, bound to the browser, and brings back to `finishLogin` once. */
export type OidcPending = {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
  /** The person must have authenticated at the provider since then (epoch seconds); absent: at any time. */
  readonly authenticatedSince?: number;
};

type OidcStart = ({ readonly ok: true; readonly url: string } & OidcPending) | OidcRefusal;

type VerifiedLogin = {
  readonly ok: true;
  /** Of the ID token; userinfo of the same subject fills in what is missing. */
  readonly claims: OidcClaims;
  readonly issuer: string;
  readonly subject: string;
  /** As sent: `id_token_hint` at logout. */
  readonly idToken: string;
  /** That the ID token was signed by. */
  readonly key: UsedKey;
};

type OidcRefusal = { readonly ok: false; readonly refusal: OidcRefusalCode; readonly detail: string };

export type RelyingParty = {
  startLogin(
    connection: OidcConnection,
    options: {
      readonly redirectUri: string;
      readonly loginHint: string | undefined;
      /** The person must authenticate again. */
      readonly forceLogin: boolean;
      /** Or may have done so this many seconds ago. */
      readonly maxAge?: number | undefined;
    },
  ): Promise<OidcStart>;
  finishLogin(
    connection: OidcConnection,
    answer: { readonly currentUrl: URL } & OidcPending,
  ): Promise<VerifiedLogin | OidcRefusal>;
  /** Where the browser ends its session at the company; refused with `no_logout` where none is announced. */
  startLogout(
    connection: OidcConnection,
    options: { readonly redirectUri: string; readonly state: string; readonly idToken: string | undefined },
  ): Promise<{ readonly ok: true; readonly url: string } | OidcRefusal>;
  /** Checks what the company's provider says of a session that ended there. */
  verifyLogout(connection: OidcConnection, token: string): Promise<({ readonly ok: true } & LogoutToken) | OidcRefusal>;
};

/**
 * @param options.allowLoopbackHttp takes http:// issuers on this machine; must be false in production
 * @param options.allowedNetworks networks beyond the public internet that issuers may be in, as CIDR
 */
export function createRelyingParty(options: {
  readonly clock: Clock;
  readonly allowLoopbackHttp: boolean;
  readonly allowedNetworks?: readonly string[];
}): RelyingParty {
  const configurations = createConfigurations(options);

  return {
    startLogin: (connection, { redirectUri, loginHint, forceLogin, maxAge: wished }) =>
      named(async () => {
        const { configuration } = await configurations.get(connection);
        const maxAge = forceLogin ? 0 : wished;
        const pending = {
          state: randomState(),
          nonce: randomNonce(),
          codeVerifier: randomPKCECodeVerifier(),
          ...(maxAge === undefined ? {} : { authenticatedSince: seconds(options.clock) - maxAge }),
        };
        const parameters = {
          redirect_uri: redirectUri,
          scope: ['openid', ...connection.scopes].join(' '),
          state: pending.state,
          nonce: pending.nonce,
          code_challenge: await calculatePKCECodeChallenge(pending.codeVerifier),
          code_challenge_method: 'S256',
          ...(loginHint === undefined ? {} : { login_hint: loginHint }),
          ...(forceLogin ? { prompt: 'login' } : {}),
          ...(maxAge === undefined ? {} : { max_age: String(maxAge) }),
        };
        const build = configuration.serverMetadata().pushed_authorization_request_endpoint
          ? buildAuthorizationUrlWithPAR
          : buildAuthorizationUrl;
        const url = await build(configuration, parameters);
        return { ok: true, url: url.href, ...pending };
      }),

    finishLogin: (connection, answer) =>
      named(async () => {
        // A missing state would be "no state expected" to the library.
        if (answer.currentUrl.searchParams.get('state') !== answer.state)
          return refuse('state', 'not the one that was sent');
        const { configuration, keys } = await configurations.get(connection);
        const tokens = await authorizationCodeGrant(configuration, answer.currentUrl, {
          expectedState: answer.state,
          expectedNonce: answer.nonce,
          pkceCodeVerifier: answer.codeVerifier,
          idTokenExpected: true,
        });
        const idClaims = tokens.claims();
        if (!idClaims || !tokens.id_token) return refuse('id_token_missing', 'no ID token');
        const key = await keys.verify(tokens.id_token);
        const fault = findIdTokenFault({
          connection,
          announcedIssuer: configuration.serverMetadata().issuer,
          idToken: tokens.id_token,
          claims: idClaims,
          accessToken: tokens.access_token,
          authenticatedSince: answer.authenticatedSince,
          now: options.clock.now(),
        });
        if (fault) return refuse(fault.code, fault.detail);
        const claims = await withUserInfo(configuration, idClaims, tokens.access_token);
        if (claims === undefined) return refuse('userinfo', 'userinfo did not answer for this subject');
        const unreadable = findUnreadableClaim(claims);
        if (unreadable) return refuse(unreadable.code, unreadable.detail);
        return { ok: true, claims, issuer: idClaims.iss, subject: idClaims.sub, idToken: tokens.id_token, key };
      }),

    startLogout: (connection, { redirectUri, state, idToken }) =>
      named(async () => {
        const { configuration } = await configurations.get(connection);
        if (!configuration.serverMetadata().end_session_endpoint) return refuse('no_logout', 'no end_session_endpoint');
        const hint = idToken === undefined ? {} : { id_token_hint: idToken };
        const url = buildEndSessionUrl(configuration, { ...hint, post_logout_redirect_uri: redirectUri, state });
        return { ok: true, url: url.href };
      }),

    verifyLogout: (connection, token) =>
      named(async () => {
        const { configuration, keys } = await configurations.get(connection);
        const { issuer: announced } = configuration.serverMetadata();
        const issuer = announced.replace('{tenantid}', connection.tenantId ?? '');
        const expected = { issuer, clientId: connection.clientId, keys, now: options.clock.now() };
        const verdict = await verifyLogoutToken(token, expected);
        return verdict.ok ? verdict : refuse('logout_token', verdict.detail);
      }),
  };
}

function seconds(clock: Clock): number {
  return Math.floor(clock.now().getTime() / 1000);
}

/**
 * Providers with thin ID tokens (Okta, oidc-provider) put the address into userinfo. `email` and `email_verified` come
 * from the same document, so that one's address never borrows the other's verification.
 */
async function withUserInfo(
  configuration: Configuration,
  claims: IDToken,
  accessToken: string,
): Promise<OidcClaims | undefined> {
  if (claims.email !== undefined || !configuration.serverMetadata().userinfo_endpoint) return claims;
  try {
    const { email_verified: _unused, ...rest } = claims;
    return { ...(await fetchUserInfo(configuration, accessToken, claims.sub)), ...rest };
  } catch (error) {
    if (!classifyFault(error)) throw error;
    return undefined;
  }
}

/** Runs the exchange; the library's errors become refusals, ours stay errors. */
async function named<T>(work: () => Promise<T | OidcRefusal>): Promise<T | OidcRefusal> {
  try {
    return await work();
  } catch (error) {
    const fault = classifyFault(error);
    if (!fault) throw error;
    return refuse(fault.code, fault.detail);
  }
}

function refuse(refusal: OidcRefusalCode, detail: string): OidcRefusal {
  return { ok: false, refusal, detail };
}
