// Which directory user a person is, whichever organization it stands in (migration 0028 says which of several).
import type { DirectoryCaller, DirectoryDeps } from './directory.ts';
import { findDirectoryAsCaller } from './directory-queries.ts';

export type OwnDirectoryUser = { readonly id: string; readonly directory: Omit<DirectoryCaller, 'tokenId'> };

/** Undefined for somebody whom no directory states. `organizations` are keys; undefined for all of the person's. */
export async function findOwnDirectoryUser(
  deps: DirectoryDeps,
  personId: string,
  organizations: readonly string[] | undefined,
): Promise<OwnDirectoryUser | undefined> {
  const [row] = await deps.db.realm<{ org_id: string; directory_id: string; member_id: string }>({
    name: 'own_directory_user',
    text: 'select * from directory_user_of_person($1, $2)',
    values: [personId, organizations],
  });
  const directory = row && (await findDirectoryAsCaller(deps, { orgId: row.org_id, directoryId: row.directory_id }));
  return directory && { id: row.member_id, directory };
}
