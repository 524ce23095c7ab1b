// From the Authorization header to a principal: an organization's API key, an operator's key, or a person's access token
// of Keycloak. Callers hear one plain 401; the reason is for the log only where it tells nothing about what exists.
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { hashSecret } from '../ids.ts';
import { findLiveKey } from '../keys/api-keys-queries.ts';
import { type CredentialCache, isUsable } from '../keys/credential-cache.ts';
import { parseKey } from '../keys/key-text.ts';
import type { VerifyAccessToken } from './access-token.ts';
import type { Principal } from './principal.ts';

export type AuthenticateDeps = {
  readonly db: Database;
  readonly clock: Clock;
  readonly credentials: CredentialCache;
  /** Undefined when no Keycloak is configured: then keys are the only credentials. */
  readonly verifyAccessToken: VerifyAccessToken | undefined;
};

/** RFC 6750 section 2.1; the scheme's name is case-insensitive. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** Throws `unauthenticated`, or `unavailable` when what is needed to tell does not answer. */
export async function authenticate(deps: AuthenticateDeps, authorization: string | undefined): Promise<Principal> {
  if (authorization === undefined || authorization === '') {
    throw new DomainError('unauthenticated', 'Send a credential: Authorization: Bearer <API key or access token>.');
  }
  const token = BEARER.exec(authorization)?.[1];
  if (token === undefined) throw refused('The Authorization header does not carry a bearer token.');
  const key = parseKey(token);
  if (key === 'mistyped') throw refused('The key is mistyped: its checksum does not match.');
  if (key === 'not_a_key') return personOf(deps, token);
  return principalOfKey(deps, token, key.id);
}

async function principalOfKey(deps: AuthenticateDeps, token: string, id: string): Promise<Principal> {
  const credential = await deps.credentials.lookup(hashSecret(token));
  if (!credential || credential.subjectId !== id || !isUsable(credential, deps.clock.now())) throw invalidKey();
  if (credential.kind === 'operator_key') return { kind: 'operator', id };
  const { orgId } = credential;
  if (credential.kind !== 'api_key' || orgId === undefined) throw invalidKey();
  const live = await findLiveKey(deps.db, orgId, id);
  if (!live) throw invalidKey();
  const { memberId, fullControl } = live;
  return { kind: 'api_key', id, orgId, memberId, permissions: new Set(live.permissions), fullControl };
}

async function personOf(deps: AuthenticateDeps, token: string): Promise<Principal> {
  if (!deps.verifyAccessToken) throw refused('The token is not valid here.');
  const {
    personId,
    session: keycloakSession,
    connectionId,
    loginAt,
    authenticatedAt,
  } = await deps.verifyAccessToken(token);
  return { kind: 'person', personId, keycloakSession, session: { connectionId, loginAt, authenticatedAt } };
}

function invalidKey(): DomainError {
  return refused('The key is not valid.');
}

function refused(detail: string): DomainError {
  return new DomainError('unauthenticated', detail, { data: { presented: true } });
}
