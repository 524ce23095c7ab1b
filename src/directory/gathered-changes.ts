// The changes a directory makes most (a new user, a replaced or deleted user, members of a group), gathered: what comes
// at the same time is made by one statement (migration 0012), and whatever needs a decision goes its own way as before.
import { Gather } from '../db/gather.ts';
import { repeatLost } from '../db/repeat.ts';
import { updateDirectoryGroup } from './change-directory-group.ts';
import { createDirectoryUser, deleteDirectoryUser, replaceDirectoryUser } from './change-directory-user.ts';
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import type { DirectoryGroupChange, MemberChange } from './directory-group.ts';
import type { DirectoryUserChange, DirectoryUserInput } from './directory-user.ts';
import {
  type ChangedMembers,
  changeMembersTogether,
  createUsersTogether,
  type DeletedUser,
  deactivateUsersTogether,
  deleteUsersTogether,
  type NewUser,
  type ReplacedUser,
  updateUsersTogether,
} from './gathered-store.ts';

const AT_MOST = 32;
/** Changes of users lock nothing of each other's; members of one group wait for its lock. */
const BESIDE_FROM = 4;
const MOST_MEMBERS = 200;

type GroupOutcome = Pick<DirectoryGroupChange, 'outcome'>;

/** One for each process; calls of different directories never share a statement. */
export class GatheredChanges {
  readonly #deps: DirectoryDeps;
  readonly #creates: Gather<NewUser, DirectoryUserChange>;
  readonly #replacements: Gather<ReplacedUser, DirectoryUserChange>;
  readonly #deactivations: Gather<ReplacedUser, DirectoryUserChange>;
  readonly #deletions: Gather<DeletedUser, true>;
  readonly #memberChanges: Gather<ChangedMembers, GroupOutcome>;

  /** `groupsAt` is where the addresses of groups start. */
  constructor(deps: DirectoryDeps, groupsAt: string) {
    this.#deps = deps;
    this.#creates = new Gather({
      atMost: AT_MOST,
      besideFrom: BESIDE_FROM,
      together: (calls) => repeatLost(() => createUsersTogether(deps, calls)),
      alone: ({ scope, user }) => createDirectoryUser(deps, scope, user),
    });
    const replaceBy = (together: typeof updateUsersTogether) =>
      new Gather<ReplacedUser, DirectoryUserChange>({
        atMost: AT_MOST,
        besideFrom: BESIDE_FROM,
        together: (calls) => repeatLost(() => together(deps, calls, groupsAt)),
        alone: ({ scope, id, version, user }) => replaceDirectoryUser(deps, scope, id, version, user),
        touches: ({ id }) => [id],
      });
    this.#replacements = replaceBy(updateUsersTogether);
    this.#deactivations = replaceBy(deactivateUsersTogether);
    this.#deletions = new Gather<DeletedUser, true>({
      atMost: AT_MOST,
      besideFrom: BESIDE_FROM,
      together: (calls) => repeatLost(() => deleteUsersTogether(deps, calls)),
      alone: async ({ scope, id }) => {
        await deleteDirectoryUser(deps, scope, id, undefined);
        return true;
      },
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

  /** As replaceDirectoryUser. Where `showsGroups`, what was made together with others is answered with the groups. */
  replaceUser(
    scope: DirectoryScope,
    id: string,
    version: number | undefined,
    user: DirectoryUserInput,
    showsGroups = false,
  ): Promise<DirectoryUserChange> {
    if (version === undefined || this.#deps.db.isShared(scope.orgId)) {
      return replaceDirectoryUser(this.#deps, scope, id, version, user);
    }
    const gather = user.active ? this.#replacements : this.#deactivations;
    return gather.make(scope.directoryId, { scope, id, version, user, showsGroups });
  }

  /** As deleteDirectoryUser. */
  async deleteUser(scope: DirectoryScope, id: string, version: number | undefined): Promise<void> {
    if (version !== undefined || this.#deps.db.isShared(scope.orgId)) {
      return deleteDirectoryUser(this.#deps, scope, id, version);
    }
    await this.#deletions.make(scope.directoryId, { scope, id });
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
