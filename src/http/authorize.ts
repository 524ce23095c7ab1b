// What a principal may do in one organization. An organization that the principal has no place in does not exist for
// them (404, law 5); one that is frozen takes no more writes from those who cannot thaw it (law 3); one whose sign-in policy
// a person's session does not meet asks for another sign-in.
import type { Actor } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Database } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import type { AccessReason } from '../members/check-access.ts';
import { findRightsOfPerson } from '../members/members-queries.ts';
import { reasonsAgainstSession } from '../members/sign-in-demand.ts';
import { findSignInDemand } from '../members/sign-in-demand-queries.ts';
import { findOrganizationState } from '../orgs/organizations-queries.ts';
import { OPERATOR_RIGHTS, type Rights } from '../roles/rights.ts';
import type { Access } from './endpoint.ts';
import type { Principal } from './principal.ts';

export type Place = { readonly orgId: string; readonly rights: Rights };
type FoundPlace = Place & {
  readonly frozen: boolean;
  /** What the organization's sign-in policy has against the caller's session. */
  readonly unmet: readonly AccessReason[];
};

const NO_RIGHTS: Rights = { permissions: new Set(), fullControl: false, memberId: undefined };

/** The organization of a path's `{org}` (id or key) and the caller's rights in it; throws `not_found`. */
export async function findPlace(
  { db, clock }: Pick<CoreDeps, 'db' | 'clock'>,
  principal: Principal,
  idOrKey: string,
): Promise<FoundPlace> {
  const state = await findOrganizationState(db, idOrKey);
  const rights = state && (await rightsIn(db, principal, state.id));
  if (!state || !rights) throw new DomainError('not_found', 'There is no such organization.');
  const demand = principal.kind === 'person' ? await findSignInDemand(db, state.id, principal.personId) : undefined;
  const unmet =
    demand && principal.kind === 'person' ? reasonsAgainstSession(demand, principal.session, clock.now()) : [];
  return { orgId: state.id, rights, frozen: state.frozen, unmet };
}

/** Throws `forbidden` with the permission's name, `organization_frozen`, or `sign_in_required` with what is not met. */
export function requireAccess(
  access: Access,
  principal: Principal,
  place: FoundPlace | undefined,
  writes: boolean,
): void {
  if (access === 'public' || access === 'principal') return;
  if (access === 'operator') {
    if (principal.kind !== 'operator') throw new DomainError('forbidden', "This needs the operator's key.");
    return;
  }
  const rights = place?.rights ?? NO_RIGHTS;
  if (place && place.unmet.length > 0) {
    throw new DomainError('sign_in_required', place.unmet.map(({ message }) => message).join(' '), {
      data: { reasons: place.unmet },
    });
  }
  if (place?.frozen && isStopped(principal, rights, writes)) {
    throw new DomainError('organization_frozen', 'The organization is frozen: an owner or an operator must act first.');
  }
  if (!rights.permissions.has(access.permission)) {
    throw new DomainError('forbidden', `This needs the permission ${access.permission}.`, {
      data: { permission: access.permission },
    });
  }
}

/** Who asks, for the audit. */
export function actorOf(principal: Principal, place: Place | undefined): Actor {
  if (principal.kind !== 'person') return { kind: principal.kind, id: principal.id };
  const memberId = place?.rights.memberId;
  return { kind: 'person', id: principal.personId, ...(memberId === undefined ? {} : { memberId }) };
}

async function rightsIn(db: Database, principal: Principal, orgId: string): Promise<Rights | undefined> {
  switch (principal.kind) {
    case 'operator':
      return OPERATOR_RIGHTS;
    case 'api_key':
      return principal.orgId === orgId ? principal : undefined;
    case 'person':
      return findRightsOfPerson(db, orgId, principal.personId);
  }
}

function isStopped(principal: Principal, rights: Rights, writes: boolean): boolean {
  if (principal.kind === 'operator') return false;
  if (principal.kind === 'api_key') return true;
  return writes && !rights.fullControl;
}
