// A page of a list by index (RFC 7644 section 3.4.2.4) or by cursor (RFC 9865), both by the row that it begins behind.
// A walk by index goes on behind the last row that it was shown, so that nobody alive is passed over while others go;
// a page that no walk leads to is counted off from the start.
import type { DirectoryDeps, DirectoryScope } from '../src/directory/directory.ts';
import type { PagePlace, PageRequest } from '../src/directory/directory-filter.ts';
import { findPageMark, type NewPageMark } from '../src/directory/page-marks.ts';
import type { Listed } from '../src/directory/page-sql.ts';
import type { Cursors } from './cursor.ts';
import { listId, type PageMarks } from './page-marks.ts';
import type { ListRequest } from './paging.ts';

export type PageRow = { readonly id: string; readonly sort_key?: string | null };

/** Rows of one list in its order; `count` notes a mark in passing. */
export type PageSource<Row extends PageRow> = {
  read(part: {
    readonly offset: number;
    readonly after: PagePlace | undefined;
    readonly backwards: boolean;
    readonly limit: number;
    readonly coming?: PageRequest['coming'];
  }): Promise<Listed<Row>>;
  count(mark?: NewPageMark): Promise<number>;
};

export type Page<Row> = {
  readonly rows: readonly Row[];
  readonly total: number;
  readonly startIndex?: number;
  readonly nextCursor?: string;
  readonly previousCursor?: string;
};

export type PagingServices = DirectoryDeps & { readonly marks: PageMarks; readonly cursors: Cursors };

/** Throws `invalid_cursor` or `expired_cursor`. */
export function readPage<Row extends PageRow>(
  services: PagingServices,
  scope: DirectoryScope,
  list: ListRequest,
  source: PageSource<Row>,
): Promise<Page<Row>> {
  const { at } = list;
  if ('cursor' in at) return readAtCursor(services, scope, { ...list, cursor: at.cursor }, source);
  return readAtIndex(services, scope, { ...list, startIndex: at.startIndex }, source);
}

async function readAtIndex<Row extends PageRow>(
  services: PagingServices,
  scope: DirectoryScope,
  list: ListRequest & { readonly startIndex: number },
  source: PageSource<Row>,
): Promise<Page<Row>> {
  const { startIndex, limit } = list;
  if (limit === 0) return { rows: [], total: await source.count(), startIndex };
  // a hash, which the first page of a list that ends there does without
  const id = () => listId(list.list);
  const after = startIndex === 1 ? undefined : await findPageMark(services, scope, { list: id(), index: startIndex });
  const coming = () => services.marks.coming(scope.directoryId, { list: id(), index: startIndex + limit });
  const part = { offset: startIndex - 1, after, backwards: false, limit, coming };
  const { rows, hasMore, isNoted, count } = await readOneMore(source, part);
  const seen = startIndex - 1 + rows.length;
  if (hasMore) {
    const next = { list: id(), index: startIndex + rows.length };
    const mark = services.marks.next(scope.directoryId, next, placeOf(rows.at(-1)!));
    const total = await count(isNoted ? undefined : mark);
    // whoever goes on until the total must come to what is left, though some of those it was shown are gone
    return { rows, total: Math.max(total, seen + 1), startIndex };
  }
  const isExact = !after && (rows.length > 0 || startIndex === 1);
  return { rows, total: isExact ? seen : await count(), startIndex };
}

async function readAtCursor<Row extends PageRow>(
  services: PagingServices,
  scope: DirectoryScope,
  list: ListRequest & { readonly cursor: string },
  source: PageSource<Row>,
): Promise<Page<Row>> {
  const name = `${scope.directoryId} ${list.list}`;
  const opened = list.cursor === '' ? undefined : services.cursors.open(name, list.cursor);
  const backwards = opened?.backwards ?? false;
  const part = { offset: 0, after: opened?.place, backwards, limit: list.limit };
  const { rows, hasMore, count } = await readOneMore(source, part);
  if (backwards) rows.reverse();
  const isWhole = !opened && !hasMore;
  // a filter is counted once for a list, not with each of its pages
  const known = list.filter ? opened?.total : undefined;
  const total = isWhole ? rows.length : (known ?? (await count()));
  const [first, last] = [rows[0], rows.at(-1)];
  const seal = (row: Row, back: boolean) =>
    services.cursors.seal(name, { place: placeOf(row), backwards: back, total: list.filter ? total : undefined });
  return {
    rows,
    total,
    ...(last && (backwards || hasMore) ? { nextCursor: seal(last, false) } : {}),
    ...(first && (backwards ? hasMore : opened) ? { previousCursor: seal(first, true) } : {}),
  };
}

/** One row more than is shown tells whether there is a next page. `count` asks only for what was not read with the rows. */
async function readOneMore<Row extends PageRow>(
  source: PageSource<Row>,
  part: Parameters<PageSource<Row>['read']>[0],
): Promise<{ rows: Row[]; hasMore: boolean; isNoted: boolean; count: PageSource<Row>['count'] }> {
  const { rows, total, isNoted = false } = await source.read({ ...part, limit: part.limit + 1 });
  const hasMore = rows.length > part.limit;
  const count = async (mark?: NewPageMark) => (mark === undefined ? total : undefined) ?? (await source.count(mark));
  return { rows: hasMore ? rows.slice(0, part.limit) : rows, hasMore, isNoted, count };
}

function placeOf(row: PageRow): PagePlace {
  return { id: row.id, key: row.sort_key ?? null };
}
