// Reads of a directory's groups. Members are loaded only where they are asked for.
import type { Queryable } from '../db/database.ts';
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import type { DirectoryFilter, PageRequest } from './directory-filter.ts';
import { filterToSql, memberFilterToSql } from './filter-sql.ts';
import { markToSql, type NewPageMark } from './page-marks.ts';
import { type Listed, listed, pageToSql } from './page-sql.ts';
import { type ResourceTimes, timesOf } from './resource-times.ts';
import { nameOfShape } from './statement-names.ts';

/** A SCIM Group as stored: `resource` is a JSON text. */
export type DirectoryGroupRow = ResourceTimes & {
  readonly id: string;
  readonly version: number;
  readonly resource: string;
  /** Their ids in order, 16 bytes each; null where members were not asked for or are more than the view shows. */
  readonly members: Buffer | null;
  /** In a list with an order: the text of what the row is sorted by. */
  readonly sort_key?: string | null;
};

const COLUMNS = `d.id, d.version, ${timesOf('d')}, d.resource::text as resource`;

/** Which members are read: all, or none of a group that has more than `atMost`. */
export type MemberView = { readonly atMost?: number };

/** A hundred thousand ids are 1.6 MB in one value, read with the group's version by one statement. */
function membersColumn({ atMost }: MemberView): string {
  const packed = `coalesce(string_agg(uuid_send(gm.member_id), ''::bytea order by gm.member_id), '')`;
  const all = 'select gm.member_id from group_member gm where gm.org_id = d.org_id and gm.group_id = d.id';
  if (atMost === undefined) return `(select ${packed} from (${all}) gm) as members`;
  return `(select case when count(*) <= ${atMost} then ${packed} end from (${all} limit ${atMost + 1}) gm) as members`;
}

const OURS = 'd.org_id = $1 and d.directory_id = $2';

/** One group by id, which must be a UUID. Without `view` members are left out. */
export async function findDirectoryGroup(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  id: string,
  view: MemberView | undefined,
): Promise<DirectoryGroupRow | undefined> {
  const values = [scope.orgId, scope.directoryId, id];
  const members = view ? membersColumn(view) : 'null as members';
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
): Promise<Listed<DirectoryGroupRow>> {
  const values: unknown[] = [scope.orgId, scope.directoryId];
  const members = view ? membersColumn(view) : 'null as members';
  const where = page.filter ? ` and ${filterToSql(page.filter, 'group', values)}` : '';
  const { behind, order, sortKey } = pageToSql(page, 'group', 'd.id', values);
  values.push(page.limit, page.after === undefined ? page.offset : 0);
  const total = page.filter ? '' : `, (${TOTAL})`;
  const text = `select ${COLUMNS}, ${members}${sortKey}${total} from directory_group d where ${OURS}${where}${behind}
    order by ${order} limit $${values.length - 1} offset $${values.length}`;
  return listed(await deps.db.query(scope.orgId, { ...nameOfShape(text), text, values }));
}

const TOTAL =
  'select coalesce(sum(groups), 0)::integer as total from directory_count where org_id = $1 and directory_id = $2';

/** How many groups a page's filter finds, as countDirectoryUsers. */
export async function countDirectoryGroups(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  page: Pick<PageRequest, 'filter' | 'order'>,
  mark?: NewPageMark,
): Promise<number> {
  const values: unknown[] = [scope.orgId, scope.directoryId];
  const noted = mark ? markToSql(mark, page.order, 'group', values) : '';
  const counted = page.filter
    ? `select count(*)::integer as total from directory_group d where ${OURS} and ${filterToSql(page.filter, 'group', values)}`
    : TOTAL;
  const text = `${noted}${counted}`;
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

/** What members are called, by their ids; somebody who left meanwhile is missing. */
export async function findMemberNames(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  ids: readonly string[],
): Promise<Map<string, string>> {
  const rows = await deps.db.query<{ member_id: string; name: string }>(scope.orgId, {
    name: 'directory_member_names',
    // one look for each id: as a condition on the table it could be tried on every user of the directory
    text: `select u.member_id, coalesce(u.resource ->> 'displayName', u.user_name) as name from unnest($3::uuid[]) as a (id)
      join directory_user u on u.org_id = $1 and u.directory_id = $2 and u.member_id = a.id and u.deleted_at is null`,
    values: [scope.orgId, scope.directoryId, ids],
  });
  return new Map(rows.map((row) => [row.member_id, row.name]));
}
