// Reads of mapping rules, and of the members whose facts a rule speaks of.
import type { Database, Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import type { MappingRule, RuleMatch, RuleSource } from './mapping-rule.ts';

type Row = {
  id: string;
  source: RuleSource;
  match: RuleMatch;
  value: string;
  target_kind: 'team' | 'role';
  target: string;
  created_at: Date;
};

const SELECT = 'select id, source, match, value, target_kind, target, created_at from mapping_rule where org_id = $1';

export async function listMappingRules(db: Database, orgId: string): Promise<MappingRule[]> {
  const rows = await db.query<Row>(orgId, { text: `${SELECT} order by id`, values: [orgId] });
  return rows.map(asRule);
}

/** Throws `not_found`. */
export async function getMappingRule(tx: Tx, ruleId: string): Promise<MappingRule> {
  const [row] = await tx.query<Row>({ text: `${SELECT} and id = $2`, values: [tx.orgId, ruleId] });
  if (!row) throw new DomainError('not_found', 'The organization has no such rule.');
  return asRule(row);
}

/** The members whose groups or last evidence match a rule now: exactly those whom saving or deleting it can touch. */
export async function findMembersOfRule(tx: Tx, ruleId: string): Promise<string[]> {
  const rows = await tx.query<{ member_id: string }>({
    text: `select gm.member_id from mapping_rule r
        join directory_group g on g.org_id = r.org_id
          and (r.match = 'external_id' and r.value = g.external_id or r.match = 'display_name' and r.value_key = g.display_name_key)
        join group_member gm on gm.org_id = g.org_id and gm.group_id = g.id
        where r.org_id = $1 and r.id = $2 and r.source = 'scim.group'
      union
      select e.member_id from mapping_rule r join sso_evidence e on e.org_id = r.org_id
        where r.org_id = $1 and r.id = $2 and r.source = 'sso.groups' and exists (select from unnest(e.groups) v
          where r.match = 'external_id' and r.value = v or r.match = 'display_name' and r.value_key = fold_key(v))
      order by 1`,
    values: [tx.orgId, ruleId],
  });
  return rows.map((row) => row.member_id);
}

function asRule(row: Row): MappingRule {
  return {
    id: row.id,
    source: row.source,
    match: row.match,
    value: row.value,
    target: { kind: row.target_kind, ref: row.target },
    createdAt: row.created_at,
  };
}
