// Undoes a link: the next sign-in by that connection climbs the ladder anew. What the connection said of the member's
// groups goes with it, since nobody speaks for them any more.
import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import { DomainError } from '../../src/errors.ts';
import { forgetClaims } from '../../src/grants/record-claims.ts';
import { ADMIN_PERMISSIONS } from '../../src/roles/permissions.ts';
import type { Rights } from '../../src/roles/rights.ts';
import type { SsoDeps } from '../deps.ts';

/** Throws not_found, or role_ceiling: the link of somebody with rights over others is undone by full control alone. */
export function unlinkIdentity(
  deps: Pick<SsoDeps, 'db'>,
  ctx: RequestContext,
  rights: Rights,
  ids: { readonly orgId: string; readonly connectionId: string; readonly memberId: string },
): Promise<void> {
  const { orgId, connectionId, memberId } = ids;
  return deps.db.inOrg(orgId, async (tx) => {
    // the member first, as a sign-in does: two that come together wait for each other in one order
    const [member] = await tx.query<{ is_admin: boolean }>({
      text: `select r.full_control or r.permissions && $3::text[] as is_admin from member m
        join role r on r.org_id = m.org_id and r.key = m.role_key where m.org_id = $1 and m.id = $2 for update of m`,
      values: [orgId, memberId, ADMIN_PERMISSIONS],
    });
    const unlinked = await tx.query({
      text: 'delete from identity where org_id = $1 and connection_id = $2 and member_id = $3 returning member_id',
      values: [orgId, connectionId, memberId],
    });
    if (!member || unlinked.length === 0) {
      throw new DomainError('not_found', 'This connection is linked to no member of this id.');
    }
    if (member.is_admin && !rights.fullControl) {
      throw new DomainError('role_ceiling', 'The member has administrator rights: only full control may unlink them.');
    }
    await forgetClaims(tx, ctx, { connectionId, memberId });
    await recordAudit(tx, ctx, {
      action: 'identity.unlinked',
      subjectKind: 'member',
      subjectId: memberId,
      data: { connection: connectionId },
    });
  });
}
