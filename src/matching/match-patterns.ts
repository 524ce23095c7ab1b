// Which patterns of an organization match which values: computed here, once for each value or rule that appears, and kept
// in rule_match by the caller's transaction (migrations 0040 and 0042).
import type { Queryable, Tx } from '../db/database.ts';
import { compilePattern, type Matchable, type Pattern, type PatternKind } from './pattern.ts';
import { fillTemplate } from './team-template.ts';

export type PatternRule = {
  readonly id: string;
  readonly match: PatternKind;
  readonly value: string;
  readonly key: string;
  /** The template of a rule that has one. */
  readonly template: string | null;
  readonly keyPrefix: string;
};

/** As `store_pattern_matches` and `match_group` take it. */
export type PatternMatch = {
  readonly ruleId: string;
  readonly valueId?: string;
  readonly teamKey?: string;
  readonly teamName?: string;
};

/** The rules with patterns for one source (and attribute; empty for groups). */
export function listPatternRules(
  db: Queryable,
  orgId: string,
  { source, attribute }: { readonly source: string; readonly attribute: string },
): Promise<PatternRule[]> {
  return db.query<PatternRule>({
    name: 'pattern_rules',
    text: `select id, match, value, value_key as key, key_prefix as "keyPrefix",
        case when target_kind = 'team_template' then target end as template
      from mapping_rule where org_id = $1 and source = $2 and attribute = $3 and match in ('prefix', 'glob', 'regex')`,
    values: [orgId, source, attribute],
  });
}

/** What matches the name that a directory gives a group. Holds off changes of rules until the transaction ends. */
export async function matchGroupName(tx: Tx, displayName: string): Promise<PatternMatch[]> {
  const [folded] = await tx.query<{ key: string }>({
    name: 'fold_group_name',
    text: 'select fold_key($2) as key, lock_mapping($1, false)',
    values: [tx.orgId, displayName],
  });
  const rules = await listPatternRules(tx, tx.orgId, { source: 'scim.group', attribute: '' });
  return matchPatterns(rules, [{ value: displayName, key: folded?.key ?? '' }]);
}

/** Every match of these rules among these values. Time: rules times values, each within the limits of a pattern. */
export function matchPatterns<Value extends Matchable & { readonly id?: string }>(
  rules: readonly PatternRule[],
  values: readonly Value[],
): PatternMatch[] {
  return rules.flatMap((rule) => {
    const pattern = compiled(rule);
    return values.flatMap((value) => matchOne(rule, pattern, value) ?? []);
  });
}

function matchOne(rule: PatternRule, pattern: Pattern, value: Matchable & { id?: string }): PatternMatch | undefined {
  const captures = pattern.match(value);
  if (!captures) return undefined;
  const found = { ruleId: rule.id, ...(value.id === undefined ? {} : { valueId: value.id }) };
  if (rule.template === null) return found;
  const team = fillTemplate(rule.template, rule.keyPrefix, captures);
  return team && { ...found, teamKey: team.key, teamName: team.name };
}

/** Compiling costs more than matching; the same few hundred patterns are used again and again. */
const MOST_COMPILED = 2000;
const cache = new Map<string, Pattern>();

function compiled({ match, value, key }: PatternRule): Pattern {
  const name = `${match} ${value}`;
  const known = cache.get(name);
  if (known) return known;
  const pattern = compilePattern(match, { value, key });
  if (cache.size >= MOST_COMPILED) cache.clear();
  cache.set(name, pattern);
  return pattern;
}
