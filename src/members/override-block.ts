// A directory's active=false is lifted by that directory, or overridden by somebody with full control, who says why
// (design, section 5). The override holds until the directory says active=false anew.
import { recordAudit } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { settleMember } from './admit-member.ts';
import { type ExplainedMember, explained, type MemberCall } from './change-member.ts';
import { getMember } from './members-queries.ts';

/**
 * Also for somebody who was removed: the block of a directory that has deleted them would keep them out for ever. Throws
 * `not_found`, `role_ceiling`, `seat_limit`, `invalid_value` (no such directory), `conflict` (it does not block the member).
 */
export function overrideBlock(
  deps: CoreDeps,
  ctx: RequestContext,
  call: MemberCall,
  input: { readonly directoryId: string; readonly reason: string },
): Promise<ExplainedMember> {
  if (!call.rights.fullControl) {
    throw new DomainError('role_ceiling', "Only somebody with full control overrides a directory's block.");
  }
  return deps.db.inOrg(call.orgId, async (tx) => {
    await getMember(tx, call.orgId, call.memberId, 'lock');
    const lifted = await tx.query({
      text: `delete from block where org_id = $1 and member_id = $2 and source = 'directory' and ref = $3 returning ref`,
      values: [call.orgId, call.memberId, input.directoryId],
    });
    if (lifted.length === 0) throw await nothingToOverride(tx, input.directoryId);
    await recordAudit(tx, ctx, {
      action: 'member.block_overridden',
      subjectKind: 'member',
      subjectId: call.memberId,
      data: { source: 'directory', ref: input.directoryId },
      personal: { reason: input.reason },
    });
    await settleMember(tx, ctx, { memberId: call.memberId, reason: 'block_overridden' });
    return explained(tx, call);
  });
}

async function nothingToOverride(tx: Tx, directoryId: string): Promise<DomainError> {
  const known = await tx.query({
    text: 'select from directory where org_id = $1 and id = $2',
    values: [tx.orgId, directoryId],
  });
  return known.length > 0
    ? new DomainError('conflict', 'This directory does not block the member.')
    : new DomainError('invalid_value', 'The organization has no such directory.');
}
