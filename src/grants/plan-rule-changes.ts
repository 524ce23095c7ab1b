// Preview and apply. A preview does what is asked, reads what that did, and undoes it; applying the plan does it again and
// refuses if it did anything else. So there is one way in which rules become access, and a preview cannot differ from it.
import { recordAudit } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Rights } from '../roles/rights.ts';
import { applyRuleChanges } from './apply-rule-changes.ts';
import { fingerprintOf, type MappingPlan, type PlannedChange } from './mapping-plan.ts';
import {
  findLastEvent,
  insertMappingPlan,
  listChangesMade,
  listRuleVersions,
  lockMappingPlan,
  markPlanApplied,
} from './mapping-plans-store.ts';
import type { RuleChange } from './mapping-rule.ts';

const PLAN_LIFE_MS = 24 * 60 * 60 * 1000;

export type Preview = { readonly plan: MappingPlan; readonly difference: readonly PlannedChange[] };

/** Throws as applyRuleChanges, `invalid_value` for a rule that is not there. Nothing is changed; sign-ins and groups wait while it is worked out. */
export function previewRuleChanges(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  author: Rights,
  changes: readonly RuleChange[],
): Promise<Preview> {
  return deps.db.inOrg(orgId, async (tx) => {
    const tried = await undone(tx, () => applyAndCompare(tx, ctx, author, changes)).catch(asInvalid);
    const createdAt = deps.clock.now();
    const expiresAt = new Date(createdAt.getTime() + PLAN_LIFE_MS);
    const plan = { id: newId(), changes, createdAt, expiresAt };
    await insertMappingPlan(tx, ctx, { ...plan, fingerprint: tried.fingerprint }, tried.difference);
    return { plan: { ...plan, appliedAt: null }, difference: tried.difference };
  });
}

/**
 * Does exactly what the plan says. Throws `not_found`, `conflict` when it was applied, has expired, or would do anything
 * else by now, and `role_ceiling` beyond the caller's rights.
 */
export function applyMappingPlan(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  author: Rights,
  planId: string,
): Promise<MappingPlan> {
  return deps.db.inOrg(orgId, async (tx) => {
    const { fingerprint, ...plan } = await lockMappingPlan(tx, planId);
    const at = deps.clock.now();
    if (plan.appliedAt) throw new DomainError('conflict', 'The plan was applied already.');
    if (plan.expiresAt <= at) throw new DomainError('conflict', 'The plan has expired. Make a new one.');
    const done = await applyAndCompare(tx, ctx, author, plan.changes).catch(asMoved);
    if (!done.fingerprint.equals(fingerprint)) throw moved();
    await markPlanApplied(tx, planId, at);
    await recordAudit(tx, ctx, {
      action: 'mapping_plan.applied',
      subjectKind: 'mapping_plan',
      subjectId: planId,
      data: { changes: plan.changes.length, difference: done.difference.length },
    });
    return { ...plan, appliedAt: at };
  });
}

async function applyAndCompare(tx: Tx, ctx: RequestContext, author: Rights, changes: readonly RuleChange[]) {
  const versions = await listRuleVersions(
    tx,
    changes.map(({ id }) => id),
  );
  const last = await findLastEvent(tx);
  await applyRuleChanges(tx, ctx, author, changes);
  const difference = await listChangesMade(tx, last);
  return { difference, fingerprint: fingerprintOf(difference, versions) };
}

async function undone<T>(tx: Tx, work: () => Promise<T>): Promise<T> {
  await tx.query({ text: 'savepoint preview' });
  const result = await work();
  await tx.query({ text: 'rollback to savepoint preview' });
  return result;
}

/** The draft names a rule that is not there. */
function asInvalid(error: unknown): never {
  if (!(error instanceof DomainError) || error.code !== 'not_found') throw error;
  throw new DomainError('invalid_value', error.message, { cause: error });
}

/** A rule, team or role of the plan that is gone by now. */
function asMoved(error: unknown): never {
  const gone = error instanceof DomainError && (error.code === 'not_found' || error.code === 'invalid_value');
  throw gone ? moved(error) : error;
}

function moved(cause?: unknown): DomainError {
  return new DomainError('conflict', 'The plan would do something else by now. Look at a new preview.', { cause });
}
