// What the brake holds: members whom rules would take out of a team, more than may go within an hour (docs/mapping.md).
import { actorJson } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';

export type HeldChange = {
  readonly id: string;
  readonly team: { readonly id: string; readonly key: string };
  /** When members were last held back here. */
  readonly at: Date;
  readonly members: readonly { readonly memberId: string; readonly rules: readonly string[] }[];
};

/** What waits for an administrator, by id. */
export async function listHeldChanges(
  { db }: Pick<CoreDeps, 'db'>,
  orgId: string,
  page: { readonly afterId: string | undefined; readonly limit: number },
): Promise<HeldChange[]> {
  const rows = await db.query<{ id: string; team_id: string; key: string; at: Date; members: HeldChange['members'] }>(
    orgId,
    {
      text: `select h.id, h.team_id, t.key, h.at, m.members
      from held_change h join team t on t.org_id = h.org_id and t.id = h.team_id
        cross join lateral (select jsonb_agg(jsonb_build_object('memberId', x.member_id, 'rules', x.rules) order by x.member_id) as members
          from (select a.member_id, jsonb_agg(distinct a.rule_id) as rules from access_grant a
            where a.org_id = h.org_id and a.held_by = h.id group by a.member_id) x) m
      where h.org_id = $1 and ($2::uuid is null or h.id > $2) and m.members is not null order by h.id limit $3`,
      values: [orgId, page.afterId ?? null, page.limit],
    },
  );
  return rows.map(({ id, team_id, key, at, members }) => ({ id, team: { id: team_id, key }, at, members }));
}

/** `release`: the members go; `drop`: they stay, from now on by hand. Answers how many. Throws `not_found`. */
export function decideHeldChange(
  { db }: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  { id, decision }: { readonly id: string; readonly decision: 'release' | 'drop' },
): Promise<number> {
  return db.inOrg(orgId, async (tx) => {
    const [row] = await tx.query<{ members: number | null }>({
      text: 'select decide_held_change($1, $2, $3, $4) as members',
      values: [orgId, id, decision === 'release', actorJson(ctx)],
    });
    if (row?.members == null) throw new DomainError('not_found', 'The organization has no such held change.');
    return row.members;
  });
}
