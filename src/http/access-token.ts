// Keycloak's access tokens as credentials of the API: a JWT of our realm, for our audience (RFC 9068 in spirit; Keycloak
// marks an access token by the claim typ=Bearer). The token says who; what they may do is read from the database.
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../clock.ts';
import type { KeycloakConfig } from '../config.ts';
import { DomainError } from '../errors.ts';
import { isUuid } from '../ids.ts';
import type { SessionFacts } from '../members/sign-in-demand.ts';

/** The client id that our scope adds to every access token's audience (src/keycloak/realm/client-scopes.ts). */
const AUDIENCE = 'drawbridge';
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

type AccessToken = SessionFacts & {
  readonly personId: string;
  readonly session: string | undefined;
  /** The keys of the organizations that the token names; undefined where it names none. */
  readonly organizations?: readonly string[] | undefined;
};

/** Throws `unauthenticated` for a token that is not good, `unavailable` when Keycloak's keys cannot be had. */
export type VerifyAccessToken = (token: string) => Promise<AccessToken>;

export function createAccessTokenVerifier(
  keycloak: Pick<KeycloakConfig, 'url' | 'realm'>,
  clock: Clock,
): VerifyAccessToken {
  const issuer = `${keycloak.url}/realms/${keycloak.realm}`;
  const keys = createRemoteJWKSet(new URL(`${issuer}/protocol/openid-connect/certs`), { timeoutDuration: 3_000 });
  return async (token) => {
    let payload: JWTPayload;
    try {
      const options = { issuer, audience: AUDIENCE, algorithms: ALGORITHMS, currentDate: clock.now() };
      ({ payload } = await jwtVerify(token, keys, { ...options, requiredClaims: ['exp'] }));
    } catch (error) {
      throw asRefusal(error);
    }
    if (payload.typ !== 'Bearer') throw refused('The token is no access token.');
    const personId = text(payload.person_id);
    if (personId === undefined || !isUuid(personId)) throw refused('The token names no person of Drawbridge.');
    return {
      personId,
      session: text(payload.sid),
      connectionId: text(payload.db_connection),
      loginAt: seconds(payload.db_login_at),
      authenticatedAt: seconds(payload.auth_time),
      organizations: keysOf(payload.organization),
    };
  };
}

function asRefusal(error: unknown): DomainError {
  if (error instanceof errors.JWTExpired) return refused('The token has expired.');
  // the key set could not be fetched: a plain failure of fetch, or jose's own for time-outs and bad answers
  const ours =
    !(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout || error.code === 'ERR_JOSE_GENERIC';
  if (ours)
    return new DomainError('unavailable', 'The keys of Keycloak cannot be read at the moment.', { cause: error });
  return refused('The token is not valid here.');
}

function refused(detail: string): DomainError {
  return new DomainError('unauthenticated', detail, { data: { presented: true } });
}

/** Keycloak writes organizations as an object by their aliases, or as a list of them. */
function keysOf(claim: unknown): string[] | undefined {
  if (typeof claim !== 'object' || claim === null) return undefined;
  return Array.isArray(claim) ? claim.filter((key) => typeof key === 'string') : Object.keys(claim);
}

function seconds(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
