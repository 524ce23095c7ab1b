// One rule is made, changed or deleted by hand; what follows for members follows at once (apply-rule-changes.ts).
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import { newId } from '../ids.ts';
import type { Rights } from '../roles/rights.ts';
import { applyRuleChanges } from './apply-rule-changes.ts';
import type { MappingRule, RuleInput } from './mapping-rule.ts';
import { countMatchingMembers, getMappingRule } from './mapping-rules-queries.ts';

export type EvaluatedRule = {
  readonly rule: MappingRule;
  /** Members whose facts match it. */
  readonly matched: number;
};

/** Throws `invalid_value`, `conflict` beyond the limits, `role_ceiling` for a target beyond the author's rights. */
export function createMappingRule(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  author: Rights,
  rule: RuleInput,
): Promise<EvaluatedRule> {
  return change(deps, ctx, orgId, author, { op: 'create', id: newId(), rule });
}

/** Throws `not_found`, and as createMappingRule: whoever changes a rule answers for all of it. */
export function updateMappingRule(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  author: Rights,
  update: { readonly id: string; readonly rule: Partial<RuleInput> },
): Promise<EvaluatedRule> {
  return change(deps, ctx, orgId, author, { op: 'update', ...update });
}

/** What it gave ends at once, unless another rule gives it too. Throws `not_found`. */
export function deleteMappingRule(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  author: Rights,
  id: string,
): Promise<void> {
  return deps.db.inOrg(orgId, (tx) => applyRuleChanges(tx, ctx, author, [{ op: 'delete', id }]));
}

function change(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  author: Rights,
  asked: Parameters<typeof applyRuleChanges>[3][number],
): Promise<EvaluatedRule> {
  return deps.db.inOrg(orgId, async (tx) => {
    await applyRuleChanges(tx, ctx, author, [asked]);
    return {
      rule: await getMappingRule(tx, orgId, asked.id),
      matched: await countMatchingMembers(tx, orgId, asked.id),
    };
  });
}
