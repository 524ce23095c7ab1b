// Plans in the database, and the difference that a transaction has made.
import { actorJson } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { Queryable, Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import type { MappingPlan, PlannedChange } from './mapping-plan.ts';
import type { RuleChange } from './mapping-rule.ts';

type Row = {
  id: string;
  changes: RuleChange[];
  fingerprint: Buffer;
  created_at: Date;
  expires_at: Date;
  applied_at: Date | null;
};

/** The id of the transaction's last audit event, or 0: what comes after it is what is done from here on. */
export async function findLastEvent(tx: Tx): Promise<string> {
  const [row] = await tx.query<{ id: string }>({
    text: 'select coalesce(max(id), 0) as id from audit_event where org_id = $1 and at = now()',
    values: [tx.orgId],
  });
  return row?.id ?? '0';
}

/** What the transaction has done to members and teams since then. */
export async function listChangesMade(tx: Tx, afterEvent: string): Promise<PlannedChange[]> {
  const rows = await tx.query<{ change: PlannedChange }>({
    text: 'select changes_made($1, $2) as change',
    values: [tx.orgId, afterEvent],
  });
  return rows.map(({ change }) => change);
}

/** Id and version of each of these rules that is there. */
export async function listRuleVersions(tx: Tx, ruleIds: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ text: string }>({
    text: `select id || ' ' || version as text from mapping_rule where org_id = $1 and id = any ($2) order by id`,
    values: [tx.orgId, ruleIds],
  });
  return rows.map(({ text }) => text);
}

export async function insertMappingPlan(
  tx: Tx,
  ctx: RequestContext,
  plan: Omit<MappingPlan, 'appliedAt'> & { readonly fingerprint: Buffer },
  difference: readonly PlannedChange[],
): Promise<void> {
  await tx.query({
    text: `insert into mapping_plan (org_id, id, changes, fingerprint, created_by, created_at, expires_at)
      values ($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      tx.orgId,
      plan.id,
      JSON.stringify(plan.changes),
      plan.fingerprint,
      actorJson(ctx),
      plan.createdAt,
      plan.expiresAt,
    ],
  });
  await tx.query({
    text: `insert into mapping_plan_change (org_id, plan_id, position, change)
      select $1, $2, c.position, c.change from jsonb_array_elements($3) with ordinality as c (change, position)`,
    values: [tx.orgId, plan.id, JSON.stringify(difference)],
  });
}

/** Locked until the transaction ends. Throws `not_found`. */
export async function lockMappingPlan(tx: Tx, id: string): Promise<MappingPlan & { readonly fingerprint: Buffer }> {
  const row = await readRow(tx, tx.orgId, id, 'for update');
  return { ...asPlan(row), fingerprint: row.fingerprint };
}

/** Throws `not_found`. */
export async function getMappingPlan(db: Queryable, orgId: string, id: string): Promise<MappingPlan> {
  return asPlan(await readRow(db, orgId, id, ''));
}

async function readRow(db: Queryable, orgId: string, id: string, lock: '' | 'for update'): Promise<Row> {
  const [row] = await db.query<Row>({
    text: `select id, changes, fingerprint, created_at, expires_at, applied_at from mapping_plan
      where org_id = $1 and id = $2 ${lock}`,
    values: [orgId, id],
  });
  if (!row) throw new DomainError('not_found', 'The organization has no such plan.');
  return row;
}

/** A page of a plan's difference, after a position. */
export function listPlanChanges(
  db: Queryable,
  orgId: string,
  planId: string,
  page: { readonly after: number; readonly limit: number },
): Promise<{ position: number; change: PlannedChange }[]> {
  return db.query({
    text: `select position, change from mapping_plan_change
      where org_id = $1 and plan_id = $2 and position > $3 order by position limit $4`,
    values: [orgId, planId, page.after, page.limit],
  });
}

export async function markPlanApplied(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.query({
    text: 'update mapping_plan set applied_at = $3 where org_id = $1 and id = $2',
    values: [tx.orgId, id, at],
  });
}

function asPlan({ id, changes, created_at, expires_at, applied_at }: Row): MappingPlan {
  return { id, changes, createdAt: created_at, expiresAt: expires_at, appliedAt: applied_at };
}
