// Reads of a directory's groups. Members are loaded only where they are asked for.
import type { Queryable } from '../db/database.ts';
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import type { DirectoryFilter, PageRequest } from './directory-filter.ts';
import { filterToSql, memberFilterToSql, orderToSql } from './filter-sql.ts';
import { nameOfShape } from './statement-names.ts';

/** A SCIM Group as stored: `resource` and `members` are JSON texts. */
export type DirectoryGroupRow = {
  readonly id: string;
  readonly version: number;
  readonly created_at: Date;
  readonly modified_at: Date;
  readonly resource: string;
  /** A JSON array, or null where members were not asked for or are more than the view shows. */
  readonly members: string | null;
};

const COLUMNS = 'd.id, d.version, d.created_at, d.modified_at, d.resource::text as resource';

/**
 * How members are shown: `usersAt` is the address that their references start with; names cost a look at each user. A
 * group of more than `atMost` members is shown without any.
 */
export type MemberView = { readonly usersAt: string; readonly withNames: boolean; readonly atMost?: number };

/** `$n` is `usersAt`. */
function membersColumn(n: number, view: MemberView): string {
  const display = view.withNames ? `, 'display', coalesce(u.resource ->> 'displayName', u.user_name)` : '';
  const users = view.withNames
    ? 'join directory_user u on u.org_id = gm.org_id and u.directory_id = d.directory_id and u.member_id = gm.member_id'
    : '';
  const list = `coalesce(json_agg(json_build_object('value', gm.member_id, '$ref', $${n}::text || gm.member_id, 'type', 'User'
    ${display}) order by gm.member_id)::text, '[]')`;
  const ofGroup = 'gm.org_id = d.org_id and gm.group_id = d.id';
  if (view.atMost === undefined) {
    return `(select ${list} from group_member gm ${users} where ${ofGroup}) as members`;
  }
  const first = `select gm.* from group_member gm where ${ofGroup} limit ${view.atMost + 1}`;
  return `(select case when count(*) <= ${view.atMost} then ${list} end from (${first}) gm ${users}) as members`;
}

const OURS = 'd.org_id = $1 and d.directory_id = $2';

/** One group by id, which must be a UUID. Without `view` members are left out. */
export async function findDirectoryGroup(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  id: string,
  view: MemberView | undefined,
): Promise<DirectoryGroupRow | undefined> {
  const values: unknown[] = [scope.orgId, scope.directoryId, id];
  const members = view ? membersColumn(values.push(view.usersAt), view) : 'null as members';
  const text = `select ${COLUMNS}, ${members} from directory_group d where ${OURS} and d.id = $3`;
  const rows = await deps.db.query<DirectoryGroupRow>(scope.orgId, { ...nameOfShape(text), text, values });
  return rows[0];
}

/** The group without its members, locked until the transaction ends. */
export async function lockDirectoryGroup(
  tx: Queryable,
  scope: DirectoryScope,
  id: string,
): Promise<DirectoryGroupRow | undefined> {
  const rows = await tx.query<DirectoryGroupRow>({
    name: 'directory_group_lock',
    text: `select ${COLUMNS}, null as members from directory_group d where ${OURS} and d.id = $3 for update of d`,
    values: [scope.orgId, scope.directoryId, id],
  });
  return rows[0];
}

/** One page; members only where `view` is given. */
export async function listDirectoryGroups(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  page: PageRequest,
  view: MemberView | undefined,
): Promise<DirectoryGroupRow[]> {
  const values: unknown[] = [scope.orgId, scope.directoryId];
  const members = view ? membersColumn(values.push(view.usersAt), view) : 'null as members';
  const where = page.filter ? ` and ${filterToSql(page.filter, 'group', values)}` : '';
  const after = page.after === undefined ? '' : ` and d.id > $${values.push(page.after)}`;
  const order = orderToSql(page.order, 'group', values);
  values.push(page.limit, page.after === undefined ? page.offset : 0);
  const text = `select ${COLUMNS}, ${members} from directory_group d where ${OURS}${where}${after}
    order by ${order} limit $${values.length - 1} offset $${values.length}`;
  return deps.db.query<DirectoryGroupRow>(scope.orgId, { ...nameOfShape(text), text, values });
}

/** How many groups a page's filter finds; without one, the directory's counters are added up. */
export async function countDirectoryGroups(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  filter: PageRequest['filter'],
): Promise<number> {
  const values: unknown[] = [scope.orgId, scope.directoryId];
  const text = filter
    ? `select count(*)::integer as total from directory_group d where ${OURS} and ${filterToSql(filter, 'group', values)}`
    : 'select coalesce(sum(groups), 0)::integer as total from directory_count where org_id = $1 and directory_id = $2';
  const rows = await deps.db.query<{ total: number }>(scope.orgId, { ...nameOfShape(text), text, values });
  return rows[0]!.total;
}

/** The members of a group that a filter on value, display or type selects. */
export async function findGroupMembers(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  groupId: string,
  filter: DirectoryFilter,
): Promise<string[]> {
  const values: unknown[] = [scope.orgId, scope.directoryId, groupId];
  const rows = await deps.db.query<{ member_id: string }>(scope.orgId, {
    text: `select gm.member_id from group_member gm
      join directory_user u on u.org_id = gm.org_id and u.directory_id = $2 and u.member_id = gm.member_id
      where gm.org_id = $1 and gm.group_id = $3 and ${memberFilterToSql(filter, values)}`,
    values,
  });
  return rows.map((row) => row.member_id);
}
