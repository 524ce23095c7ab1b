// An administrator approves or declines that a directory takes a member over.
import { actorJson } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import { DomainError } from '../errors.ts';
import { isUuid } from '../ids.ts';
import { mayGrant, type Rights } from '../roles/rights.ts';
import { findAdoptionStakes } from './adoption-queries.ts';
import type { DirectoryDeps } from './directory.ts';

type Decision = 'approve' | 'decline';
/** `approved` = it was declined before: the directory's next POST of the user adopts the member. */
export type Decided = 'adopted' | 'approved' | 'declined';

export type DecideAdoptionInput = {
  readonly orgId: string;
  readonly directoryId: string;
  readonly memberId: string;
  readonly decision: Decision;
  readonly rights: Rights;
};

/**
 * Approved, all that the directory has said since takes effect at once. Throws `not_found`; `role_ceiling` (a directory
 * could act on the member as it likes, so only who may grant the member's rights approves; of rights over others, only
 * full control); `seat_limit`, `last_owner` when the directory says that the last owner is inactive.
 */
export async function decideAdoption(
  deps: DirectoryDeps,
  ctx: RequestContext,
  input: DecideAdoptionInput,
): Promise<Decided> {
  const { orgId, directoryId, memberId, decision, rights } = input;
  const none = new DomainError('not_found', 'There is no such request to decide.');
  if (!isUuid(directoryId)) throw none;
  return deps.db.inOrg(orgId, async (tx) => {
    const stakes = await findAdoptionStakes(tx, orgId, directoryId, memberId);
    if (!stakes) throw none;
    if (decision === 'approve') requireMayApprove(rights, stakes);
    const [row] = await tx.query<{ outcome: Decided | null }>({
      text: `select ${decision}_adoption($1, $2, $3, $4) as outcome`,
      values: [orgId, directoryId, memberId, actorJson(ctx)],
    });
    if (!row?.outcome) throw none;
    return row.outcome;
  });
}

function requireMayApprove(
  rights: Rights,
  stakes: { readonly reason: string; readonly permissions: readonly string[]; readonly full_control: boolean },
): void {
  const offer = { permissions: stakes.permissions, fullControl: stakes.full_control };
  if (rights.fullControl || (stakes.reason !== 'admin_rights' && mayGrant(rights, offer))) return;
  throw new DomainError('role_ceiling', 'The member has, or is offered, rights that only full control may hand on.');
}
