// Two sorted lists as one, in the order that the database gives each (src/directory/page-sql.ts). Pure.
import type { DirectoryOrder } from '../src/directory/directory-filter.ts';

type Row = { readonly id: string; readonly sort_key?: string | null };

/** Rows of both, each list sorted already; `backwards` where they come in the opposite of `order`. */
export function mergeRows<R extends Row>(
  some: readonly R[],
  others: readonly R[],
  order: DirectoryOrder | undefined,
  backwards: boolean,
): R[] {
  const isNumber =
    order !== undefined && order.target !== 'none' && 'kind' in order.target && order.target.kind === 'number';
  const turned = (order?.descending ?? false) !== backwards ? -1 : 1;
  return [...some, ...others].sort((a, b) => turned * compareRows(a, b, isNumber));
}

function compareRows(a: Row, b: Row, isNumber: boolean): number {
  const [left, right] = [a.sort_key ?? null, b.sort_key ?? null];
  if (left === right) return compareTexts(a.id, b.id);
  if (left === null || right === null) return left === null ? 1 : -1;
  return isNumber ? Number(left) - Number(right) || compareTexts(a.id, b.id) : compareTexts(left, right);
}

/** By code points, as the collation "C" does; not by UTF-16 units. */
function compareTexts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
