// A filter over JSON in memory: the value filters of PATCH, and what the SQL of a filter is tested against.
import type {
  Comparison,
  DirectoryFilter,
  FilterValue,
  Target,
  ValueKind,
} from '../../src/directory/directory-filter.ts';

/** What stands in a column or in a collection for the resource at hand. */
export type Surroundings = {
  column(name: string): { readonly value: FilterValue | undefined; readonly kind: ValueKind };
  collection(name: 'members' | 'groups'): readonly Surroundings[];
};

const NOTHING: Surroundings = {
  column(name) {
    throw new Error(`No column ${name} here`);
  },
  collection: () => [],
};

/** Whether `json` satisfies the filter; columns and collections come from `around`. */
export function matches(filter: DirectoryFilter, json: unknown, around: Surroundings = NOTHING): boolean {
  switch (filter.op) {
    case 'and':
      return filter.of.every((part) => matches(part, json, around));
    case 'or':
      return filter.of.some((part) => matches(part, json, around));
    case 'not':
      return !matches(filter.of, json, around);
    case 'some': {
      const { where } = filter;
      if (typeof filter.in === 'string') {
        return around.collection(filter.in).some((each) => !where || matches(where, undefined, each));
      }
      const list = valueAt(json, filter.in);
      return Array.isArray(list) && list.some((each) => !where || matches(where, each));
    }
    case 'keyed':
      return matches(filter.of, json, around);
    case 'present': {
      const { value } = operandOf(filter.target, json, around);
      return value !== undefined && value !== '';
    }
    default: {
      const { value, kind } = operandOf(filter.target, json, around);
      return compare(value, filter.op, filter.value, kind);
    }
  }
}

function operandOf(
  target: Target,
  json: unknown,
  around: Surroundings,
): { readonly value: FilterValue | undefined; readonly kind: ValueKind } {
  if ('column' in target) {
    const { value, kind } = around.column(target.column);
    if (target.prefix === undefined) return { value, kind };
    return { value: value === undefined ? undefined : `${target.prefix}${value}`, kind: 'text' };
  }
  const value = valueAt(json, target.path);
  return { value: (value ?? undefined) as FilterValue | undefined, kind: target.kind };
}

function valueAt(json: unknown, path: readonly string[]): unknown {
  let value = json;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

function compare(left: FilterValue | undefined, op: Comparison, right: FilterValue, kind: ValueKind): boolean {
  if (left === undefined) return op === 'ne';
  if (op === 'co') return fold(left, kind).includes(fold(right, kind));
  if (op === 'sw') return fold(left, kind).startsWith(fold(right, kind));
  if (op === 'ew') return fold(left, kind).endsWith(fold(right, kind));
  const order = orderOf(left, right, kind);
  switch (op) {
    case 'eq':
      return order === 0;
    case 'ne':
      return order !== 0;
    case 'gt':
      return order > 0;
    case 'ge':
      return order >= 0;
    case 'lt':
      return order < 0;
    case 'le':
      return order <= 0;
  }
}

/** Texts compare by their bytes, as columns of collation "C" do. */
function orderOf(left: FilterValue, right: FilterValue, kind: ValueKind): number {
  if (kind === 'text' || kind === 'folded') {
    return Buffer.compare(Buffer.from(fold(left, kind)), Buffer.from(fold(right, kind)));
  }
  if (kind === 'time') return new Date(String(left)).getTime() - new Date(String(right)).getTime();
  return Number(left) - Number(right);
}

function fold(value: FilterValue, kind: ValueKind): string {
  return kind === 'folded' ? String(value).normalize('NFC').toLowerCase() : String(value);
}
