// Where a page of users and groups together begins (RFC 7644 section 3.4.3, at the root): for a page that no walk leads
// to, the row before it is looked up over both by ids and sort values alone.
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import type { DirectoryFilter, DirectoryOrder, PagePlace } from './directory-filter.ts';
import { filterToSql, type SortOperand, sortOperand } from './filter-sql.ts';
import { nameOfShape } from './statement-names.ts';

type Part = { readonly filter: DirectoryFilter | undefined; readonly order: DirectoryOrder | undefined };

/** Of each kind what is asked for, nothing for a kind that is left out; both in the same direction. */
export type ResourceParts = { readonly user: Part | undefined; readonly group: Part | undefined };

const FROM = {
  user: {
    id: 'd.member_id',
    from: 'directory_user d where d.org_id = $1 and d.directory_id = $2 and d.deleted_at is null',
  },
  group: { id: 'd.id', from: 'directory_group d where d.org_id = $1 and d.directory_id = $2' },
} as const;

/** The last of the first `offset` resources; undefined where there are not so many. */
export async function findResourcePlace(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  parts: ResourceParts,
  offset: number,
): Promise<PagePlace | undefined> {
  const values: unknown[] = [scope.orgId, scope.directoryId];
  const kinds = (['user', 'group'] as const).filter((kind) => parts[kind]);
  const operands = kinds.map((kind): SortOperand => {
    const order = parts[kind]!.order;
    return sortOperand(order ? order.target : 'none', kind, values);
  });
  const type = operands.find((operand) => operand.sql !== 'null::text')?.type ?? 'text';
  const selects = kinds.map((kind, index) => {
    const { filter } = parts[kind]!;
    const where = filter ? ` and ${filterToSql(filter, kind, values)}` : '';
    const key = operands[index]!.sql === 'null::text' ? `null::${type}` : operands[index]!.sql;
    return `select ${FROM[kind].id} as id, ${key} as key from ${FROM[kind].from}${where}`;
  });
  const direction = kinds.some((kind) => parts[kind]!.order?.descending) ? ' desc' : '';
  const text = `select id, key::text as key from (${selects.join(' union all ')}) r
    order by key${direction}, id${direction} offset $${values.push(offset - 1)} limit 1`;
  const rows = await deps.db.query<{ id: string; key: string | null }>(scope.orgId, {
    ...nameOfShape(text),
    text,
    values,
  });
  return rows[0];
}
