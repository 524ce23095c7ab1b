// Reads of the request journal: a page of entries by what is asked for, newest first, and one kept request.
import { sql } from 'kysely';
import { build, statementOf } from '../db/query-builder.ts';
import { isUuid } from '../ids.ts';
import type { DirectoryDeps, DirectoryScope } from './directory.ts';

export type JournalFilter = {
  readonly method: string | undefined;
  /** Both ends count: 404 to 404, or 400 to 499. */
  readonly status: { readonly from: number; readonly to: number } | undefined;
  readonly requestId: string | undefined;
  /** A user or group by its id, or a user by its userName. */
  readonly resource: string | undefined;
  readonly from: Date | undefined;
  readonly until: Date | undefined;
  /** The last entry of the page before: its time (ISO, microseconds) and id. */
  readonly before: { readonly at: string; readonly id: string } | undefined;
  readonly limit: number;
};

export type JournalRow = {
  readonly id: string;
  readonly at: Date;
  readonly at_exact: string;
  readonly request_id: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly latency_ms: number;
  readonly detail: Record<string, unknown> | null;
  readonly resource_id: string | null;
  /** The whole request is kept and can be replayed. */
  readonly has_body: boolean;
};

export type KeptRequest = { readonly id: string; readonly at: Date; readonly sealed: Buffer };

/** A page of a directory's journal. A userName finds what was asked about the user and what names it in a filter. */
export async function listJournal(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  filter: JournalFilter,
): Promise<JournalRow[]> {
  const { method, status, requestId, resource, from, until, before } = filter;
  let query = build
    .selectFrom('scim_journal as j')
    .select([
      'j.id',
      'j.at',
      'j.request_id',
      'j.method',
      'j.path',
      'j.status',
      'j.latency_ms',
      'j.detail',
      'j.resource_id',
    ])
    .select(sql<string>`to_char(j.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`.as('at_exact'))
    .select(
      sql<boolean>`exists (select from scim_journal_body b where b.org_id = j.org_id and b.entry_id = j.id)`.as(
        'has_body',
      ),
    )
    .where('j.org_id', '=', scope.orgId)
    .where('j.directory_id', '=', scope.directoryId)
    .orderBy('j.at', 'desc')
    .orderBy('j.id', 'desc')
    .limit(filter.limit);
  if (method !== undefined) query = query.where('j.method', '=', method);
  if (status !== undefined) query = query.where('j.status', '>=', status.from).where('j.status', '<=', status.to);
  if (requestId !== undefined) query = query.where('j.request_id', '=', requestId);
  if (resource !== undefined) {
    const ids = await idsOf(deps, scope, resource);
    // a path is kept as it was sent, and @ may stand in it plain or encoded
    const plain = encodeURIComponent(resource).toLowerCase().replaceAll('%40', '@');
    query = query.where(
      sql<boolean>`(j.resource_id = any (${ids}::uuid[]) or position(${plain} in replace(lower(j.path), '%40', '@')) > 0)`,
    );
  }
  if (from !== undefined) query = query.where('j.at', '>=', from);
  if (until !== undefined) query = query.where('j.at', '<', until);
  if (before !== undefined) {
    query = query.where(sql<boolean>`(j.at, j.id) < (${before.at}::timestamptz, ${before.id}::uuid)`);
  }
  return deps.db.query<JournalRow>(scope.orgId, statementOf(query));
}

async function idsOf(deps: DirectoryDeps, scope: DirectoryScope, resource: string): Promise<string[]> {
  if (isUuid(resource)) return [resource];
  const rows = await deps.db.query<{ member_id: string }>(scope.orgId, {
    text: `select member_id from directory_user
      where org_id = $1 and directory_id = $2 and user_name_key = fold_key($3) limit 100`,
    values: [scope.orgId, scope.directoryId, resource],
  });
  return rows.map((row) => row.member_id);
}

/** The whole request of an entry, sealed; undefined where it was not kept, or no more. */
export async function findKeptRequest(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  entryId: string,
): Promise<KeptRequest | undefined> {
  const [row] = await deps.db.query<KeptRequest>(scope.orgId, {
    text: `select entry_id as id, at, sealed from scim_journal_body
      where org_id = $1 and directory_id = $2 and entry_id = $3`,
    values: [scope.orgId, scope.directoryId, entryId],
  });
  return row;
}
