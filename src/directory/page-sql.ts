// The place of a page in its list, as SQL: behind or before one row, by sort value and id, so that a page costs what it
// holds wherever it lies. Resources without a sort value stand last, and first where the order is descending (RFC 7644
// section 3.4.2.3), as Postgres has it.
import type { FilteredResource, PageRequest } from './directory-filter.ts';
import { type SortOperand, sortOperand } from './filter-sql.ts';

export type PageSql = {
  /** A condition that begins with `and`, or nothing. */
  readonly behind: string;
  readonly order: string;
  /** A further column that begins with a comma, or nothing: `sort_key`. */
  readonly sortKey: string;
};

/** Rows of a list, with the total of it where the statement that read them knew it. */
export type Listed<Row> = {
  readonly rows: Row[];
  readonly total: number | undefined;
  /** The next page's mark is written. */
  readonly isNoted?: boolean;
};

/** Where the statement knows the total, each row carries it. */
export function listed<Row>(rows: (Row & { readonly total?: number })[]): Listed<Row> {
  return { rows, total: rows[0]?.total };
}

/** Parameters are appended to `values`; `id` is the column of the ids of `resource`. */
export function pageToSql(page: PageRequest, resource: FilteredResource, id: string, values: unknown[]): PageSql {
  const isDescending = (page.order?.descending ?? false) !== (page.backwards ?? false);
  const direction = isDescending ? ' desc' : '';
  const beyond = isDescending ? '<' : '>';
  if (!page.order) {
    const behind = page.after ? ` and ${id} ${beyond} $${values.push(page.after.id)}` : '';
    return { behind, order: `${id}${direction}`, sortKey: '' };
  }
  const operand = sortOperand(page.order.target, resource, values);
  return {
    behind: page.after ? ` and ${beyondPlace(operand, id, isDescending, page.after, values)}` : '',
    order: `${operand.sql}${direction}, ${id}${direction}`,
    sortKey: `, (${operand.sql})::text as sort_key`,
  };
}

function beyondPlace(
  { sql, type, isNullable }: SortOperand,
  id: string,
  isDescending: boolean,
  after: NonNullable<PageRequest['after']>,
  values: unknown[],
): string {
  const place = `$${values.push(after.id)}::uuid`;
  if (after.key === null) {
    return isDescending ? `(${sql} is not null or ${id} < ${place})` : `(${sql} is null and ${id} > ${place})`;
  }
  const value = `$${values.push(after.key)}::${type}`;
  if (isDescending) return `(${sql}, ${id}) < (${value}, ${place})`;
  const behind = `(${sql}, ${id}) > (${value}, ${place})`;
  return isNullable ? `(${behind} or ${sql} is null)` : behind;
}
