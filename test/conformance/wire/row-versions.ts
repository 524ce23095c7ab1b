// Which versions of rows a database holds: a row that is written in any way, even with the values that it had, gets
// another xmin or ctid. So two equal answers prove that nothing was inserted, updated or deleted between them.

import type { RunningBridge } from '../running-bridge.ts';

/** Table -> a digest of its rows' versions. Left out: the request journal, and when a token was last used. */
export async function rowVersions(bridge: RunningBridge): Promise<Record<string, string>> {
  const tables = await bridge.sql<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema', 'graphile_worker')
        and tablename !~ '^scim_journal' order by 1`,
  );
  const versions: Record<string, string> = {};
  for (const { name } of tables) {
    const row = name === 'public.credential' ? `(to_jsonb(t) - 'last_used_at')::text` : `format('%s %s', xmin, ctid)`;
    const [found] = await bridge.sql<{ digest: string | null }>(
      `select md5(string_agg(${row}, ',' order by ${row})) as digest from ${name} t`,
    );
    versions[name] = found?.digest ?? 'empty';
  }
  return versions;
}
