// Reads of mapping rules, and of the members whose facts a rule speaks of.
import type { Database, Queryable } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import type { MappingRule, RuleMatch, RuleMode, RuleSource, RuleTarget } from './mapping-rule.ts';

type Row = {
  id: string;
  source: RuleSource;
  attribute: string;
  connection_id: string | null;
  directory_id: string | null;
  match: RuleMatch;
  value: string;
  target_kind: RuleTarget['kind'];
  target: string;
  key_prefix: string;
  create_limit: number;
  priority: number;
  mode: RuleMode;
  enabled: boolean;
  note: string | null;
  version: number;
  created_at: Date;
};

const SELECT = `select id, source, attribute, connection_id, directory_id, match, value, target_kind, target, key_prefix,
    create_limit, priority, mode, enabled, note, version, created_at
  from mapping_rule where org_id = $1`;

/** A page in the order in which they were made. */
export async function listMappingRules(
  db: Database,
  orgId: string,
  page: { readonly afterId: string | undefined; readonly limit: number },
): Promise<MappingRule[]> {
  const rows = await db.query<Row>(orgId, {
    text: `${SELECT} and ($2::uuid is null or id > $2) order by id limit $3`,
    values: [orgId, page.afterId ?? null, page.limit],
  });
  return rows.map(asRule);
}

/** Throws `not_found`. */
export async function getMappingRule(db: Queryable, orgId: string, ruleId: string): Promise<MappingRule> {
  const [row] = await db.query<Row>({ text: `${SELECT} and id = $2`, values: [orgId, ruleId] });
  if (!row) throw new DomainError('not_found', 'The organization has no such rule.');
  return asRule(row);
}

/** How many members' groups or last listed claims match a rule now. */
export async function countMatchingMembers(db: Queryable, orgId: string, ruleId: string): Promise<number> {
  const [row] = await db.query<{ count: number }>({
    text: 'select count(*)::integer as count from members_matching($1, array[$2]::uuid[])',
    values: [orgId, ruleId],
  });
  return row?.count ?? 0;
}

function asRule(row: Row): MappingRule {
  return {
    id: row.id,
    source: row.source,
    attribute: row.attribute,
    connectionId: row.connection_id,
    directoryId: row.directory_id,
    match: row.match,
    value: row.value,
    target: targetOf(row),
    priority: row.priority,
    mode: row.mode,
    enabled: row.enabled,
    note: row.note,
    version: row.version,
    createdAt: row.created_at,
  };
}

function targetOf({
  target_kind: kind,
  target: ref,
  key_prefix: keyPrefix,
  create_limit: createLimit,
}: Row): RuleTarget {
  return kind === 'team_template' ? { kind, ref, keyPrefix, createLimit } : { kind, ref };
}
