// Our own sign-in at Keycloak (OpenID Connect Core 1.0, code with PKCE, RFC 7636), by the confidential client
// `drawbridge`: who sits at the browser, asked by an acceptance and by the page of a sign-in attempt. PKCE verifier and
// nonce are derived from the state.
import { createHash, createHmac } from 'node:crypto';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../clock.ts';
import type { KeycloakConfig } from '../config.ts';
import { DomainError } from '../errors.ts';
import { isUuid } from '../ids.ts';
import { deriveKey } from '../seal.ts';

const CLIENT = 'drawbridge';
const WITHIN_MS = 10_000;

export type SignInRequest = {
  readonly state: string;
  /** `none` never shows a page and answers `login_required` when nobody is signed in; absent asks only if it must. */
  readonly prompt?: 'none' | 'login';
  readonly loginHint?: string;
  /** Alias of the identity provider to go to at once. */
  readonly identityProvider?: string;
};

export type SignedIn = {
  /** Undefined for an account that Drawbridge does not know. */
  readonly personId: string | undefined;
  readonly subject: string;
  /** How the account is named to its own owner. */
  readonly name: string;
  readonly idToken: string;
};

/** A GET form that ends the browser's session at Keycloak without a question (RP-Initiated Logout 1.0). */
export type LogoutForm = { readonly action: string; readonly fields: Readonly<Record<string, string>> };

export type KeycloakSignIn = {
  /** Where Keycloak's pages live, for the Content-Security-Policy. */
  readonly origin: string;
  requestUrl(request: SignInRequest): string;
  /** Redeems a code; throws `sign_in_refused` for one that is not good, `unavailable` when Keycloak does not answer. */
  finish(code: string, state: string): Promise<SignedIn>;
  logoutForm(idToken: string, state: string): LogoutForm;
};

export type KeycloakSignInInput = {
  readonly keycloak: Pick<KeycloakConfig, 'url' | 'realm' | 'loginClientSecret'>;
  readonly baseUrl: string;
  /** Path of ours to which Keycloak sends the browser back. */
  readonly callbackPath: string;
  readonly secretKey: string;
  readonly clock: Clock;
};

export function createKeycloakSignIn(input: KeycloakSignInInput): KeycloakSignIn {
  const { keycloak, baseUrl, clock } = input;
  const issuer = `${keycloak.url}/realms/${keycloak.realm}`;
  const endpoint = (name: string) => `${issuer}/protocol/openid-connect/${name}`;
  const redirectUri = `${baseUrl}${input.callbackPath}`;
  const keys = createRemoteJWKSet(new URL(endpoint('certs')), { timeoutDuration: WITHIN_MS });
  const key = deriveKey(input.secretKey, 'invitation sign-in');
  const derived = (use: string, state: string) =>
    createHmac('sha256', key).update(`${use} ${state}`).digest('base64url');

  const redeem = async (code: string, state: string): Promise<string> => {
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: CLIENT,
      client_secret: keycloak.loginClientSecret,
      code,
      redirect_uri: redirectUri,
      code_verifier: derived('verifier', state),
    });
    const signal = AbortSignal.timeout(WITHIN_MS);
    const response = await fetch(endpoint('token'), { method: 'POST', body, signal }).catch((cause: unknown) => {
      throw unavailable(cause);
    });
    const answer = (await response.json().catch(() => ({}))) as { id_token?: string; error?: string };
    if (response.status >= 500) throw unavailable(new Error(`token endpoint answered ${response.status}`));
    if (!response.ok || answer.id_token === undefined) {
      throw new DomainError('sign_in_refused', 'The sign-in took too long, or its page was used twice.', {
        cause: new Error(`token endpoint answered ${response.status} ${answer.error ?? ''}`),
      });
    }
    return answer.id_token;
  };

  const verify = async (idToken: string, state: string): Promise<JWTPayload> => {
    const options = { issuer, audience: CLIENT, currentDate: clock.now(), requiredClaims: ['exp', 'sub', 'nonce'] };
    const { payload } = await jwtVerify(idToken, keys, options).catch((cause: unknown) => {
      throw new DomainError('sign_in_refused', "Keycloak's answer could not be verified.", { cause });
    });
    if (payload.nonce !== derived('nonce', state)) {
      throw new DomainError('sign_in_refused', "Keycloak's answer belongs to another sign-in.");
    }
    return payload;
  };

  return {
    origin: new URL(keycloak.url).origin,
    requestUrl: ({ state, prompt, loginHint, identityProvider }) => {
      const challenge = createHash('sha256').update(derived('verifier', state)).digest('base64url');
      const query = new URLSearchParams({
        client_id: CLIENT,
        response_type: 'code',
        scope: 'openid',
        redirect_uri: redirectUri,
        state,
        nonce: derived('nonce', state),
        code_challenge: challenge,
        code_challenge_method: 'S256',
        ...(prompt !== undefined && { prompt }),
        ...(loginHint !== undefined && { login_hint: loginHint }),
        ...(identityProvider !== undefined && { kc_idp_hint: identityProvider }),
      });
      return `${endpoint('auth')}?${query}`;
    },
    finish: async (code, state) => {
      const idToken = await redeem(code, state);
      const { sub, person_id, email, preferred_username, name } = await verify(idToken, state);
      const names = [email, preferred_username, name].find((text): text is string => typeof text === 'string');
      const personId = typeof person_id === 'string' && isUuid(person_id) ? person_id : undefined;
      return { personId, subject: sub as string, name: names ?? 'another account', idToken };
    },
    logoutForm: (idToken, state) => ({
      action: endpoint('logout'),
      fields: {
        id_token_hint: idToken,
        client_id: CLIENT,
        post_logout_redirect_uri: `${baseUrl}/invitations/signed-out`,
        state,
      },
    }),
  };
}

function unavailable(cause: unknown): DomainError {
  return new DomainError('unavailable', 'The sign-in service does not answer at the moment.', { cause });
}
