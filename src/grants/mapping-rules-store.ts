// Writes of mapping rules, of what they match, and what follows for members.
import { actorJson } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { Tx } from '../db/database.ts';
import { listPatternRules, matchPatterns, type PatternMatch } from '../matching/match-patterns.ts';
import type { Rights } from '../roles/rights.ts';
import type { RuleInput, RuleSource } from './mapping-rule.ts';

/** A change of everything that rules give may take its time: an organization of 100,000 is computed in one transaction. */
const LONGEST_MS = 10 * 60_000;

/** Nothing else of the organization's mapping moves until the transaction ends. */
export async function lockMapping(tx: Tx): Promise<void> {
  await tx.query({
    text: `select set_config('statement_timeout', $2, true), lock_mapping($1, true)`,
    values: [tx.orgId, String(LONGEST_MS)],
  });
}

/** Makes a rule, or writes over it: `ceiling` is what its author may hand on (law 4). */
export async function writeMappingRule(
  tx: Tx,
  ctx: RequestContext,
  id: string,
  rule: RuleInput,
  author: Rights,
): Promise<void> {
  const { target } = rule;
  const template = target.kind === 'team_template' ? target : { keyPrefix: '', createLimit: 0 };
  await tx.query({
    name: 'write_mapping_rule',
    text: `insert into mapping_rule as r (org_id, id, source, attribute, connection_id, directory_id, match, value, value_key,
        target_kind, target, key_prefix, create_limit, create_missing, priority, mode, enabled, note, ceiling, created_by)
      values ($1, $2, $3, $4, $5, $6, $7, $8, fold_key($8), $9, $10, $11, $12, $12 > 0, $13, $14, $15, $16, $17, $18)
      on conflict (org_id, id) do update set source = excluded.source, attribute = excluded.attribute,
        connection_id = excluded.connection_id, directory_id = excluded.directory_id, match = excluded.match,
        value = excluded.value, value_key = excluded.value_key, target_kind = excluded.target_kind, target = excluded.target,
        key_prefix = excluded.key_prefix, create_limit = excluded.create_limit, create_missing = excluded.create_missing,
        priority = excluded.priority, mode = excluded.mode, enabled = excluded.enabled, note = excluded.note,
        ceiling = excluded.ceiling, version = r.version + 1`,
    values: [
      tx.orgId,
      id,
      rule.source,
      rule.attribute,
      rule.connectionId,
      rule.directoryId,
      rule.match,
      rule.value,
      target.kind,
      target.ref,
      template.keyPrefix,
      template.createLimit,
      rule.priority,
      rule.mode,
      rule.enabled,
      rule.note,
      author.fullControl ? null : [...author.permissions].sort(),
      actorJson(ctx),
    ],
  });
}

export async function deleteMappingRuleRow(tx: Tx, id: string): Promise<void> {
  await tx.query({ text: 'delete from mapping_rule where org_id = $1 and id = $2', values: [tx.orgId, id] });
}

/** Finds anew what these rules match, among all that was seen so far, and makes the teams that templates miss. */
export async function rematchRules(tx: Tx, ctx: RequestContext, ruleIds: readonly string[]): Promise<void> {
  await tx.query({
    text: 'select match_rules($1, $2, $3)',
    values: [tx.orgId, ruleIds, JSON.stringify(await patternMatchesOf(tx, ruleIds))],
  });
  await tx.query({
    text: 'select make_template_teams($1, $2, null, $3)',
    values: [tx.orgId, ruleIds, actorJson(ctx)],
  });
}

async function patternMatchesOf(tx: Tx, ruleIds: readonly string[]): Promise<PatternMatch[]> {
  const kinds = await tx.query<{ source: RuleSource; attribute: string }>({
    text: `select distinct source, attribute from mapping_rule
      where org_id = $1 and id = any ($2) and match in ('prefix', 'glob', 'regex')`,
    values: [tx.orgId, ruleIds],
  });
  const found: PatternMatch[] = [];
  for (const kind of kinds) {
    const all = await listPatternRules(tx, tx.orgId, kind);
    const rules = all.filter(({ id }) => ruleIds.includes(id));
    found.push(...matchPatterns(rules, await listValues(tx, kind)));
  }
  return found;
}

/** Everything that a rule of this kind can match. */
function listValues(
  tx: Tx,
  { source, attribute }: { readonly source: RuleSource; readonly attribute: string },
): Promise<{ id: string; value: string; key: string }[]> {
  return tx.query(
    source === 'scim.group'
      ? {
          text: 'select id, display_name as value, display_name_key as key from directory_group where org_id = $1',
          values: [tx.orgId],
        }
      : {
          text: 'select id, value, value_key as key from claim_value where org_id = $1 and attribute = $2',
          values: [tx.orgId, attribute],
        },
  );
}

/** Members whom a change of these rules can touch, as things stand now. Holds their groups' members where they are. */
export async function findMembersOfRules(tx: Tx, ruleIds: readonly string[]): Promise<string[]> {
  await tx.query({
    text: `select 1 as one from directory_group where org_id = $1 and id in
      (select value_id from rule_match where org_id = $1 and rule_id = any ($2)) order by id for share`,
    values: [tx.orgId, ruleIds],
  });
  const rows = await tx.query<{ id: string }>({
    text: 'select members_of_rules($1, $2) as id',
    values: [tx.orgId, ruleIds],
  });
  return rows.map(({ id }) => id);
}
