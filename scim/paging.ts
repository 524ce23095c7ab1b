// What part of a list is asked for: filter, order and page, from a query or from a SearchRequest (RFC 7644 section 3.4.2
// and 3.4.3, RFC 9865).
import type { DirectoryFilter, DirectoryOrder } from '../src/directory/directory-filter.ts';
import { DomainError } from '../src/errors.ts';
import { parseFilter } from './filter/parser.ts';
import { resolveFilter, resolveOrder } from './filter/resolve.ts';
import type { RequestParameters } from './parameters.ts';
import { type Projection, readProjection } from './projection.ts';
import type { ResourceType } from './schema/attribute.ts';

export const DEFAULT_PAGE = 100;
export const LARGEST_PAGE = 1_000;

export type ListRequest = {
  /** The page: counted from 1, or by a cursor (empty for the first page; RFC 9865). */
  readonly at: { readonly startIndex: number } | { readonly cursor: string };
  readonly filter: DirectoryFilter | undefined;
  readonly order: DirectoryOrder | undefined;
  readonly limit: number;
  readonly projection: Projection;
  /** What makes two pages parts of one list: type, filter and order. */
  readonly list: string;
};

/** Throws `invalid_filter`, `invalid_count` beside a cursor, or `invalid_value` for a page that is no number. */
export function readListRequest(type: ResourceType, parameters: RequestParameters): ListRequest {
  const filter = parameters('filter') || undefined;
  const order = readOrder(type, parameters);
  const sortBy = parameters('sortBy')?.toLowerCase();
  const cursor = parameters('cursor');
  const startIndex = Math.max(1, readWhole('startIndex', parameters('startIndex') || undefined, 1));
  if (cursor !== undefined && startIndex > 1) {
    throw new DomainError('invalid_cursor', 'Give a cursor or a startIndex: a page cannot begin at both.');
  }
  return {
    at: cursor === undefined ? { startIndex } : { cursor },
    filter: filter === undefined ? undefined : resolveFilter(type, parseFilter(filter)),
    order,
    limit: Math.min(readCount(parameters('count') || undefined, cursor !== undefined), LARGEST_PAGE),
    list: JSON.stringify([type.name, filter, order && sortBy, order?.descending]),
    projection: readProjection(type, parameters),
  };
}

/** Undefined for the order of ids. Throws `invalid_value` for an attribute that the type cannot be sorted by. */
export function readOrder(type: ResourceType, parameters: RequestParameters): DirectoryOrder | undefined {
  const sortBy = parameters('sortBy') || undefined;
  const descending = isDescending(parameters('sortOrder') || undefined);
  return sortBy === undefined ? undefined : resolveOrder(type, sortBy, descending);
}

/** Beside a cursor a page has at least one resource, or the list would never end (RFC 9865 section 2.1). */
function readCount(text: string | undefined, isCursor: boolean): number {
  if (!isCursor) return Math.max(0, readWhole('count', text, DEFAULT_PAGE));
  const count = text === undefined ? DEFAULT_PAGE : /^\+?\d{1,15}$/.test(text) ? Number(text) : 0;
  if (count >= 1) return count;
  throw new DomainError('invalid_count', `count must be a number from 1 to ${LARGEST_PAGE} beside a cursor.`);
}

function readWhole(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^[+-]?\d{1,15}$/.test(text)) throw new DomainError('invalid_value', `${name} must be a whole number.`);
  return Math.min(Number(text), 2_000_000_000);
}

function isDescending(sortOrder: string | undefined): boolean {
  const order = sortOrder?.toLowerCase() ?? 'ascending';
  if (order !== 'ascending' && order !== 'descending') {
    throw new DomainError('invalid_value', 'sortOrder must be ascending or descending.');
  }
  return order === 'descending';
}
