// Reads of directories, their tokens and their journal.
import type { DirectoryCaller, DirectoryDeps, DirectoryProfile } from './directory.ts';

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

/** Who a token's hash belongs to; `expiresAt` in milliseconds, Infinity for never. */
export async function findTokenOwner(
  deps: DirectoryDeps,
  hash: Buffer,
): Promise<{ caller: DirectoryCaller; expiresAt: number } | undefined> {
  const [credential] = await deps.db.realm<{
    kind: string;
    org_id: string;
    subject_id: string;
    expires_at: Date | null;
    revoked_at: Date | null;
  }>({ name: 'find_credential', text: 'select * from find_credential($1)', values: [hash] });
  if (credential?.kind !== 'scim_token' || credential.revoked_at) return undefined;
  const [directory] = await deps.db.query<{ id: string; profile: DirectoryProfile }>(credential.org_id, {
    name: 'directory_of_token',
    text: `select d.id, d.profile from directory_token t
      join directory d on d.org_id = t.org_id and d.id = t.directory_id
      join organization o on o.org_id = t.org_id and o.status = 'active'
      where t.org_id = $1 and t.id = $2 and t.revoked_at is null`,
    values: [credential.org_id, credential.subject_id],
  });
  if (!directory) return undefined;
  return {
    caller: {
      orgId: credential.org_id,
      directoryId: directory.id,
      profile: directory.profile,
      tokenId: credential.subject_id,
    },
    expiresAt: credential.expires_at?.getTime() ?? Number.POSITIVE_INFINITY,
  };
}

/** Notes when credentials were last used, in one statement. */
export async function touchCredentials(deps: DirectoryDeps, hashes: readonly Buffer[], at: Date): Promise<void> {
  await deps.db.realm({ text: 'select touch_credentials($1, $2)', values: [hashes, at] });
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
