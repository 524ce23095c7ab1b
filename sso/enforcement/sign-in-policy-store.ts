// Writes the sign-in policy and the break-glass owners, inside a use case's transaction.
import { actorJson } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import type { Tx } from '../../src/db/database.ts';
import type { SignInPolicy } from './sign-in-policy.ts';

export async function writeSignInPolicy(tx: Tx, policy: SignInPolicy): Promise<void> {
  await tx.query({
    text: `update organization set sso_enforcement = $2, sso_enforced_at = $3, sso_guests = $4, max_session_seconds = $5,
        second_factor = $6 where org_id = $1`,
    values: [
      tx.orgId,
      policy.enforcement,
      policy.enforcedAt ?? null,
      policy.guests,
      policy.maxSessionSeconds ?? null,
      policy.secondFactor,
    ],
  });
}

/** Everybody whose account the policy touches is due; gives how many. */
export async function markPeople(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ due: number }>({
    text: 'select mark_people_of_organization($1) as due',
    values: [tx.orgId],
  });
  return row?.due ?? 0;
}

/** Answers whether the member was not named before. */
export async function insertBreakGlass(tx: Tx, ctx: RequestContext, memberId: string, at: Date): Promise<boolean> {
  const rows = await tx.query({
    text: `insert into break_glass (org_id, member_id, named_by, named_at) values ($1, $2, $3, $4)
      on conflict (org_id, member_id) do nothing returning member_id`,
    values: [tx.orgId, memberId, actorJson(ctx), at],
  });
  return rows.length > 0;
}

/** Answers whether the member was named. */
export async function deleteBreakGlass(tx: Tx, memberId: string): Promise<boolean> {
  const rows = await tx.query({
    text: 'delete from break_glass where org_id = $1 and member_id = $2 returning member_id',
    values: [tx.orgId, memberId],
  });
  return rows.length > 0;
}

/** What connections know of a member, and what they said of them, goes; gives how many links there were. */
export async function dropLinks(tx: Tx, ctx: RequestContext, memberId: string): Promise<number> {
  const values = [tx.orgId, memberId];
  const links = await tx.query({
    text: 'delete from identity where org_id = $1 and member_id = $2 returning connection_id',
    values,
  });
  await tx.query({ text: 'delete from sso_evidence where org_id = $1 and member_id = $2', values });
  await tx.query({ text: 'delete from link_approval where org_id = $1 and member_id = $2', values });
  await tx.query({
    text: 'select reconcile_grants($1, array[$2]::uuid[], $3)',
    values: [...values, actorJson(ctx)],
  });
  return links.length;
}

/** Ends every session of a person with the next projection, which overtakes those that only give. */
export async function demandLogout(tx: Tx, personId: string): Promise<void> {
  await tx.query({ text: 'select demand_logout($1)', values: [personId] });
}
