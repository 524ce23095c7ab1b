// Reads test sign-ins of connections.
import type { Actor } from '../../src/context.ts';
import type { Queryable, Tx } from '../../src/db/database.ts';

/** Who asks for a test, as it is stored: a principal, the same in every request of theirs. */
export function principalOf({ kind, id }: Actor): string {
  return `${kind} ${id}`;
}

type RecentTest = { readonly id: string; readonly at: Date; readonly traceId: string };

/**
 * The newest successful test of the connection's present settings by that principal (`principalOf`), at or after `since`;
 * undefined when there is none.
 */
export async function findRecentTest(
  tx: Queryable & Pick<Tx, 'orgId'>,
  wanted: { readonly connectionId: string; readonly principal: string; readonly since: Date },
): Promise<RecentTest | undefined> {
  const [row] = await tx.query<{ id: string; at: Date; trace_id: string }>({
    name: 'sso_recent_test',
    text: `select t.id, t.at, t.trace_id from connection_test t
      join connection c on c.org_id = t.org_id and c.id = t.connection_id and c.trust_version = t.trust_version
      where t.org_id = $1 and t.connection_id = $2 and t.principal = $3 and t.outcome = 'passed' and t.at >= $4
      order by t.at desc limit 1`,
    values: [tx.orgId, wanted.connectionId, wanted.principal, wanted.since],
  });
  return row && { id: row.id, at: row.at, traceId: row.trace_id };
}
