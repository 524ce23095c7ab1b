// Mapping rules: saved within their author's rights (law 4) and evaluated at once for exactly the members they match.
import { actorJson, recordAudit } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Tx } from '../db/database.ts';
import { requireGrantableRole } from '../roles/require-role.ts';
import type { Rights } from '../roles/rights.ts';
import { reconcileGrants } from './grants-store.ts';
import type { MappingRule, RuleMatch, RuleSource } from './mapping-rule.ts';
import { findMembersOfRule, getMappingRule } from './mapping-rules-queries.ts';
import { resolveTeams } from './teams-queries.ts';

export type CreateMappingRuleInput = {
  readonly source: RuleSource;
  readonly match: RuleMatch;
  readonly value: string;
  /** A team by id or key, or a role by key. */
  readonly target: { readonly team: string } | { readonly role: string };
};

export type EvaluatedRule = {
  readonly rule: MappingRule;
  /** Members whose facts match it. */
  readonly matched: number;
};

/** Throws `invalid_value` for a target that is not there, `role_ceiling` for one beyond the author's rights. */
export function createMappingRule(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  author: Rights,
  input: CreateMappingRuleInput,
): Promise<EvaluatedRule> {
  return deps.db.inOrg(orgId, async (tx) => {
    const target = await resolveTarget(tx, input.target, author);
    const [row] = await tx.query<{ id: string }>({
      text: `insert into mapping_rule (org_id, source, match, value, value_key, target_kind, target, created_by)
        values ($1, $2, $3, $4, fold_key($4), $5, $6, $7) returning id`,
      values: [orgId, input.source, input.match, input.value, target.kind, target.ref, actorJson(ctx)],
    });
    const rule = await getMappingRule(tx, row?.id ?? '');
    const members = await findMembersOfRule(tx, rule.id);
    await recordRule(tx, ctx, 'mapping_rule.created', rule);
    await reconcileGrants(tx, ctx, members);
    return { rule, matched: members.length };
  });
}

/** What it gave ends at once, unless another rule gives it too. Throws `not_found`. */
export function deleteMappingRule(deps: CoreDeps, ctx: RequestContext, orgId: string, ruleId: string): Promise<void> {
  return deps.db.inOrg(orgId, async (tx) => {
    const rule = await getMappingRule(tx, ruleId);
    const members = await findMembersOfRule(tx, ruleId);
    await tx.query({ text: 'delete from mapping_rule where org_id = $1 and id = $2', values: [orgId, ruleId] });
    await recordRule(tx, ctx, 'mapping_rule.deleted', rule);
    await reconcileGrants(tx, ctx, members);
  });
}

async function resolveTarget(
  tx: Tx,
  target: CreateMappingRuleInput['target'],
  author: Rights,
): Promise<{ kind: 'team' | 'role'; ref: string }> {
  if ('role' in target) {
    const role = await requireGrantableRole(tx, tx.orgId, target.role, author);
    return { kind: 'role', ref: role.key };
  }
  const [teamId] = await resolveTeams(tx, tx.orgId, [target.team]);
  return { kind: 'team', ref: teamId ?? '' };
}

function recordRule(tx: Tx, ctx: RequestContext, action: string, rule: MappingRule): Promise<void> {
  const { source, match, value, target } = rule;
  return recordAudit(tx, ctx, {
    action,
    subjectKind: 'mapping_rule',
    subjectId: rule.id,
    data: { source, match, value, target },
  });
}
