// An administrator's approval for one first link that the ladder refuses by itself. It is used up by that link.
import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import { DomainError } from '../../src/errors.ts';
import type { Rights } from '../../src/roles/rights.ts';
import type { SsoDeps } from '../deps.ts';
import { getConnection } from './connection-queries.ts';

const LIFE_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Throws not_found (connection), invalid_value (member), conflict (a break-glass owner), or role_ceiling: only full control
 * may approve.
 */
export async function approveLink(
  deps: Pick<SsoDeps, 'db' | 'clock' | 'config'>,
  ctx: RequestContext,
  rights: Rights,
  input: { readonly orgId: string; readonly connectionId: string; readonly memberId: string },
): Promise<{ readonly memberId: string; readonly expiresAt: Date }> {
  const { orgId, memberId } = input;
  if (!rights.fullControl) throw new DomainError('role_ceiling', 'Only somebody with full control can approve this.');
  const { id } = await getConnection(deps, orgId, input.connectionId);
  const expiresAt = new Date(deps.clock.now().getTime() + LIFE_MS);
  await deps.db.inOrg(orgId, async (tx) => {
    const rows = await tx.query({
      text: `insert into link_approval (org_id, connection_id, member_id, approved_by, expires_at)
        select $1, $2, m.id, $4, $5 from member m
        where m.org_id = $1 and m.id = $3 and m.status not in ('removed', 'purged')
        on conflict (org_id, connection_id, member_id) do update
          set approved_by = excluded.approved_by, expires_at = excluded.expires_at
        returning member_id`,
      values: [orgId, id, memberId, ctx.actor, expiresAt],
    });
    if (rows.length === 0) throw new DomainError('invalid_value', 'The organization has no member of this id.');
    await recordAudit(tx, ctx, {
      action: 'identity.link_approved',
      subjectKind: 'member',
      subjectId: memberId,
      data: { connection: id, expiresAt: expiresAt.toISOString() },
    });
  });
  return { memberId, expiresAt };
}
