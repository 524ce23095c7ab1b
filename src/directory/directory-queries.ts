// Reads of directories, their tokens and their journal.
import type { DirectoryCaller, DirectoryDeps, DirectoryProfile } from './directory.ts';
import { type ExtensionSchema, NO_EXTENSIONS } from './extension-schema.ts';
import { EXTENSIONS_OF_DIRECTORY } from './extension-schema-queries.ts';

export type DirectoryRow = {
  readonly id: string;
  readonly display_name: string;
  readonly profile: DirectoryProfile;
  readonly created_at: Date;
  readonly users: number;
  readonly groups: number;
};

export type DirectoryTokenRow = {
  readonly id: string;
  readonly display_name: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
};

export type JournalRow = {
  readonly id: string;
  readonly at: Date;
  readonly request_id: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly latency_ms: number;
  readonly detail: Record<string, unknown> | null;
};

/** The directory that a token was issued for; undefined where token or organization are no more. */
export async function findDirectoryOfToken(
  deps: DirectoryDeps,
  orgId: string,
  tokenId: string,
): Promise<DirectoryCaller | undefined> {
  const [row] = await deps.db.query<{ id: string; profile: DirectoryProfile; extensions: ExtensionSchema[] | null }>(
    orgId,
    {
      name: 'directory_of_token',
      text: `select d.id, d.profile, ${EXTENSIONS_OF_DIRECTORY} as extensions from directory_token t
      join directory d on d.org_id = t.org_id and d.id = t.directory_id
      join organization o on o.org_id = t.org_id and o.status = 'active'
      where t.org_id = $1 and t.id = $2 and t.revoked_at is null`,
      values: [orgId, tokenId],
    },
  );
  return (
    row && { orgId, directoryId: row.id, profile: row.profile, tokenId, extensions: row.extensions ?? NO_EXTENSIONS }
  );
}

/** The organization's directories with their totals. */
export function listDirectories(deps: DirectoryDeps, orgId: string): Promise<DirectoryRow[]> {
  return deps.db.query<DirectoryRow>(orgId, {
    text: `select d.id, d.display_name, d.profile, d.created_at,
        coalesce(sum(c.users), 0)::integer as users, coalesce(sum(c.groups), 0)::integer as groups
      from directory d left join directory_count c on c.org_id = d.org_id and c.directory_id = d.id
      where d.org_id = $1 group by d.org_id, d.id order by d.id`,
    values: [orgId],
  });
}

/** Whether the organization has this directory. */
export async function hasDirectory(deps: DirectoryDeps, orgId: string, directoryId: string): Promise<boolean> {
  const rows = await deps.db.query(orgId, {
    text: 'select from directory where org_id = $1 and id = $2',
    values: [orgId, directoryId],
  });
  return rows.length > 0;
}

/** The live tokens of a directory, oldest first. */
export function listDirectoryTokens(
  deps: DirectoryDeps,
  orgId: string,
  directoryId: string,
): Promise<DirectoryTokenRow[]> {
  return deps.db.query<DirectoryTokenRow>(orgId, {
    text: `select t.id, t.display_name, t.created_at, t.expires_at, credential_last_used('scim_token', t.org_id, t.id) as last_used_at
      from directory_token t
      where t.org_id = $1 and t.directory_id = $2 and t.revoked_at is null and (t.expires_at is null or t.expires_at > $3)
      order by t.id`,
    values: [orgId, directoryId, deps.clock.now()],
  });
}

/** The newest entries of a directory's journal before a time. */
export function listJournal(
  deps: DirectoryDeps,
  orgId: string,
  directoryId: string,
  options: { readonly before: Date; readonly limit: number },
): Promise<JournalRow[]> {
  return deps.db.query<JournalRow>(orgId, {
    text: `select id, at, request_id, method, path, status, latency_ms, detail from scim_journal
      where org_id = $1 and directory_id = $2 and at < $3 order by at desc, id desc limit $4`,
    values: [orgId, directoryId, options.before, options.limit],
  });
}
