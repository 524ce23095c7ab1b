// POST /.search, at the root and under each type (RFC 7644 section 3.4.3), and GET of the root (section 3.4.2.1). At the root, users and groups stand in one
// order; a filter that a type has no attributes for finds nothing of that type, and a type without the attribute that is
// sorted by has no value of it.
import type { DirectoryGroupRow } from '../../src/directory/directory-group-queries.ts';
import type { DirectoryUserRow } from '../../src/directory/directory-user-queries.ts';
import { findResourcePlace } from '../../src/directory/resource-place.ts';
import { DomainError } from '../../src/errors.ts';
import type { ScimAnswer, ScimRequest, ScimServices } from '../exchange.ts';
import { groupTexts } from '../group-text.ts';
import { mergeRows } from '../merge-rows.ts';
import { type ListRequest, readListRequest, readOrder } from '../paging.ts';
import { bodyParameters, queryParameters, type RequestParameters } from '../parameters.ts';
import { type PageSource, readPage } from '../read-page.ts';
import { requireMessage } from '../schema/message.ts';
import { SEARCH_REQUEST } from '../schema/names.ts';
import { findGroups, groupSource } from './groups.ts';
import { listAnswer } from './list-answer.ts';
import { findUsers, userSource, userText } from './users.ts';

export async function searchUsers(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const list = readListRequest(request.types.user, searchParameters(request));
  return listAnswer(await findUsers(services, request, list));
}

export async function searchGroups(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const list = readListRequest(request.types.group, searchParameters(request));
  return listAnswer(await findGroups(services, request, list));
}

type Row = DirectoryUserRow | DirectoryGroupRow;

export function searchAll(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  return answerAll(services, request, searchParameters(request));
}

/** The same as a query of the root (RFC 7644 section 3.4.2.1). */
export function listAll(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  return answerAll(services, request, queryParameters(request.query));
}

async function answerAll(
  services: ScimServices,
  request: ScimRequest,
  parameters: RequestParameters,
): Promise<ScimAnswer> {
  const { user, group } = readLists(request, parameters);
  const users = user && userSource(services, request, user);
  const groups = group && groupSource(services, request, group);
  const kindOf = new Map<Row, 'user' | 'group'>();
  const source: PageSource<Row> = {
    async read(part) {
      const after = part.after ?? (await placeBefore(services, request, { user, group }, part.offset));
      if (!after && part.offset > 0) return { rows: [], total: undefined };
      // a page of both kinds ends at a row of either, which neither knows
      const ofOne = { ...part, after, offset: 0, coming: undefined };
      const [some, others] = await Promise.all([
        users?.read(ofOne).then(({ rows }) => rows) ?? [],
        groups?.read(ofOne).then(({ rows }) => rows) ?? [],
      ]);
      for (const row of some) kindOf.set(row, 'user');
      for (const row of others) kindOf.set(row, 'group');
      const order = user?.order?.target === 'none' ? group?.order : (user ?? group)!.order;
      return { rows: mergeRows<Row>(some, others, order, part.backwards).slice(0, part.limit), total: undefined };
    },
    async count(mark) {
      // the mark goes with the kind whose order says how its value compares
      const marksUsers = users !== undefined && user?.order?.target !== 'none';
      const [some, others] = await Promise.all([
        users?.count(marksUsers ? mark : undefined) ?? 0,
        groups?.count(marksUsers ? undefined : mark) ?? 0,
      ]);
      return some + others;
    },
  };
  const page = await readPage(services, request.caller, (user ?? group)!, source);
  const groupRows = page.rows.filter((row): row is DirectoryGroupRow => kindOf.get(row) === 'group');
  const texts = group ? await groupTexts(services, request, groupRows, group.projection) : [];
  const textOf = new Map(groupRows.map((row, index) => [row, texts[index]!]));
  const resources = page.rows.map(
    (row) => textOf.get(row as DirectoryGroupRow) ?? userText(services, row as DirectoryUserRow, user!.projection),
  );
  const { rows: _, ...place } = page;
  return listAnswer({ ...place, resources });
}

type Lists = { readonly user: ListRequest | undefined; readonly group: ListRequest | undefined };

async function placeBefore(services: ScimServices, request: ScimRequest, { user, group }: Lists, offset: number) {
  return offset === 0 ? undefined : findResourcePlace(services, request.caller, { user, group }, offset);
}

/** What is asked of each type, at least of one. Throws what is wrong with both. */
function readLists(request: ScimRequest, parameters: RequestParameters): Lists {
  const { user, group } = request.types;
  const unsorted: RequestParameters = (name) => (name === 'sortBy' ? undefined : parameters(name));
  const lists = [user, group].map((type) => attempt(() => readListRequest(type, unsorted)));
  const orders = [user, group].map((type) => attempt(() => readOrder(type, parameters)));
  const [first, second] = lists;
  if (first instanceof DomainError && second instanceof DomainError) throw first;
  if (orders[0] instanceof DomainError && orders[1] instanceof DomainError) throw orders[0];
  const list = JSON.stringify([
    '*',
    parameters('filter'),
    parameters('sortBy')?.toLowerCase(),
    parameters('sortOrder')?.toLowerCase(),
  ]);
  const descending = orders.some((order) => !(order instanceof DomainError) && order?.descending);
  const [users, groups] = lists.map((each, index): ListRequest | undefined => {
    const order = orders[index];
    if (each instanceof DomainError) return undefined;
    return { ...each, list, order: order instanceof DomainError ? { target: 'none', descending } : order };
  });
  return { user: users, group: groups };
}

function attempt<T>(read: () => T): T | DomainError {
  try {
    return read();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

function searchParameters(request: ScimRequest): RequestParameters {
  requireMessage(request.body, SEARCH_REQUEST, 'search');
  return bodyParameters(request.body);
}
