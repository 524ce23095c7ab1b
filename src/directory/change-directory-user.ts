// A directory creates, changes or deletes one of its users. The door in and the door out (law 2) are inside the SQL
// functions; here stands what happens when the last owner would go (law 3) and when a change lost against another.
import type { Queryable } from '../db/database.ts';
import { repeatLost } from '../db/repeat.ts';
import { DomainError } from '../errors.ts';
import { alertLastOwner } from './alert-last-owner.ts';
import { alertSeatLimit } from './alert-seat-limit.ts';
import { noSuchResource, staleVersion } from './change-errors.ts';
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import type { DirectoryUserChange, DirectoryUserInput } from './directory-user.ts';
import { type DirectoryUserRow, lockDirectoryUser } from './directory-user-queries.ts';
import { deleteDirectoryUserRow, insertDirectoryUser, updateDirectoryUserRow } from './directory-user-store.ts';

/** One statement on a connection of the organization. */
function single(deps: DirectoryDeps, scope: DirectoryScope): Queryable {
  return { query: (statement) => deps.db.query(scope.orgId, statement) };
}

/** Makes a user, or takes an inactive one of the same externalId or userName up again (`reactivated`). */
export function createDirectoryUser(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  user: DirectoryUserInput,
): Promise<DirectoryUserChange> {
  return guarded(deps, scope, undefined, () => insertDirectoryUser(single(deps, scope), scope, user));
}

/** Replaces a user. Throws `not_found`, or `version_mismatch` where `version` is given and is not the present one. */
export async function replaceDirectoryUser(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  id: string,
  version: number | undefined,
  user: DirectoryUserInput,
): Promise<DirectoryUserChange> {
  const change = await guarded(deps, scope, id, () =>
    updateDirectoryUserRow(single(deps, scope), scope, id, version, user),
  );
  if (!change) throw noSuchResource('user', id);
  if (change.outcome === 'version_mismatch') throw staleVersion(change.version);
  return change;
}

/**
 * Changes a user under a lock on its row: `change` sees what is stored now and answers what shall be, or undefined for
 * no change. For when a change guarded by version lost, so that it cannot lose twice.
 */
export function changeLockedDirectoryUser(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  id: string,
  groupsAt: string,
  change: (row: DirectoryUserRow) => DirectoryUserInput | undefined,
): Promise<{ row: DirectoryUserRow; change: DirectoryUserChange | undefined }> {
  return guarded(deps, scope, id, () =>
    deps.db.inOrg(scope.orgId, async (tx) => {
      const row = await lockDirectoryUser(tx, scope, id, groupsAt);
      if (!row) throw noSuchResource('user', id);
      const user = change(row);
      return { row, change: user && (await updateDirectoryUserRow(tx, scope, id, row.version, user)) };
    }),
  );
}

/** Deletes a user. Throws `not_found` or `version_mismatch`. */
export async function deleteDirectoryUser(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  id: string,
  version: number | undefined,
): Promise<void> {
  const outcome = await guarded(deps, scope, id, () => deleteDirectoryUserRow(single(deps, scope), scope, id, version));
  if (outcome === 'not_found') throw noSuchResource('user', id);
  if (outcome === 'version_mismatch') throw staleVersion();
}

async function guarded<T>(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  memberId: string | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await repeatLost(work);
  } catch (error) {
    if (error instanceof DomainError && error.code === 'last_owner' && memberId !== undefined) {
      await alertLastOwner(deps, scope, memberId);
    }
    if (error instanceof DomainError && error.code === 'seat_limit') await alertSeatLimit(deps, scope);
    throw error;
  }
}
