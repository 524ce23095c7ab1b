// What an ID token must say beyond what openid-client has checked of it (signature, issuer, audience, nonce, times): for
// us alone, of somebody by a name that can be kept, over this access token, of the connection's tenant, issued by now, of
// somebody who authenticated in time. Pure.
import { createHash } from 'node:crypto';
import { decodeProtectedHeader } from 'jose';
import type { IDToken } from 'openid-client';
import { findUnstorable } from '../../src/http/storable-text.ts';
import type { Fault } from './classify-fault.ts';
import type { OidcConnection } from './connection.ts';
import { MAX_NAME_LENGTH } from './logout-token.ts';

/** Tolerance between the two clocks. */
const SKEW_SECONDS = 60;
/** As a SAML response's: a provider's clock may be ahead, and its token must not come from another day. */
const ISSUED_AHEAD_SECONDS = 5 * 60;

export type CheckedLogin = {
  readonly connection: OidcConnection;
  /** As the discovery document writes it. */
  readonly announcedIssuer: string;
  readonly idToken: string;
  readonly claims: IDToken;
  readonly accessToken: string;
  /** The person must have authenticated since then (epoch seconds); undefined: at any time. */
  readonly authenticatedSince: number | undefined;
  readonly now: Date;
};

/** The first thing that is wrong. */
export function findIdTokenFault(login: CheckedLogin): Fault | undefined {
  return (
    findUnreadableClaim(login.claims) ??
    findNobody(login) ??
    findOtherParty(login) ??
    findOtherAccessToken(login) ??
    findOtherTenant(login) ??
    findFuture(login) ??
    findStale(login)
  );
}

/** JSON may carry what no column holds; of the ID token or, where userinfo was asked, of both. */
export function findUnreadableClaim(claims: object): Fault | undefined {
  const fault = findUnstorable(claims);
  return fault === undefined ? undefined : { code: 'claim_unreadable', detail: fault };
}

/** Whoever has no name has everybody's: two people with an empty `sub` would be one. */
function findNobody({ claims: { sub, sid } }: CheckedLogin): Fault | undefined {
  if (sub.trim() === '') return { code: 'id_token_subject', detail: 'sub is empty' };
  const long = [sub, sid].find((name) => typeof name === 'string' && name.length > MAX_NAME_LENGTH);
  return long === undefined ? undefined : { code: 'id_token_subject', detail: `${String(long).length} characters` };
}

/** The library looks at `azp` only where there are several audiences. Core 3.1.3.7, step 5. */
function findOtherParty({ connection, claims }: CheckedLogin): Fault | undefined {
  const { azp } = claims;
  if (azp === undefined || azp === connection.clientId) return undefined;
  return { code: 'id_token_audience', detail: 'azp is another client' };
}

/** The access token fetches userinfo, so it must be the one that came with this ID token. Core 3.1.3.8. */
function findOtherAccessToken({ idToken, claims, accessToken }: CheckedLogin): Fault | undefined {
  const { at_hash: said } = claims;
  if (said === undefined) return undefined;
  const digest = createHash(hashOf(decodeProtectedHeader(idToken).alg))
    .update(accessToken)
    .digest();
  const half = digest.subarray(0, digest.length / 2).toString('base64url');
  return said === half ? undefined : { code: 'id_token_at_hash', detail: 'at_hash is of another access token' };
}

function hashOf(algorithm: string | undefined): 'sha256' | 'sha384' | 'sha512' {
  if (algorithm?.endsWith('256')) return 'sha256';
  return algorithm?.endsWith('384') ? 'sha384' : 'sha512';
}

/** openid-client accepts any tenant of a shared Entra issuer, since it puts the token's own `tid` into the issuer. */
function findOtherTenant({ connection: { tenantId }, announcedIssuer, claims }: CheckedLogin): Fault | undefined {
  if (tenantId === undefined) {
    const shared = announcedIssuer.includes('{tenantid}');
    return shared
      ? { code: 'tenant', detail: 'the issuer serves all tenants and the connection names none' }
      : undefined;
  }
  if (claims.tid === tenantId) return undefined;
  return { code: 'tenant', detail: `tid ${String(claims.tid)} instead of ${tenantId}` };
}

/** Core 2: `iat` is when it was issued; the library only sees that it is a number. */
function findFuture({ claims: { iat }, now }: CheckedLogin): Fault | undefined {
  const ahead = iat - Math.floor(now.getTime() / 1000);
  return ahead > ISSUED_AHEAD_SECONDS ? { code: 'id_token_time', detail: `issued ${ahead} s from now` } : undefined;
}

/** A provider that ignores prompt and max_age would let an old session pass for a fresh one. Core 3.1.2.1. */
function findStale({ claims: { auth_time: at }, authenticatedSince: since }: CheckedLogin): Fault | undefined {
  if (since === undefined) return undefined;
  if (at === undefined) return { code: 'auth_time', detail: 'the ID token has no auth_time' };
  return at + SKEW_SECONDS < since
    ? { code: 'auth_time', detail: `authenticated ${since - at} s too early` }
    : undefined;
}
