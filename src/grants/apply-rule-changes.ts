// The one way in which rules change: by hand one at a time, or several by a plan. They are saved within their author's
// rights, matched against everything seen so far, and evaluated at once for exactly the members touched.
import { actorJson, recordAudit } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import type { Rights } from '../roles/rights.ts';
import { checkRule } from './check-rule.ts';
import { type MappingRule, RULE_LIMITS, type RuleChange, type RuleInput } from './mapping-rule.ts';
import { getMappingRule } from './mapping-rules-queries.ts';
import {
  deleteMappingRuleRow,
  findMembersOfRules,
  lockMapping,
  rematchRules,
  writeMappingRule,
} from './mapping-rules-store.ts';

/** Throws `not_found`, `invalid_value`, `role_ceiling`, or `conflict` beyond the limits of an organization's rules. */
export async function applyRuleChanges(
  tx: Tx,
  ctx: RequestContext,
  author: Rights,
  changes: readonly RuleChange[],
): Promise<void> {
  await lockMapping(tx);
  const ids = changes.map(({ id }) => id);
  const before = await findMembersOfRules(tx, ids);
  for (const change of changes) await applyOne(tx, ctx, author, change);
  if (changes.some(({ op }) => op === 'create')) await requireWithinLimits(tx);
  await rematchRules(tx, ctx, ids);
  const members = new Set([...before, ...(await findMembersOfRules(tx, ids))]);
  await tx.query({
    text: 'select reconcile_grants($1, $2, $3, true)',
    values: [tx.orgId, [...members], actorJson(ctx)],
  });
}

async function applyOne(tx: Tx, ctx: RequestContext, author: Rights, change: RuleChange): Promise<void> {
  if (change.op === 'create') {
    const rule = await checkRule(tx, author, change.rule);
    await writeMappingRule(tx, ctx, change.id, rule, author);
    return recordRule(tx, ctx, 'mapping_rule.created', change.id, rule);
  }
  const present = await getMappingRule(tx, tx.orgId, change.id);
  if (change.op === 'delete') {
    await deleteMappingRuleRow(tx, change.id);
    return recordRule(tx, ctx, 'mapping_rule.deleted', change.id, present);
  }
  const rule = await checkRule(tx, author, { ...present, ...change.rule });
  await writeMappingRule(tx, ctx, change.id, rule, author);
  return recordRule(tx, ctx, 'mapping_rule.updated', change.id, rule, present);
}

async function requireWithinLimits(tx: Tx): Promise<void> {
  const [row] = await tx.query<{ rules: number; patterns: number }>({
    text: `select count(*)::integer as rules, (count(*) filter (where match in ('prefix', 'glob', 'regex')))::integer as patterns
      from mapping_rule where org_id = $1`,
    values: [tx.orgId],
  });
  if (!row || (row.rules <= RULE_LIMITS.rules && row.patterns <= RULE_LIMITS.patterns)) return;
  throw new DomainError(
    'conflict',
    `An organization has at most ${RULE_LIMITS.rules} rules, ${RULE_LIMITS.patterns} of them with patterns.`,
  );
}

/** Notes may hold names of people: that there is one is recorded, not what it says. */
function recordRule(
  tx: Tx,
  ctx: RequestContext,
  action: string,
  id: string,
  rule: RuleInput,
  before?: MappingRule,
): Promise<void> {
  return recordAudit(tx, ctx, {
    action,
    subjectKind: 'mapping_rule',
    subjectId: id,
    data: { ...factsOf(rule), ...(before ? { before: factsOf(before) } : {}) },
  });
}

function factsOf({
  source,
  attribute,
  connectionId,
  directoryId,
  match,
  value,
  target,
  priority,
  mode,
  enabled,
}: RuleInput) {
  const restriction = { ...(connectionId && { connectionId }), ...(directoryId && { directoryId }) };
  return {
    source,
    ...(attribute === '' ? {} : { attribute }),
    ...restriction,
    match,
    value,
    target,
    priority,
    mode,
    enabled,
  };
}
