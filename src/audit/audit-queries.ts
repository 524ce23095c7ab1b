// Reads of the audit: a page of events, and whether the chain over them holds (law 6).
import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import { build, statementOf } from '../db/query-builder.ts';

type RecordedEvent = {
  readonly id: string;
  readonly at: Date;
  readonly actor: Readonly<Record<string, unknown>>;
  readonly action: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly data: Readonly<Record<string, unknown>>;
  /** Undefined when there were no personal values or they were erased. */
  readonly personal: Readonly<Record<string, unknown>> | undefined;
};

export type AuditFilter = {
  readonly action: string | undefined;
  readonly subjectId: string | undefined;
  readonly actorId: string | undefined;
  readonly from: Date | undefined;
  readonly until: Date | undefined;
  /** The last event of the page before: its time (ISO, microseconds) and id. */
  readonly before: { readonly at: string; readonly id: string } | undefined;
  readonly limit: number;
};

type Row = {
  id: string;
  at: Date;
  at_exact: string;
  actor: Record<string, unknown>;
  action: string;
  subject_kind: string;
  subject_id: string;
  data: Record<string, unknown>;
  personal: Record<string, unknown> | null;
};

export type ListedEvent = RecordedEvent & { readonly atExact: string };

/** Newest first. */
export async function listAuditEvents(db: Database, orgId: string, filter: AuditFilter): Promise<ListedEvent[]> {
  const { action, subjectId, actorId, from, until, before } = filter;
  let query = build
    .selectFrom('audit_event as e')
    .leftJoin('audit_personal as p', (join) => join.onRef('p.org_id', '=', 'e.org_id').onRef('p.event_id', '=', 'e.id'))
    .select(['e.id', 'e.at', 'e.actor', 'e.action', 'e.subject_kind', 'e.subject_id', 'e.data', 'p.personal'])
    .select(sql<string>`to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`.as('at_exact'))
    .where('e.org_id', '=', orgId)
    .orderBy('e.at', 'desc')
    .orderBy('e.id', 'desc')
    .limit(filter.limit);
  if (action !== undefined) query = query.where('e.action', '=', action);
  if (subjectId !== undefined) query = query.where('e.subject_id', '=', subjectId);
  if (actorId !== undefined) query = query.where(sql<string>`e.actor ->> 'id'`, '=', actorId);
  if (from !== undefined) query = query.where('e.at', '>=', from);
  if (until !== undefined) query = query.where('e.at', '<', until);
  if (before !== undefined) {
    query = query.where(sql<boolean>`(e.at, e.id) < (${before.at}::timestamptz, ${before.id}::bigint)`);
  }
  const rows = await db.query<Row>(orgId, statementOf(query));
  return rows.map((row) => ({
    id: row.id,
    at: row.at,
    atExact: row.at_exact,
    actor: row.actor,
    action: row.action,
    subject: { kind: row.subject_kind, id: row.subject_id },
    data: row.data,
    personal: row.personal ?? undefined,
  }));
}

export type AuditProof = {
  /** Events that the chain covers, and events that wait for the sealing job. */
  readonly sealed: number;
  readonly unsealed: number;
  /** The first seal that does not follow from the events as they stand; undefined when the chain holds. */
  readonly brokenAt: string | undefined;
};

export async function proveAudit(db: Database, orgId: string): Promise<AuditProof> {
  const [row] = await db.query<{ sealed: string; events: string; broken_at: string | null }>(orgId, {
    text: `select verify_audit($1) as broken_at, (select count(*) from audit_seal where org_id = $1) as sealed,
      (select count(*) from audit_event where org_id = $1) as events`,
    values: [orgId],
  });
  if (!row) throw new Error('an aggregate answers one row');
  const sealed = Number(row.sealed);
  return { sealed, unsealed: Math.max(0, Number(row.events) - sealed), brokenAt: row.broken_at ?? undefined };
}
