// Writes of a directory's groups: one SQL function, one round trip, one transaction each (migration 0007).
import type { Queryable } from '../db/database.ts';
import type { PatternMatch } from '../matching/match-patterns.ts';
import { actorOf, type DirectoryScope } from './directory.ts';
import type { DirectoryGroupChange, DirectoryGroupInput, DirectoryGroupMade, MemberChange } from './directory-group.ts';
import { timesOf } from './resource-times.ts';

/** `patterns`: nothing was done, the name has to be held against the organization's patterns first. */
type GroupWritten = Omit<DirectoryGroupChange, 'outcome'> & {
  readonly outcome: DirectoryGroupChange['outcome'] | 'patterns';
};

/** Undefined, and nothing done: the name has to be held against the organization's patterns first. */
export async function insertDirectoryGroup(
  db: Queryable,
  scope: DirectoryScope,
  group: DirectoryGroupInput,
  members: readonly string[],
  patterns: readonly PatternMatch[] | undefined,
): Promise<DirectoryGroupMade | undefined> {
  const rows = await db.query<DirectoryGroupMade>({
    name: 'scim_create_group',
    text: `select w.id, w.version, ${timesOf('w')} from scim_create_group($1, $2, $3, $4, $5, $6, $7, $8) w`,
    values: [
      scope.orgId,
      scope.directoryId,
      actorOf(scope),
      group.displayName,
      group.externalId,
      group.resource,
      members,
      patterns && JSON.stringify(patterns),
    ],
  });
  return rows[0];
}

/**
 * Undefined when there is no such group. Without `group` only members change, and
 * none of the others is read.
 */
export async function updateDirectoryGroupRow(
  db: Queryable,
  scope: DirectoryScope,
  id: string,
  version: number | undefined,
  group: DirectoryGroupInput | undefined,
  members: MemberChange,
  patterns?: readonly PatternMatch[],
): Promise<GroupWritten | undefined> {
  const rows = await db.query<GroupWritten>({
    name: 'scim_update_group',
    text: 'select * from scim_update_group($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)',
    values: [
      scope.orgId,
      scope.directoryId,
      id,
      actorOf(scope),
      version,
      group?.displayName,
      group?.externalId,
      group?.resource,
      members.replace,
      members.add,
      members.remove,
      patterns && JSON.stringify(patterns),
    ],
  });
  return rows[0];
}

export async function deleteDirectoryGroupRow(
  db: Queryable,
  scope: DirectoryScope,
  id: string,
  version: number | undefined,
): Promise<'deleted' | 'not_found' | 'version_mismatch'> {
  const rows = await db.query<{ outcome: 'deleted' | 'not_found' | 'version_mismatch' }>({
    name: 'scim_delete_group',
    text: 'select scim_delete_group($1, $2, $3, $4, $5) as outcome',
    values: [scope.orgId, scope.directoryId, id, actorOf(scope), version],
  });
  return rows[0]!.outcome;
}
