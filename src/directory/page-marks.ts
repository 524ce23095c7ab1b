// Where pages ended, shared by all processes: so that a client that walks a list by index goes on behind the last row it
// was shown, whichever process answers, and what others delete meanwhile shifts nothing. A mark is written with the
// total that a full page shows anyway, and swept away when its time is over (migration 0014).
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import type { ComingMark, DirectoryOrder, FilteredResource, PageMarkKey, PagePlace } from './directory-filter.ts';
import { sortOperand } from './filter-sql.ts';

const KEPT_MINUTES = 30;
/** As long as another client may still be on its way to a mark. */
const AWAITED_MINUTES = 5;

export type NewPageMark = ComingMark & { readonly place: PagePlace };

/** The row behind which that page begins, where the page before it was read lately. */
export async function findPageMark(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  { list, index }: PageMarkKey,
): Promise<PagePlace | undefined> {
  const rows = await deps.db.query<{ id: string; key: string | null }>(scope.orgId, {
    name: 'page_mark_find',
    text: `select last_id as id, last_key as key from page_mark
      where org_id = $1 and directory_id = $2 and list = $3 and next_index = $4
        and marked_at > $5::timestamptz - interval '${KEPT_MINUTES} minutes'`,
    values: [scope.orgId, scope.directoryId, list, index, deps.clock.now()],
  });
  return rows[0];
}

/**
 * A `with` that notes a mark; $1 and $2 are organization and directory. Of two clients that walk the same list at the
 * same time, the one that is less far decides: a row may be seen twice, never lost.
 */
export function markToSql(
  { list, index, place, now }: NewPageMark,
  order: DirectoryOrder | undefined,
  resource: FilteredResource,
  values: unknown[],
): string {
  const [l, i, id, key, at] = [list, index, place.id, place.key, now].map((value) => `$${values.push(value)}`);
  return `with noted as (${insertMark(`values ($1, $2, ${l}, ${i}, ${id}, ${key}, ${at})`, order, resource)})
  `;
}

/** The insert of a mark behind the users of `page`, sorted by id alone, if one more was read than is shown: `$limit`. */
export function comingMarkToSql({ list, index, now }: ComingMark, limit: number, values: unknown[]): string {
  const [l, i, at] = [values.push(list), values.push(index), values.push(now)];
  const last = `select $1::uuid, $2::uuid, $${l}::uuid, $${i}::integer, d.member_id, null, $${at}::timestamptz from page d
    where (select count(*) from page) = $${limit} order by d.member_id limit 1 offset $${limit} - 2`;
  return insertMark(last, undefined, 'user');
}

function insertMark(marks: string, order: DirectoryOrder | undefined, resource: FilteredResource): string {
  const type = order === undefined ? 'text' : sortOperand(order.target, resource, []).type;
  const stands = order?.descending ? isBefore('excluded', 'm', type) : isBefore('m', 'excluded', type);
  return `insert into page_mark as m (org_id, directory_id, list, next_index, last_id, last_key, marked_at)
    ${marks}
    on conflict (org_id, directory_id, list, next_index) do update
      set last_id = excluded.last_id, last_key = excluded.last_key, marked_at = excluded.marked_at
      where m.marked_at < excluded.marked_at - interval '${AWAITED_MINUTES} minutes' or not ${stands}`;
}

/** Whether mark `a` lies before mark `b` in ascending order, where those without a value stand last. */
function isBefore(a: string, b: string, type: string): string {
  return `(case when ${a}.last_key is not distinct from ${b}.last_key then ${a}.last_id < ${b}.last_id
    else coalesce(${a}.last_key::${type} < ${b}.last_key::${type}, ${b}.last_key is null) end)`;
}
