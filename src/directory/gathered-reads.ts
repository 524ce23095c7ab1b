// One user by id, userName or externalId, which is most of what a directory asks: those that are asked for at the same
// time are read by one statement.
import { Gather } from '../db/gather.ts';
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import type { DirectoryFilter } from './directory-filter.ts';
import { type DirectoryUserRow, findDirectoryUsers, type UserKey } from './directory-user-queries.ts';

const AT_MOST = 32;

type Asked = { readonly scope: DirectoryScope; readonly value: string; readonly groupsAt: string };

/** One for each process; users of different organizations are never read by one statement. */
export class GatheredReads {
  readonly #deps: DirectoryDeps;
  readonly #byKey: Readonly<Record<UserKey, Gather<Asked, DirectoryUserRow | null>>>;

  constructor(deps: DirectoryDeps) {
    this.#deps = deps;
    const by = (key: UserKey) =>
      new Gather<Asked, DirectoryUserRow | null>({
        atMost: AT_MOST,
        together: (calls) => readTogether(deps, key, calls),
        alone: async (call) => (await readTogether(deps, key, [call]))[0]!,
      });
    this.#byKey = { id: by('id'), userName: by('userName'), externalId: by('externalId') };
  }

  /** Undefined when the directory has no such user. An id must be a UUID; `groupsAt` is where its groups' addresses start. */
  async findUser(
    scope: DirectoryScope,
    key: UserKey,
    value: string,
    groupsAt: string,
  ): Promise<DirectoryUserRow | undefined> {
    const asked = { scope, value, groupsAt };
    // inside a shared transaction a read sees that one's changes, and nobody else may be read with it
    const row = this.#deps.db.isShared(scope.orgId)
      ? (await readTogether(this.#deps, key, [asked]))[0]
      : await this.#byKey[key].make(scope.orgId, asked);
    return row ?? undefined;
  }
}

/** The one key and value that a filter asks for, or undefined for any other filter. */
export function keyOfFilter(filter: DirectoryFilter | undefined): { key: UserKey; value: string } | undefined {
  if (filter?.op !== 'eq' || !('column' in filter.target)) return undefined;
  const { column } = filter.target;
  if (column !== 'userName' && column !== 'externalId') return undefined;
  return { key: column, value: String(filter.value) };
}

async function readTogether(
  deps: DirectoryDeps,
  key: UserKey,
  calls: readonly Asked[],
): Promise<(DirectoryUserRow | null)[]> {
  const { scope, groupsAt } = calls[0]!;
  const asked = calls.map((call) => ({ directoryId: call.scope.directoryId, value: call.value }));
  const answers: (DirectoryUserRow | null)[] = new Array(calls.length).fill(null);
  for (const row of await findDirectoryUsers(deps, scope.orgId, key, asked, groupsAt)) answers[row.n - 1] = row;
  return answers;
}
