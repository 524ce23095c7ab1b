// What administrators look at before they write rules: what a rule in shadow mode would give, and which groups there are.
import type { CoreDeps } from '../db/core-deps.ts';

type Reads = Pick<CoreDeps, 'db'>;

export type WouldBeChange = {
  readonly memberId: string;
  readonly kind: 'team' | 'role';
  /** Key. */
  readonly target: string;
  /** The member's role as it is, where it is about a role. */
  readonly roleNow: string | null;
  readonly rules: readonly string[];
};

/** What rules in shadow mode would give that members do not have; of one rule, or of all. By member. */
export function listWouldBeChanges(
  { db }: Reads,
  orgId: string,
  { ruleId, after, limit }: { ruleId: string | undefined; after: readonly string[] | undefined; limit: number },
): Promise<WouldBeChange[]> {
  const [member, kind, target] = after ?? [];
  return db.query<WouldBeChange>(orgId, {
    text: `select member_id as "memberId", kind, target, role_now as "roleNow", rules from would_be_changes($1, $2)
      where $3::uuid is null or (member_id, kind, target) > ($3, $4::text, $5::text)
      order by member_id, kind, target limit $6`,
    values: [orgId, ruleId ?? null, member ?? null, kind ?? null, target ?? null, limit],
  });
}

export type IdentityGroup = {
  /** The directory's group, or the claim's value where no directory has it. */
  readonly id: string;
  readonly name: string;
  readonly nameKey: string;
  /** Names under which it was seen: the directory's, and values of claims. */
  readonly names: readonly string[];
  readonly externalId: string | null;
  readonly directoryId: string | null;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  readonly memberCount: number;
  /** Rules that match it. */
  readonly rules: readonly string[];
};

/**
 * Every group that a directory has, joined with the claims that name it by id (Entra sends as claim what the directory
 * calls externalId) or by name, and claims that no directory knows. By name.
 */
export function listIdentityGroups(
  { db }: Reads,
  orgId: string,
  { mapped, after, limit }: { mapped: boolean | undefined; after: readonly string[] | undefined; limit: number },
): Promise<IdentityGroup[]> {
  const [nameKey, id] = after ?? [];
  return db.query<IdentityGroup>(orgId, {
    text: IDENTITY_GROUPS,
    values: [orgId, nameKey ?? null, id ?? null, mapped ?? null, limit],
  });
}

const IDENTITY_GROUPS = `
with known as (
  select g.id, g.display_name as name, g.display_name_key as name_key, g.external_id, g.directory_id, g.created_at as first_seen_at,
    g.modified_at as last_seen_at, array(
      select v.id from claim_value v where v.org_id = g.org_id and v.attribute = '' and v.value = g.external_id
      union select v.id from claim_value v where v.org_id = g.org_id and v.attribute = '' and v.value_key = g.display_name_key) as claims
  from directory_group g where g.org_id = $1 and ($2::text is null or (g.display_name_key, g.id) > ($2 collate "C", $3::uuid))
  union all
  select v.id, v.value, v.value_key, null, null, v.first_seen_at, v.last_seen_at, array[v.id]
  from claim_value v where v.org_id = $1 and v.attribute = '' and ($2::text is null or (v.value_key, v.id) > ($2 collate "C", $3::uuid))
    and not exists (select from directory_group g where g.org_id = v.org_id and g.external_id = v.value)
    and not exists (select from directory_group g where g.org_id = v.org_id and g.display_name_key = v.value_key)),
page as materialized (
  select k.*, array(select distinct m.rule_id from rule_match m
    where m.org_id = $1 and m.value_id = any (k.id || k.claims) order by m.rule_id) as rules from known k
  where $4::boolean is null or $4 = exists (select from rule_match m where m.org_id = $1 and m.value_id = any (k.id || k.claims))
  order by k.name_key, k.id limit $5),
given_up as materialized (
  select v.id, max(l.at) as at from claim_value_left l cross join lateral unnest(l.value_ids) as v (id)
  where l.org_id = $1 and v.id in (select unnest(p.claims) from page p) group by v.id)
select p.id, p.name, p.name_key as "nameKey", p.external_id as "externalId", p.directory_id as "directoryId", p.rules,
  array(select p.name union select v.value from claim_value v where v.org_id = $1 and v.id = any (p.claims) order by 1) as names,
  least(p.first_seen_at, (select min(v.first_seen_at) from claim_value v where v.org_id = $1 and v.id = any (p.claims))) as "firstSeenAt",
  greatest(p.last_seen_at, (select max(v.last_seen_at) from claim_value v where v.org_id = $1 and v.id = any (p.claims)),
    (select max(l.at) from given_up l where l.id = any (p.claims)),
    (select max(e.listed_at) from sso_evidence e where e.org_id = $1
      and e.member_id = any (array(select members_of_values($1, p.claims))) and e.value_ids && p.claims)) as "lastSeenAt",
  (select count(*)::integer from (select gm.member_id from group_member gm where gm.org_id = $1 and gm.group_id = p.id
    union select members_of_values($1, p.claims)) x) as "memberCount"
from page p order by p.name_key, p.id`;
