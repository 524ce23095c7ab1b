// The demo app's sign-in with Keycloak: OpenID Connect Core 1.0 section 3.1 (code flow) with PKCE (RFC 7636), as a
// public client. Written with fetch alone, to show how little an application needs.

import { createHash } from 'node:crypto';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import { newSecret } from '../ids.ts';

export type DemoClient = {
  /** https://…/realms/<realm> */
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
};

/** What the app keeps between leaving for Keycloak and coming back. */
export type PendingSignIn = { readonly state: string; readonly nonce: string; readonly verifier: string };

export type SignedIn = {
  readonly idToken: string;
  readonly idClaims: JWTPayload;
  readonly accessClaims: JWTPayload;
};

/** The address to send the browser to; `hints` go along as they are (login_hint, kc_idp_hint). */
export function beginSignIn(
  client: DemoClient,
  hints: Readonly<Record<string, string>>,
): { url: string; pending: PendingSignIn } {
  const pending = { state: newSecret(), nonce: newSecret(), verifier: newSecret() };
  const query = new URLSearchParams({
    ...hints,
    client_id: client.clientId,
    response_type: 'code',
    // All organizations of the person, whichever one they signed in for.
    scope: 'openid organization:*',
    redirect_uri: client.redirectUri,
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: createHash('sha256').update(pending.verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  return { url: `${client.issuer}/protocol/openid-connect/auth?${query}`, pending };
}

/** Redeems the code and verifies both tokens. Throws an Error with the reason. */
export async function finishSignIn(client: DemoClient, pending: PendingSignIn, code: string): Promise<SignedIn> {
  const response = await fetch(`${client.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: client.clientId,
      code,
      redirect_uri: client.redirectUri,
      code_verifier: pending.verifier,
    }),
    signal: AbortSignal.timeout(15_000),
  });
  const answer = (await response.json()) as Record<string, string>;
  if (!response.ok) throw new Error(`Keycloak refused the code: ${answer.error_description ?? answer.error}`);
  const idToken = answer.id_token ?? '';
  const keys = createRemoteJWKSet(new URL(`${client.issuer}/protocol/openid-connect/certs`));
  const id = await jwtVerify(idToken, keys, { issuer: client.issuer, audience: client.clientId });
  if (id.payload.nonce !== pending.nonce) throw new Error('The ID token belongs to another sign-in.');
  const access = await jwtVerify(answer.access_token ?? '', keys, { issuer: client.issuer });
  return { idToken, idClaims: id.payload, accessClaims: access.payload };
}

/** Where to send the browser so that Keycloak ends its session too (OpenID Connect RP-Initiated Logout 1.0). */
export function signOutUrl(client: DemoClient, idToken: string, returnTo: string): string {
  const query = new URLSearchParams({ id_token_hint: idToken, post_logout_redirect_uri: returnTo });
  return `${client.issuer}/protocol/openid-connect/logout?${query}`;
}
