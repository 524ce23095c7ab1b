// The changes a directory makes most (a new user, a replaced user, members of a group), gathered: what comes at the same
// time is made by one statement (migration 0012), and whatever needs a decision goes its own way as before.
import { Gather } from '../db/gather.ts';
import { repeatLost } from '../db/repeat.ts';
import { updateDirectoryGroup } from './change-directory-group.ts';
import { createDirectoryUser, replaceDirectoryUser } from './change-directory-user.ts';
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import type { DirectoryGroupChange, MemberChange } from './directory-group.ts';
import type { DirectoryUserChange, DirectoryUserInput } from './directory-user.ts';
import { changeMembersTogether, createUsersTogether, updateUsersTogether } from './gathered-store.ts';

const AT_MOST = 32;
const MOST_MEMBERS = 1_000;

export type NewUser = { readonly scope: DirectoryScope; readonly user: DirectoryUserInput };
export type ReplacedUser = NewUser & { readonly id: string; readonly version: number | undefined };
export type ChangedMembers = {
  readonly scope: DirectoryScope;
  readonly id: string;
  readonly version: number | undefined;
  readonly members: MemberChange;
};

type GroupOutcome = Pick<DirectoryGroupChange, 'outcome'>;

/** One for each process; calls of different directories never share a statement. */
export class GatheredChanges {
  readonly #deps: DirectoryDeps;
  readonly #creates: Gather<NewUser, DirectoryUserChange>;
  readonly #replacements: Gather<ReplacedUser, DirectoryUserChange>;
  readonly #memberChanges: Gather<ChangedMembers, GroupOutcome>;

  constructor(deps: DirectoryDeps) {
    this.#deps = deps;
    this.#creates = new Gather({
      atMost: AT_MOST,
      together: (calls) => repeatLost(() => createUsersTogether(deps, calls)),
      alone: ({ scope, user }) => createDirectoryUser(deps, scope, user),
    });
    this.#replacements = new Gather({
      atMost: AT_MOST,
      together: (calls) => repeatLost(() => updateUsersTogether(deps, calls)),
      alone: ({ scope, id, version, user }) => replaceDirectoryUser(deps, scope, id, version, user),
      touches: ({ id }) => [id],
    });
    this.#memberChanges = new Gather({
      atMost: AT_MOST,
      together: (calls) => repeatLost(() => changeMembersTogether(deps, calls)),
      alone: ({ scope, id, version, members }) => updateDirectoryGroup(deps, scope, id, version, undefined, members),
      touches: ({ id, members }) => [...members.add, ...members.remove].map((member) => `${id} ${member}`),
    });
  }

  /** As createDirectoryUser. */
  createUser(scope: DirectoryScope, user: DirectoryUserInput): Promise<DirectoryUserChange> {
    const isPlain = user.active && user.address !== undefined && !this.#deps.db.isShared(scope.orgId);
    return isPlain
      ? this.#creates.make(scope.directoryId, { scope, user })
      : createDirectoryUser(this.#deps, scope, user);
  }

  /** As replaceDirectoryUser. */
  replaceUser(
    scope: DirectoryScope,
    id: string,
    version: number | undefined,
    user: DirectoryUserInput,
  ): Promise<DirectoryUserChange> {
    const isPlain = version !== undefined && user.active && !this.#deps.db.isShared(scope.orgId);
    return isPlain
      ? this.#replacements.make(scope.directoryId, { scope, id, version, user })
      : replaceDirectoryUser(this.#deps, scope, id, version, user);
  }

  /** As updateDirectoryGroup without attributes. */
  changeMembers(
    scope: DirectoryScope,
    id: string,
    version: number | undefined,
    members: MemberChange,
  ): Promise<GroupOutcome> {
    const count = members.add.length + members.remove.length;
    const isPlain =
      version === undefined && !members.replace && count <= MOST_MEMBERS && !this.#deps.db.isShared(scope.orgId);
    return isPlain
      ? this.#memberChanges.make(scope.directoryId, { scope, id, version, members })
      : updateDirectoryGroup(this.#deps, scope, id, version, undefined, members);
  }
}
