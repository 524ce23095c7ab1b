// What part of a list is asked for: filter, order and page, from a query or from a SearchRequest (RFC 7644 section 3.4.2
// and 3.4.3).
import type { PageRequest } from '../src/directory/directory-filter.ts';
import { DomainError } from '../src/errors.ts';
import { parseFilter } from './filter/parser.ts';
import { resolveFilter, resolveOrder } from './filter/resolve.ts';
import type { PageMarks } from './page-marks.ts';
import { type Projection, readProjection } from './projection.ts';
import type { ResourceType } from './schema/attribute.ts';

export const DEFAULT_PAGE = 100;
export const LARGEST_PAGE = 1_000;

export type ListRequest = {
  readonly startIndex: number;
  readonly page: PageRequest;
  readonly projection: Projection;
  /** What makes two pages parts of one list, where they follow each other by id. */
  readonly list: string | undefined;
};

/** The parameters by name; a SearchRequest's lists of names are joined. */
export type ListParameters = (name: string) => string | undefined;

/** Throws `invalid_filter`, or `invalid_value` for a page that is no number. */
export function readListRequest(type: ResourceType, parameters: ListParameters): ListRequest {
  const filter = parameters('filter');
  const sortBy = parameters('sortBy');
  const startIndex = Math.max(1, readWhole('startIndex', parameters('startIndex'), 1));
  const count = Math.max(0, readWhole('count', parameters('count'), DEFAULT_PAGE));
  return {
    startIndex,
    page: {
      filter: filter === undefined ? undefined : resolveFilter(type, parseFilter(filter)),
      order: sortBy === undefined ? undefined : resolveOrder(type, sortBy, isDescending(parameters('sortOrder'))),
      offset: startIndex - 1,
      limit: Math.min(count, LARGEST_PAGE),
    },
    list: sortBy === undefined ? `${type.name} ${filter ?? ''}` : undefined,
    projection: readProjection(type, parameters('attributes'), parameters('excludedAttributes')),
  };
}

/** Parameters of a URL's query; an empty one counts as not given. */
export function queryParameters(query: URLSearchParams): ListParameters {
  return (name) => query.get(name) || undefined;
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

/** Reads a page, behind the page before it where that one was read lately. */
export async function readMarkedPage<Row extends { readonly id: string }>(
  marks: PageMarks,
  directoryId: string,
  request: ListRequest,
  read: (page: PageRequest) => Promise<Row[]>,
): Promise<Row[]> {
  const { page, startIndex } = request;
  if (page.limit === 0) return [];
  const list = request.list === undefined ? undefined : `${directoryId} ${request.list}`;
  const after = list === undefined ? undefined : marks.find(list, startIndex);
  const rows = await read({ ...page, after });
  const last = rows.at(-1);
  if (list !== undefined && last && rows.length === page.limit) marks.note(list, startIndex + rows.length, last.id);
  return rows;
}
