// Adds jobs inside the transaction that needs them (law 1): they run after its commit, at least once.
import type { Queryable } from '../db/database.ts';

/**
 * Adds a job for `task`. Of several with the same `key` that have not run yet, the last one stands. `runAt` = at the
 * earliest. The payload is stored in clear until the job is done: no secrets.
 */
export async function enqueueJob(
  tx: Queryable,
  task: string,
  payload: Readonly<Record<string, unknown>>,
  options: { readonly key?: string; readonly runAt?: Date } = {},
): Promise<void> {
  await tx.query({
    name: 'enqueue_job',
    text: 'select enqueue_job($1, $2, $3, $4)',
    values: [task, JSON.stringify(payload), options.key ?? null, options.runAt ?? null],
  });
}
