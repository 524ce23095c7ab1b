// Writes of a directory's users: one SQL function, one round trip, one transaction each (migration 0007).
import type { Queryable } from '../db/database.ts';
import { actorOf, type DirectoryScope } from './directory.ts';
import type { DirectoryUserChange, DirectoryUserInput } from './directory-user.ts';
import { timesOf } from './resource-times.ts';

const INPUT = (n: number) =>
  `row(${[0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => `$${n + i}`).join(', ')})::directory_user_input`;

const inputValues = (user: DirectoryUserInput): unknown[] => [
  user.userName,
  user.externalId,
  user.active,
  user.address,
  user.displayName,
  user.givenName,
  user.familyName,
  user.email,
  user.resource,
];

export async function insertDirectoryUser(
  db: Queryable,
  scope: DirectoryScope,
  user: DirectoryUserInput,
): Promise<DirectoryUserChange> {
  const rows = await db.query<DirectoryUserChange>({
    name: 'scim_create_user',
    text: `select w.member_id, w.version, ${timesOf('w')}, w.outcome from scim_create_user($1, $2, $3, ${INPUT(4)}) w`,
    values: [scope.orgId, scope.directoryId, actorOf(scope), ...inputValues(user)],
  });
  return rows[0]!;
}

/** Undefined when there is no such user; `version` guards the change where it is given. */
export async function updateDirectoryUserRow(
  db: Queryable,
  scope: DirectoryScope,
  id: string,
  version: number | undefined,
  user: DirectoryUserInput,
): Promise<DirectoryUserChange | undefined> {
  const rows = await db.query<DirectoryUserChange>({
    name: 'scim_update_user',
    text: `select w.member_id, w.version, ${timesOf('w')}, w.outcome
      from scim_update_user($1, $2, $3, $4, $5, ${INPUT(6)}) w`,
    values: [scope.orgId, scope.directoryId, id, actorOf(scope), version, ...inputValues(user)],
  });
  return rows[0];
}

export async function deleteDirectoryUserRow(
  db: Queryable,
  scope: DirectoryScope,
  id: string,
  version: number | undefined,
): Promise<'deleted' | 'not_found' | 'version_mismatch'> {
  const rows = await db.query<{ outcome: 'deleted' | 'not_found' | 'version_mismatch' }>({
    name: 'scim_delete_user',
    text: 'select scim_delete_user($1, $2, $3, $4, $5) as outcome',
    values: [scope.orgId, scope.directoryId, id, actorOf(scope), version],
  });
  return rows[0]!.outcome;
}
