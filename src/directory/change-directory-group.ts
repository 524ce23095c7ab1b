// A directory creates, changes or deletes one of its groups. Cost follows the change (law 9): a change of members names
// those that come and go, and no other member is read.
import type { Queryable, Tx } from '../db/database.ts';
import { repeatLost } from '../db/repeat.ts';
import { matchGroupName } from '../matching/match-patterns.ts';
import { noSuchResource, staleVersion } from './change-errors.ts';
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import type { DirectoryGroupChange, DirectoryGroupInput, DirectoryGroupMade, MemberChange } from './directory-group.ts';
import { type DirectoryGroupRow, lockDirectoryGroup } from './directory-group-queries.ts';
import { deleteDirectoryGroupRow, insertDirectoryGroup, updateDirectoryGroupRow } from './directory-group-store.ts';

/** One statement on a connection of the organization. */
function single(deps: DirectoryDeps, scope: DirectoryScope): Queryable {
  return { query: (statement) => deps.db.query(scope.orgId, statement) };
}

/** Makes a group with its first members, all of them users of this directory (`invalid_value` otherwise). */
export function createDirectoryGroup(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  group: DirectoryGroupInput,
  members: readonly string[],
): Promise<DirectoryGroupMade> {
  return repeatLost(async () => {
    const made = await insertDirectoryGroup(single(deps, scope), scope, group, members, undefined);
    if (made) return made;
    return deps.db.inOrg(scope.orgId, async (tx) => {
      const patterns = await matchGroupName(tx, group.displayName);
      return (await insertDirectoryGroup(tx, scope, group, members, patterns)) as DirectoryGroupMade;
    });
  });
}

/**
 * Changes members, and attributes where `group` is given. Throws `not_found`, or `version_mismatch` where `version` is
 * given and is not the present one.
 */
export async function updateDirectoryGroup(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  id: string,
  version: number | undefined,
  group: DirectoryGroupInput | undefined,
  members: MemberChange,
): Promise<DirectoryGroupChange> {
  const change = await repeatLost(async () => {
    const changed = await updateDirectoryGroupRow(single(deps, scope), scope, id, version, group, members);
    if (changed?.outcome !== 'patterns') return changed as DirectoryGroupChange | undefined;
    return deps.db.inOrg(scope.orgId, (tx) => updateNamedGroup(tx, scope, id, version, group, members));
  });
  if (!change) throw noSuchResource('group', id);
  if (change.outcome === 'version_mismatch') throw staleVersion(change.version);
  return change;
}

/** Changes a group under a lock on its row: for when a change guarded by version lost, so that it cannot lose twice. */
export function changeLockedDirectoryGroup(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  id: string,
  members: MemberChange,
  change: (row: DirectoryGroupRow) => DirectoryGroupInput | undefined,
): Promise<DirectoryGroupChange> {
  return deps.db.inOrg(scope.orgId, async (tx) => {
    const row = await lockDirectoryGroup(tx, scope, id);
    const done = row && (await updateNamedGroup(tx, scope, id, row.version, change(row), members));
    if (!done) throw noSuchResource('group', id);
    return done;
  });
}

/** With a name that may be new: it is held against the organization's patterns. */
async function updateNamedGroup(
  tx: Tx,
  scope: DirectoryScope,
  id: string,
  version: number | undefined,
  group: DirectoryGroupInput | undefined,
  members: MemberChange,
): Promise<DirectoryGroupChange | undefined> {
  const patterns = group && (await matchGroupName(tx, group.displayName));
  const change = await updateDirectoryGroupRow(tx, scope, id, version, group, members, patterns);
  return change as DirectoryGroupChange | undefined;
}

/** Deletes a group. Throws `not_found` or `version_mismatch`. */
export async function deleteDirectoryGroup(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  id: string,
  version: number | undefined,
): Promise<void> {
  const outcome = await repeatLost(() => deleteDirectoryGroupRow(single(deps, scope), scope, id, version));
  if (outcome === 'not_found') throw noSuchResource('group', id);
  if (outcome === 'version_mismatch') throw staleVersion();
}
