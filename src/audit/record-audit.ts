// Writes audit events, always in the transaction of the change they tell of (laws 1 and 6).
import type { RequestContext } from '../context.ts';
import type { Tx } from '../db/database.ts';

export type AuditEvent = {
  /** `noun.happened`. */
  readonly action: string;
  readonly subjectKind: string;
  readonly subjectId: string;
  /** What may be kept for ever: ids, keys, counts. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** Names and addresses: kept beside the chain, and erasable. */
  readonly personal?: Readonly<Record<string, unknown>>;
};

/** One event of the transaction's organization. */
export async function recordAudit(tx: Tx, ctx: RequestContext, event: AuditEvent): Promise<void> {
  await tx.query({
    name: 'record_audit',
    text: 'select record_audit($1, $2, $3, $4, $5, $6, $7)',
    values: [
      tx.orgId,
      actorJson(ctx),
      event.action,
      event.subjectKind,
      event.subjectId,
      JSON.stringify(event.data ?? {}),
      event.personal === undefined ? null : JSON.stringify(event.personal),
    ],
  });
}

/** The actor as the SQL functions take it: who, and in which request. */
export function actorJson(ctx: RequestContext): string {
  return JSON.stringify({ ...ctx.actor, requestId: ctx.requestId });
}
