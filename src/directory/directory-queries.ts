// Reads of directories and their tokens.
import type { DetectedProfile, DirectoryCaller, DirectoryDeps, DirectoryProfile, DirectoryScope } from './directory.ts';
import { type ExtensionSchema, NO_EXTENSIONS } from './extension-schema.ts';
import { EXTENSIONS_OF_DIRECTORY } from './extension-schema-queries.ts';

export type DirectoryRow = {
  readonly id: string;
  readonly display_name: string;
  readonly profile: DirectoryProfile | null;
  readonly detected_profile: DetectedProfile | null;
  readonly status: 'active' | 'inactive';
  readonly released: boolean;
  readonly journal_days: number;
  readonly keep_bodies_until: Date | null;
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
  readonly warned_days: number | null;
};

type CallerRow = {
  id: string;
  profile: DirectoryProfile | null;
  detected_profile: DetectedProfile | null;
  status: string;
  keep_bodies_until: Date | null;
  extensions: ExtensionSchema[] | null;
};

/** The directory that a token was issued for; undefined where token or organization are no more. */
export async function findDirectoryOfToken(
  deps: DirectoryDeps,
  orgId: string,
  tokenId: string,
): Promise<DirectoryCaller | undefined> {
  const [row] = await deps.db.query<CallerRow>(orgId, {
    name: 'directory_of_token',
    text: `select d.id, d.profile, d.detected_profile, d.status, d.keep_bodies_until,
        ${EXTENSIONS_OF_DIRECTORY} as extensions from directory_token t
      join directory d on d.org_id = t.org_id and d.id = t.directory_id
      join organization o on o.org_id = t.org_id and o.status = 'active'
      where t.org_id = $1 and t.id = $2 and t.revoked_at is null`,
    values: [orgId, tokenId],
  });
  return row && { ...callerOf(orgId, row), tokenId };
}

/** The directory as if it asked by itself, whether or not it has a token. */
export async function findDirectoryAsCaller(
  deps: DirectoryDeps,
  scope: DirectoryScope,
): Promise<Omit<DirectoryCaller, 'tokenId'> | undefined> {
  const [row] = await deps.db.query<CallerRow>(scope.orgId, {
    text: `select d.id, d.profile, d.detected_profile, d.status, d.keep_bodies_until, ${EXTENSIONS_OF_DIRECTORY} as extensions
      from directory d where d.org_id = $1 and d.id = $2`,
    values: [scope.orgId, scope.directoryId],
  });
  return row && callerOf(scope.orgId, row);
}

function callerOf(orgId: string, row: CallerRow): Omit<DirectoryCaller, 'tokenId'> {
  return {
    orgId,
    directoryId: row.id,
    profile: row.profile ?? row.detected_profile ?? 'generic',
    isProfileChosen: row.profile !== null,
    detectedProfile: row.detected_profile ?? undefined,
    isInactive: row.status === 'inactive',
    keepBodiesUntil: row.keep_bodies_until ?? undefined,
    extensions: row.extensions ?? NO_EXTENSIONS,
  };
}

const DIRECTORY = `select d.id, d.display_name, d.profile, d.detected_profile, d.status, d.released, d.journal_days,
    d.keep_bodies_until, d.created_at,
    coalesce(sum(c.users), 0)::integer as users, coalesce(sum(c.groups), 0)::integer as groups
  from directory d left join directory_count c on c.org_id = d.org_id and c.directory_id = d.id`;

/** The organization's directories with their totals. */
export function listDirectories(deps: DirectoryDeps, orgId: string): Promise<DirectoryRow[]> {
  return deps.db.query<DirectoryRow>(orgId, {
    text: `${DIRECTORY} where d.org_id = $1 group by d.org_id, d.id order by d.id`,
    values: [orgId],
  });
}

export async function findDirectory(deps: DirectoryDeps, scope: DirectoryScope): Promise<DirectoryRow | undefined> {
  const [row] = await deps.db.query<DirectoryRow>(scope.orgId, {
    text: `${DIRECTORY} where d.org_id = $1 and d.id = $2 group by d.org_id, d.id`,
    values: [scope.orgId, scope.directoryId],
  });
  return row;
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
    text: `select t.id, t.display_name, t.created_at, t.expires_at, t.warned_days,
        credential_last_used('scim_token', t.org_id, t.id) as last_used_at
      from directory_token t
      where t.org_id = $1 and t.directory_id = $2 and t.revoked_at is null and (t.expires_at is null or t.expires_at > $3)
      order by t.id`,
    values: [orgId, directoryId, deps.clock.now()],
  });
}
