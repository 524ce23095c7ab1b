// Grants and what follows from them. A source adds and removes only its own; what is effective is computed in SQL for
// exactly the members touched (design, section 6).
import { actorJson } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { Tx } from '../db/database.ts';

type GrantSource = 'manual' | 'invite' | 'scim' | 'sso' | 'rule' | 'default';

type GrantTarget = { readonly kind: 'team'; readonly teamId: string } | { readonly kind: 'role'; readonly key: string };

export type Grant = {
  readonly memberId: string;
  readonly target: GrantTarget;
  readonly source: GrantSource;
  /** What of the source gave it: a rule and its group, an invitation, an admin. */
  readonly ref: string;
};

/** Adds one reason; giving the same again changes nothing. `reconcileGrants` makes it effective. */
export async function addGrant(tx: Tx, grant: Grant): Promise<void> {
  await tx.query({
    name: 'add_grant',
    text: `insert into access_grant (org_id, member_id, target_kind, target, source, ref)
      values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    values: [tx.orgId, grant.memberId, grant.target.kind, targetText(grant.target), grant.source, grant.ref],
  });
}

/** Makes team memberships and role what grants and rules say, for these members; answers how many changes that were. */
export async function reconcileGrants(tx: Tx, ctx: RequestContext, memberIds: readonly string[]): Promise<number> {
  if (memberIds.length === 0) return 0;
  const [row] = await tx.query<{ changed: number }>({
    name: 'reconcile_grants',
    text: 'select reconcile_grants($1, $2, $3) as changed',
    values: [tx.orgId, memberIds, actorJson(ctx)],
  });
  return row?.changed ?? 0;
}

/** The admin's own role for a member: takes the place of every role that admins and invitations gave before. */
export async function replaceManualRole(tx: Tx, memberId: string, roleKey: string, ref: string): Promise<void> {
  await tx.query({
    text: `delete from access_grant where org_id = $1 and member_id = $2 and target_kind = 'role'
      and (source in ('manual', 'invite', 'default') or retained)`,
    values: [tx.orgId, memberId],
  });
  await addGrant(tx, { memberId, target: { kind: 'role', key: roleKey }, source: 'manual', ref });
}

/** The admin's own teams for a member, by difference; grants of other sources stay. */
export async function replaceManualTeams(
  tx: Tx,
  memberId: string,
  teamIds: readonly string[],
  ref: string,
): Promise<void> {
  await tx.query({
    text: `delete from access_grant where org_id = $1 and member_id = $2 and target_kind = 'team' and source = 'manual'
      and target <> all ($3)`,
    values: [tx.orgId, memberId, teamIds],
  });
  await tx.query({
    text: `insert into access_grant (org_id, member_id, target_kind, target, source, ref)
      select $1, $2, 'team', wanted, 'manual', $4 from unnest($3::text[]) wanted
      where not exists (select from access_grant a where a.org_id = $1 and a.member_id = $2 and a.target_kind = 'team'
        and a.source = 'manual' and a.target = wanted)`,
    values: [tx.orgId, memberId, teamIds, ref],
  });
}

function targetText(target: GrantTarget): string {
  return target.kind === 'team' ? target.teamId : target.key;
}
