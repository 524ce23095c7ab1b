// A connection's evidence stops, or starts again, to give what rules make of it (migration 0042): when the connection is
// switched off with release, on again, or paired with another directory.
import { actorJson } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { Tx } from '../db/database.ts';

/** Released, what the evidence gave rests; otherwise it holds. Saying again what holds already changes nothing. */
export async function releaseConnection(
  tx: Tx,
  ctx: RequestContext,
  { connectionId, released }: { readonly connectionId: string; readonly released: boolean },
): Promise<void> {
  await tx.query({
    text: 'select release_connection($1, $2, $3, $4)',
    values: [tx.orgId, connectionId, released, actorJson(ctx)],
  });
}

/** Everybody of whom the connection has evidence is evaluated anew. */
export async function reconcileConnection(tx: Tx, ctx: RequestContext, connectionId: string): Promise<void> {
  await tx.query({
    text: 'select reconcile_connection($1, $2, $3)',
    values: [tx.orgId, connectionId, actorJson(ctx)],
  });
}
