// Changes of an organization's own row: name, seats, policy; and thawing a frozen one (law 3).
import { recordAudit } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import type { Rights } from '../roles/rights.ts';
import type { Organization } from './organization.ts';
import { readOrganization } from './organizations-queries.ts';
import { lockOrganization, markOrganization, thawOrganization, updateOrganization } from './organizations-store.ts';
import type { PolicyOverrides } from './policy.ts';

export type ChangeOrganizationInput = {
  readonly displayName?: string | undefined;
  /** Null = seats are not counted. Lowering it below what is used ends nobody; it stops new ones. */
  readonly seatLimit?: number | null | undefined;
  /** Replaces all overrides. */
  readonly policy?: PolicyOverrides | undefined;
};

/** Only what is given changes; answers the organization as it is then. */
export function changeOrganization(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  input: ChangeOrganizationInput,
): Promise<Organization> {
  return deps.db.inOrg(orgId, async (tx) => {
    await lockOrganization(tx);
    const before = await readOrganization(tx, orgId);
    await updateOrganization(tx, {
      displayName: input.displayName ?? before.displayName,
      seatLimit: input.seatLimit === undefined ? before.seatLimit : (input.seatLimit ?? undefined),
      policy: { ...before.policy, overrides: input.policy ?? before.policy.overrides },
    });
    if (input.displayName !== undefined && input.displayName !== before.displayName) await markOrganization(tx);
    await recordAudit(tx, ctx, {
      action: 'organization.changed',
      subjectKind: 'organization',
      subjectId: orgId,
      data: { changed: Object.keys(input) },
    });
    return readOrganization(tx, orgId);
  });
}

/** Needs full control (an owner's or the operator's); a thawed organization stays as it is. */
export function unfreezeOrganization(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  rights: Rights,
): Promise<Organization> {
  if (!rights.fullControl)
    throw new DomainError('forbidden', 'Only full control or an operator can thaw an organization.');
  return deps.db.inOrg(orgId, async (tx) => {
    await lockOrganization(tx);
    const before = await readOrganization(tx, orgId);
    if (before.frozenAt === undefined) return before;
    await thawOrganization(tx);
    await recordAudit(tx, ctx, { action: 'organization.thawed', subjectKind: 'organization', subjectId: orgId });
    return readOrganization(tx, orgId);
  });
}
