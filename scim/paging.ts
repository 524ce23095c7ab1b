// What part of a list is asked for: filter, order and page, from a query or from a SearchRequest (RFC 7644 section 3.4.2
// and 3.4.3, RFC 9865).
import type { DirectoryFilter, DirectoryOrder } from '../src/directory/directory-filter.ts';
import { DomainError } from '../src/errors.ts';
import { parseFilter } from './filter/parser.ts';
import { resolveFilter, resolveOrder } from './filter/resolve.ts';
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

/** The parameters by name, an empty text where one is given without a value; a SearchRequest's lists are joined. */
export type ListParameters = (name: string) => string | undefined;

/** Throws `invalid_filter`, `invalid_count` beside a cursor, or `invalid_value` for a page that is no number. */
export function readListRequest(type: ResourceType, parameters: ListParameters): ListRequest {
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
    projection: readProjection(
      type,
      parameters('attributes') || undefined,
      parameters('excludedAttributes') || undefined,
    ),
  };
}

/** Undefined for the order of ids. Throws `invalid_value` for an attribute that the type cannot be sorted by. */
export function readOrder(type: ResourceType, parameters: ListParameters): DirectoryOrder | undefined {
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

/** Parameters of a URL's query. */
export function queryParameters(query: URLSearchParams): ListParameters {
  return (name) => query.get(name) ?? undefined;
}

/** Parameters of the body of a search. Throws `invalid_value`. */
export function bodyParameters(body: Readonly<Record<string, unknown>>): ListParameters {
  return (name) => {
    const value = Object.entries(body).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
    if (value === undefined || value === null) return undefined;
    if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value.join(',');
    if (typeof value === 'string' || typeof value === 'number') return String(value);
    throw new DomainError('invalid_value', `${name} of the search has the wrong type.`);
  };
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
