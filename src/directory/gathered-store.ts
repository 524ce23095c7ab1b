// The statements behind gathered-changes.ts: each makes several changes of one directory in one transaction and answers,
// in the order of the calls, which of them it made (migration 0012).
import { actorOf, type DirectoryDeps, type DirectoryScope } from './directory.ts';
import type { DirectoryGroupChange, MemberChange } from './directory-group.ts';
import type { DirectoryUserChange, DirectoryUserInput } from './directory-user.ts';
import { groupsColumn } from './directory-user-queries.ts';
import { timesOf } from './resource-times.ts';

export type NewUser = { readonly scope: DirectoryScope; readonly user: DirectoryUserInput };
export type ReplacedUser = NewUser & {
  readonly id: string;
  readonly version: number | undefined;
  /** Whether the groups are read with the change. */
  readonly showsGroups: boolean;
};
export type DeletedUser = { readonly scope: DirectoryScope; readonly id: string };
export type ChangedMembers = {
  readonly scope: DirectoryScope;
  readonly id: string;
  readonly version: number | undefined;
  readonly members: MemberChange;
};

type Numbered = { readonly n: string };
type UserRow = Omit<DirectoryUserChange, 'outcome'> & Numbered;

export async function createUsersTogether(
  deps: DirectoryDeps,
  calls: readonly NewUser[],
): Promise<(DirectoryUserChange | undefined)[]> {
  const { scope } = calls[0]!;
  const rows = await deps.db.query<UserRow>(scope.orgId, {
    name: 'scim_create_users',
    text: `select w.n, w.member_id, w.version, ${timesOf('w')} from scim_create_users($1, $2, $3, $4) w`,
    values: [scope.orgId, scope.directoryId, actorOf(scope), listOf(calls, ({ user }) => userFields(user))],
  });
  return inOrder(calls.length, rows, (row) => ({ ...row, outcome: 'created' }));
}

/** Users who stay active. */
export function updateUsersTogether(
  deps: DirectoryDeps,
  calls: readonly ReplacedUser[],
  groupsAt: string,
): Promise<(DirectoryUserChange | undefined)[]> {
  return replaceTogether(deps, 'scim_update_users', calls, groupsAt);
}

/** Users who become inactive. */
export function deactivateUsersTogether(
  deps: DirectoryDeps,
  calls: readonly ReplacedUser[],
  groupsAt: string,
): Promise<(DirectoryUserChange | undefined)[]> {
  return replaceTogether(deps, 'scim_deactivate_users', calls, groupsAt);
}

async function replaceTogether(
  deps: DirectoryDeps,
  name: 'scim_update_users' | 'scim_deactivate_users',
  calls: readonly ReplacedUser[],
  groupsAt: string,
): Promise<(DirectoryUserChange | undefined)[]> {
  const { scope } = calls[0]!;
  const showsGroups = calls.some((call) => call.showsGroups);
  const rows = await deps.db.query<UserRow>(scope.orgId, {
    name: showsGroups ? `${name}_groups` : name,
    // an organization that the planner knew it would plan for, each time anew
    text: `select d.n, d.member_id, d.version, ${timesOf('d')}${showsGroups ? `, ${groupsColumn(6)}` : ''}
      from (select $1::uuid as org_id, $2::uuid as directory_id offset 0) here
        cross join lateral (select here.*, c.* from ${name}($1, $2, $3, $4, $5) c) d`,
    values: [
      scope.orgId,
      scope.directoryId,
      actorOf(scope),
      calls.map(({ id }) => id),
      listOf(calls, ({ id, version, user }) => `"member_id":"${id}","version":${version ?? null},${userFields(user)}`),
      ...(showsGroups ? [groupsAt] : []),
    ],
  });
  return inOrder(calls.length, rows, (row) => ({ ...row, outcome: 'updated' }));
}

/** True for each that is gone. */
export async function deleteUsersTogether(
  deps: DirectoryDeps,
  calls: readonly DeletedUser[],
): Promise<(true | undefined)[]> {
  const { scope } = calls[0]!;
  const rows = await deps.db.query<Numbered>(scope.orgId, {
    name: 'scim_delete_users',
    text: 'select * from scim_delete_users($1, $2, $3, $4)',
    values: [scope.orgId, scope.directoryId, actorOf(scope), calls.map(({ id }) => id)],
  });
  return inOrder(calls.length, rows, () => true as const);
}

export async function changeMembersTogether(
  deps: DirectoryDeps,
  calls: readonly ChangedMembers[],
): Promise<(Pick<DirectoryGroupChange, 'outcome'> | undefined)[]> {
  const { scope } = calls[0]!;
  const pairs = calls.flatMap(({ members }, index) => [
    ...members.remove.map((member) => ({ change: index + 1, member, isAdd: false })),
    ...members.add.map((member) => ({ change: index + 1, member, isAdd: true })),
  ]);
  const rows = await deps.db.query<Numbered & { changed: number }>(scope.orgId, {
    name: 'scim_change_members',
    text: 'select * from scim_change_members($1, $2, $3, $4, $5, $6, $7)',
    values: [
      scope.orgId,
      scope.directoryId,
      actorOf(scope),
      calls.map(({ id }) => id),
      pairs.map(({ change }) => change),
      pairs.map(({ member }) => member),
      pairs.map(({ isAdd }) => isAdd),
    ],
  });
  return inOrder(calls.length, rows, ({ changed }) => ({ outcome: changed > 0 ? 'updated' : 'unchanged' }));
}

/** The calls as the JSON text of a `directory_user_asked` list: the fields of each, and its place counted from 1. */
function listOf<Call>(calls: readonly Call[], fieldsOf: (call: Call) => string): string {
  return `[${calls.map((call, index) => `{"n":${index + 1},${fieldsOf(call)}}`).join(',')}]`;
}

/** The resource is JSON text already and is not read again for this. */
function userFields(user: DirectoryUserInput): string {
  const { userName, externalId, address, displayName, givenName, familyName, email, resource } = user;
  const fields = JSON.stringify({
    user_name: userName,
    external_id: externalId,
    address,
    display_name: displayName,
    given_name: givenName,
    family_name: familyName,
    email,
  });
  return `${fields.slice(1, -1)},"resource":${resource}`;
}

function inOrder<Row extends Numbered, Answer>(
  length: number,
  rows: readonly Row[],
  answerOf: (row: Row) => Answer,
): (Answer | undefined)[] {
  const answers: (Answer | undefined)[] = new Array(length).fill(undefined);
  for (const row of rows) answers[Number(row.n) - 1] = answerOf(row);
  return answers;
}
