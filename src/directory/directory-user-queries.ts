// Reads of a directory's users: each one statement, prepared where its text is fixed or common.
import type { Queryable } from '../db/database.ts';
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import type { PageRequest } from './directory-filter.ts';
import { filterToSql } from './filter-sql.ts';
import { comingMarkToSql, markToSql, type NewPageMark } from './page-marks.ts';
import { type Listed, listed, pageToSql } from './page-sql.ts';
import { type ResourceTimes, timesOf } from './resource-times.ts';
import { nameOfShape } from './statement-names.ts';

/** A SCIM User as stored: `resource` and `groups` are JSON texts, spliced into an answer as they are. */
export type DirectoryUserRow = ResourceTimes & {
  readonly id: string;
  readonly version: number;
  readonly active: boolean;
  readonly resource: string;
  /** A JSON array of the user's groups, or null where there are none or they were not asked for. */
  readonly groups: string | null;
  /** In a list with an order: the text of what the row is sorted by. */
  readonly sort_key?: string | null;
};

const COLUMNS = `d.member_id as id, d.version, d.active, ${timesOf('d')}, d.resource::text as resource`;

/**
 * The groups of `d`; `$n` is the address that their references start with. `is not distinct from` keeps the planner, which
 * knows no figures of a new directory, from reading all its groups for each member instead of one by its key.
 */
export const groupsColumn = (
  n: number,
) => `(select json_agg(json_build_object('value', g.id, '$ref', $${n}::text || g.id,
  'display', g.display_name, 'type', 'direct') order by g.id)::text
  from group_member gm join directory_group g on g.org_id = gm.org_id and g.id = gm.group_id
    and g.directory_id is not distinct from d.directory_id
  where gm.org_id = d.org_id and gm.member_id = d.member_id) as groups`;

const LIVE = 'd.org_id = $1 and d.directory_id = $2 and d.deleted_at is null';

/** What one user is found by. */
export type UserKey = 'id' | 'userName' | 'externalId';

const KEY_MATCHES: Readonly<Record<UserKey, string>> = {
  id: 'd.member_id = asked.value::uuid',
  userName: 'd.user_name_key = fold_key(asked.value)',
  externalId: 'd.external_id = asked.value',
};

/** Whom to look for, and in which directory. */
type AskedUser = { readonly directoryId: string; readonly value: string };

/** Those of `asked` that there are: `n` is the place of a row's value among them, counted from 1. */
export function findDirectoryUsers(
  deps: DirectoryDeps,
  orgId: string,
  key: UserKey,
  asked: readonly AskedUser[],
  groupsAt: string,
): Promise<(DirectoryUserRow & { readonly n: number })[]> {
  return deps.db.query(orgId, {
    name: `directory_users_by_${key}`,
    // the limit keeps each look-up one of its own, where a join might read the whole directory; JSON arrays, since the
    // length of an SQL array would have every statement planned anew
    text: `select asked.n::integer as n, ${COLUMNS}, ${groupsColumn(4)}
      from rows from (jsonb_array_elements_text($2), jsonb_array_elements_text($3)) with ordinality as asked (directory_id, value, n)
      cross join lateral (select * from directory_user d where d.org_id = $1 and d.directory_id = asked.directory_id::uuid
        and d.deleted_at is null and ${KEY_MATCHES[key]} limit 1) d`,
    values: [
      orgId,
      JSON.stringify(asked.map(({ directoryId }) => directoryId)),
      JSON.stringify(asked.map(({ value }) => value)),
      groupsAt,
    ],
  });
}

/**
 * One user by id, which must be a UUID, with its row locked until the transaction ends. `groupsAt` is the address of the
 * groups' collection.
 */
export async function lockDirectoryUser(
  tx: Queryable,
  scope: DirectoryScope,
  id: string,
  groupsAt: string,
): Promise<DirectoryUserRow | undefined> {
  const values = [scope.orgId, scope.directoryId, id, groupsAt];
  const rows = await tx.query<DirectoryUserRow>({
    name: 'directory_user_lock',
    text: `select ${COLUMNS}, ${groupsColumn(4)} from directory_user d where ${LIVE} and d.member_id = $3 for update of d`,
    values,
  });
  return rows[0];
}

/** One page. `groupsAt` undefined leaves the groups out. */
export async function listDirectoryUsers(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  page: PageRequest,
  groupsAt: string | undefined,
): Promise<Listed<DirectoryUserRow>> {
  const values: unknown[] = [scope.orgId, scope.directoryId];
  const where = page.filter ? ` and ${filterToSql(page.filter, 'user', values)}` : '';
  const { behind, order, sortKey } = pageToSql(page, 'user', 'd.member_id', values);
  const [limit, offset] = [values.push(page.limit), values.push(page.after === undefined ? page.offset : 0)];
  const total = page.filter ? '' : `, (${TOTAL})`;
  // the page comes first: groups are read for the rows it shows, not for those it skips
  const groups = groupsAt === undefined ? 'null as groups' : groupsColumn(values.push(groupsAt));
  const coming = page.filter || page.order ? undefined : page.coming?.();
  const noted = coming ? `, noted as (${comingMarkToSql(coming, limit, values)})` : '';
  const text = `with page as materialized (select * from directory_user d where ${LIVE}${where}${behind}
      order by ${order} limit $${limit} offset $${offset})${noted}
    select ${COLUMNS}, ${groups}${sortKey}${total} from page d order by ${order}`;
  const rows = await deps.db.query<DirectoryUserRow>(scope.orgId, { ...nameOfShape(text), text, values });
  return { ...listed(rows), isNoted: coming !== undefined };
}

const TOTAL =
  'select coalesce(sum(users), 0)::integer as total from directory_count where org_id = $1 and directory_id = $2';

/**
 * How many users a page's filter finds; without one, the directory's counters are added up. The same statement notes
 * where the next page begins, if `mark` says so.
 */
export async function countDirectoryUsers(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  page: Pick<PageRequest, 'filter' | 'order'>,
  mark?: NewPageMark,
): Promise<number> {
  const values: unknown[] = [scope.orgId, scope.directoryId];
  const noted = mark ? markToSql(mark, page.order, 'user', values) : '';
  const counted = page.filter
    ? `select count(*)::integer as total from directory_user d where ${LIVE} and ${filterToSql(page.filter, 'user', values)}`
    : TOTAL;
  const text = `${noted}${counted}`;
  const rows = await deps.db.query<{ total: number }>(scope.orgId, { ...nameOfShape(text), text, values });
  return rows[0]!.total;
}
