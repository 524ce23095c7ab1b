// What an admin does to one member: role, teams, suspension, removal. Each request about one member is carried out or
// refused with the reason (laws 3, 4 and 8).
import { recordAudit } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { reconcileGrants, replaceManualRole, replaceManualTeams } from '../grants/grants-store.ts';
import { resolveTeams } from '../grants/teams-queries.ts';
import { requireGrantableRole } from '../roles/require-role.ts';
import { mayGrant, type Rights } from '../roles/rights.ts';
import { getRole } from '../roles/roles-queries.ts';
import { settleMember } from './admit-member.ts';
import type { Explanation, Member } from './member.ts';
import { explainMember, getMember } from './members-queries.ts';
import { releaseMember } from './release-member.ts';

export type ExplainedMember = { readonly member: Member; readonly explanation: Explanation };

export type MemberCall = { readonly orgId: string; readonly memberId: string; readonly rights: Rights };

/** Throws `self_role_change`, `role_ceiling`, `last_owner`, or `conflict` when another source gives a higher role. */
export function changeRole(
  deps: CoreDeps,
  ctx: RequestContext,
  call: MemberCall,
  roleKey: string,
): Promise<ExplainedMember> {
  if (call.rights.memberId === call.memberId) {
    throw new DomainError('self_role_change', 'Nobody changes their own role. Ask another admin.');
  }
  return deps.db.inOrg(call.orgId, async (tx) => {
    await getChangeable(tx, call);
    const role = await requireGrantableRole(tx, call.orgId, roleKey, call.rights);
    if (!role.fullControl) await guardFullControl(tx, call.memberId);
    await replaceManualRole(tx, call.memberId, roleKey, authorOf(ctx));
    await recordAct(tx, ctx, 'member.role_assigned', call.memberId, { role: roleKey });
    await reconcileGrants(tx, ctx, [call.memberId]);
    const after = await explained(tx, call);
    if (after.member.roleKey !== roleKey) throw outranked(after, roleKey);
    return after;
  });
}

/** The admin's own team grants become exactly these; other sources keep theirs. Throws `invalid_value`. */
export function changeTeams(
  deps: CoreDeps,
  ctx: RequestContext,
  call: MemberCall,
  teams: readonly string[],
): Promise<ExplainedMember> {
  return deps.db.inOrg(call.orgId, async (tx) => {
    await getChangeable(tx, call);
    const teamIds = await resolveTeams(tx, call.orgId, teams);
    await replaceManualTeams(tx, call.memberId, teamIds, authorOf(ctx));
    await recordAct(tx, ctx, 'member.teams_assigned', call.memberId, { teams: teamIds });
    await reconcileGrants(tx, ctx, [call.memberId]);
    return explained(tx, call);
  });
}

/** An admin's block: at once, whatever carries the member. Throws `last_owner`, `role_ceiling`, `conflict`. */
export function suspendMember(
  deps: CoreDeps,
  ctx: RequestContext,
  call: MemberCall,
  reason: string,
): Promise<ExplainedMember> {
  return deps.db.inOrg(call.orgId, async (tx) => {
    const member = await getChangeable(tx, call);
    if (member.status === 'invited') {
      throw new DomainError('conflict', 'The member has not come in yet. Cancel the invitation.');
    }
    await tx.query({
      text: `insert into block (org_id, member_id, source, ref, reason) values ($1, $2, 'admin', $1, $3)
        on conflict (org_id, member_id, source, ref) do update set reason = excluded.reason`,
      values: [call.orgId, call.memberId, reason],
    });
    // free text about somebody: erasable
    const told = { action: 'member.blocked', subjectKind: 'member', subjectId: call.memberId, personal: { reason } };
    await recordAudit(tx, ctx, { ...told, data: { source: 'admin' } });
    await settleMember(tx, ctx, { memberId: call.memberId, reason: 'admin' });
    return explained(tx, call);
  });
}

/** Lifts the admin's block. Throws `conflict` when another source's block would keep the member out. */
export function reactivateMember(deps: CoreDeps, ctx: RequestContext, call: MemberCall): Promise<ExplainedMember> {
  return deps.db.inOrg(call.orgId, async (tx) => {
    await getChangeable(tx, call);
    const lifted = await tx.query({
      text: `delete from block where org_id = $1 and member_id = $2 and source = 'admin' returning source`,
      values: [call.orgId, call.memberId],
    });
    if (lifted.length > 0) await recordAct(tx, ctx, 'member.unblocked', call.memberId, { source: 'admin' });
    const { blocks } = await explainMember(tx, call.orgId, call.memberId);
    if (blocks.length > 0) {
      throw new DomainError(
        'conflict',
        'Another source blocks this member. It lifts that, or somebody with full control overrides it.',
        {
          data: { blocks: blocks.map(({ source, ref, reason }) => ({ source, ref, reason })) },
        },
      );
    }
    await settleMember(tx, ctx, { memberId: call.memberId, reason: 'admin' });
    return explained(tx, call);
  });
}

/** For good; record and history stay. Throws `last_owner`, `role_ceiling`. */
export function removeMember(deps: CoreDeps, ctx: RequestContext, call: MemberCall): Promise<void> {
  return deps.db.inOrg(call.orgId, async (tx) => {
    await getChangeable(tx, call);
    await releaseMember(tx, ctx, { memberId: call.memberId, to: 'removed', reason: 'admin' });
  });
}

/** The member, locked; nobody acts on somebody whose rights they could not give (law 4). */
async function getChangeable(tx: Tx, { orgId, memberId, rights }: MemberCall): Promise<Member> {
  const member = await getMember(tx, orgId, memberId, 'lock');
  if (member.status === 'removed' || member.status === 'purged') {
    throw new DomainError('not_found', 'The member was removed.');
  }
  if (!mayGrant(rights, await getRole(tx, orgId, member.roleKey))) {
    throw new DomainError('role_ceiling', 'This member holds rights that the caller does not hold.');
  }
  return member;
}

/** Law 3: locks the organization, and refuses when this member is the last with full control. */
async function guardFullControl(tx: Tx, memberId: string): Promise<void> {
  await tx.query({ text: 'select guard_full_control($1, $2)', values: [tx.orgId, [memberId]] });
}

function outranked({ member, explanation }: ExplainedMember, roleKey: string): DomainError {
  const holding = explanation.grants.filter(({ target }) => target.kind === 'role' && target.ref === member.roleKey);
  const sources = [...new Set(holding.map(({ source }) => source))].join(', ');
  return new DomainError(
    'conflict',
    `The role stays ${member.roleKey}, which outranks ${roleKey} and comes from: ${sources}. Change it there.`,
    { data: { grants: holding.map(({ source, ref, target }) => ({ source, ref, role: target.ref })) } },
  );
}

export async function explained(tx: Tx, { orgId, memberId }: MemberCall): Promise<ExplainedMember> {
  const explanation = await explainMember(tx, orgId, memberId);
  return { member: await getMember(tx, orgId, memberId), explanation };
}

/** What the admin asked for; what became of it is recorded by `reconcileGrants`. */
function recordAct(tx: Tx, ctx: RequestContext, action: string, memberId: string, data: Record<string, unknown>) {
  return recordAudit(tx, ctx, { action, subjectKind: 'member', subjectId: memberId, data });
}

/** The reference of an admin's grant: who gave it. */
function authorOf(ctx: RequestContext): string {
  return `${ctx.actor.kind}:${ctx.actor.id}`;
}
