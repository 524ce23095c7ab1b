// Keys of the application's operator: every organization, every permission. Made and ended from the command line only.
import type { CoreDeps } from '../db/core-deps.ts';
import { hashSecret, newId, newSecret } from '../ids.ts';
import { formatKey } from './key-text.ts';

/** A new operator key; its text is shown once. */
export async function createOperatorKey(deps: Pick<CoreDeps, 'db'>): Promise<{ id: string; text: string }> {
  const id = newId();
  const text = formatKey('dbo', id, newSecret());
  await deps.db.realm({
    text: `select issue_credential($1, 'operator_key', null, $2, null)`,
    values: [hashSecret(text), id],
  });
  return { id, text };
}

/** Ends an operator key in every process; answers whether there was one to end. */
export async function revokeOperatorKey(deps: Pick<CoreDeps, 'db'>, id: string): Promise<boolean> {
  const [row] = await deps.db.realm<{ count: number }>({
    text: `select revoke_credentials('operator_key', null, $1) as count`,
    values: [id],
  });
  return (row?.count ?? 0) > 0;
}
