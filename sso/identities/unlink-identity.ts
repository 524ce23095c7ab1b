// Undoes a link: the next sign-in by that connection climbs the ladder anew. What the connection said of the member's
// groups goes with it, since nobody speaks for them any more.
import { actorJson, recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import { DomainError } from '../../src/errors.ts';
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
    const [link] = await tx.query<{ is_admin: boolean }>({
      text: `delete from identity i using member m, role r where i.org_id = $1 and i.connection_id = $2 and i.member_id = $3
          and m.org_id = i.org_id and m.id = i.member_id and r.org_id = m.org_id and r.key = m.role_key
        returning r.full_control or r.permissions && $4::text[] as is_admin`,
      values: [orgId, connectionId, memberId, ADMIN_PERMISSIONS],
    });
    if (!link) throw new DomainError('not_found', 'This connection is linked to no member of this id.');
    if (link.is_admin && !rights.fullControl) {
      throw new DomainError('role_ceiling', 'The member has administrator rights: only full control may unlink them.');
    }
    await tx.query({
      text: 'delete from sso_evidence where org_id = $1 and connection_id = $2 and member_id = $3',
      values: [orgId, connectionId, memberId],
    });
    await tx.query({
      text: 'select reconcile_grants($1, array[$2]::uuid[], $3)',
      values: [orgId, memberId, actorJson(ctx)],
    });
    await recordAudit(tx, ctx, {
      action: 'identity.unlinked',
      subjectKind: 'member',
      subjectId: memberId,
      data: { connection: connectionId },
    });
  });
}
