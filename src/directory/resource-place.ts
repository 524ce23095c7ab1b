// Where a page of resources of several types begins (RFC 7644 section 3.4.3, at the root): for a page that no walk leads
// to, the row before it is looked up over all by ids and sort values alone.
import type { DirectoryDeps, DirectoryScope } from './directory.ts';
import type { AgentKind } from './directory-agent.ts';
import type { DirectoryFilter, DirectoryOrder, PagePlace } from './directory-filter.ts';
import { filterToSql, type SortOperand, sortOperand } from './filter-sql.ts';
import { nameOfShape } from './statement-names.ts';

/** What is asked of one kind; all in the same direction. */
export type ResourcePart = {
  readonly kind: keyof typeof FROM;
  readonly filter: DirectoryFilter | undefined;
  readonly order: DirectoryOrder | undefined;
};

const agents = (kind: AgentKind) =>
  ({
    id: 'd.id',
    columns: 'agent',
    from: `directory_agent d where d.org_id = $1 and d.directory_id = $2 and d.kind = '${kind}'`,
  }) as const;

const FROM = {
  user: {
    id: 'd.member_id',
    columns: 'user',
    from: 'directory_user d where d.org_id = $1 and d.directory_id = $2 and d.deleted_at is null',
  },
  group: { id: 'd.id', columns: 'group', from: 'directory_group d where d.org_id = $1 and d.directory_id = $2' },
  agent: agents('Agent'),
  agenticApplication: agents('AgenticApplication'),
} as const;

/** The last of the first `offset` resources; undefined where there are not so many. */
export async function findResourcePlace(
  deps: DirectoryDeps,
  scope: DirectoryScope,
  parts: readonly ResourcePart[],
  offset: number,
): Promise<PagePlace | undefined> {
  const values: unknown[] = [scope.orgId, scope.directoryId];
  const operands = parts.map(
    ({ kind, order }): SortOperand => sortOperand(order ? order.target : 'none', FROM[kind].columns, values),
  );
  const type = operands.find((operand) => operand.sql !== 'null::text')?.type ?? 'text';
  const selects = parts.map(({ kind, filter }, index) => {
    const { id, columns, from } = FROM[kind];
    const where = filter ? ` and ${filterToSql(filter, columns, values)}` : '';
    const key = operands[index]!.sql === 'null::text' ? `null::${type}` : operands[index]!.sql;
    return `select ${id} as id, ${key} as key from ${from}${where}`;
  });
  const direction = parts.some(({ order }) => order?.descending) ? ' desc' : '';
  const text = `select id, key::text as key from (${selects.join(' union all ')}) r
    order by key${direction}, id${direction} offset $${values.push(offset - 1)} limit 1`;
  const rows = await deps.db.query<{ id: string; key: string | null }>(scope.orgId, {
    ...nameOfShape(text),
    text,
    values,
  });
  return rows[0];
}
