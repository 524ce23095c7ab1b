// A member made by hand: the admin is the carrier, and the one door decides whether they are active at once (verified
// domain) or wait (law 2).
import { recordAudit } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import { addGrant, reconcileGrants } from '../grants/grants-store.ts';
import { resolveTeams } from '../grants/teams-queries.ts';
import { readOrganization } from '../orgs/organizations-queries.ts';
import { requireGrantableRole } from '../roles/require-role.ts';
import type { Rights } from '../roles/rights.ts';
import { admitMember } from './admit-member.ts';
import type { ExplainedMember } from './change-member.ts';
import { explainMember, getMember } from './members-queries.ts';

export type CreateMemberInput = {
  readonly address: string;
  readonly displayName?: string | undefined;
  readonly givenName?: string | undefined;
  readonly familyName?: string | undefined;
  /** The organization's default role when missing. */
  readonly role?: string | undefined;
  readonly teams?: readonly string[] | undefined;
};

/** Throws `already_member`, `role_ceiling`, `invalid_value`, `seat_limit`. */
export function createMember(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  author: Rights,
  input: CreateMemberInput,
): Promise<ExplainedMember> {
  return deps.db.inOrg(orgId, async (tx) => {
    const { defaultRole } = await readOrganization(tx, orgId);
    const role = await requireGrantableRole(tx, orgId, input.role ?? defaultRole, author);
    const teamIds = await resolveTeams(tx, orgId, input.teams ?? []);
    const displayName = input.displayName ?? ([input.givenName, input.familyName].filter(Boolean).join(' ') || null);
    const [row] = await tx.query<{ id: string }>({
      text: `insert into member (org_id, status, pending_reason, role_key, address, address_key, display_name, given_name, family_name)
        values ($1, 'pending', 'no_address', $2, $3, fold_key($3), $4, $5, $6) returning id`,
      values: [orgId, defaultRole, input.address, displayName, input.givenName ?? null, input.familyName ?? null],
    });
    if (!row) throw new Error('an insert answers its row');
    const ref = `${ctx.actor.kind}:${ctx.actor.id}`;
    const own = { memberId: row.id, source: 'manual', ref } as const;
    if (role.key !== defaultRole) await addGrant(tx, { ...own, target: { kind: 'role', key: role.key } });
    for (const teamId of teamIds) await addGrant(tx, { ...own, target: { kind: 'team', teamId } });
    await recordAudit(tx, ctx, {
      action: 'member.created',
      subjectKind: 'member',
      subjectId: row.id,
      data: { role: role.key, teams: teamIds },
      personal: { address: input.address, displayName },
    });
    await reconcileGrants(tx, ctx, [row.id]);
    await admitMember(tx, ctx, { memberId: row.id, carrier: { source: 'manual', ref: orgId } });
    const explanation = await explainMember(tx, orgId, row.id);
    return { member: await getMember(tx, orgId, row.id), explanation };
  });
}
