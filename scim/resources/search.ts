// POST /.search, at the root and under each type (RFC 7644 section 3.4.3), and GET of the root (section 3.4.2.1). At the root, resources of all types stand in one
// order; a filter that a type has no attributes for finds nothing of that type, and a type without the attribute that is
// sorted by has no value of it.
import type { AgentKind, DirectoryAgentRow } from '../../src/directory/directory-agent.ts';
import type { DirectoryGroupRow } from '../../src/directory/directory-group-queries.ts';
import type { DirectoryUserRow } from '../../src/directory/directory-user-queries.ts';
import { findResourcePlace } from '../../src/directory/resource-place.ts';
import { DomainError } from '../../src/errors.ts';
import type { BodyText } from '../body-text.ts';
import type { Handler, ScimAnswer, ScimRequest, ScimServices } from '../exchange.ts';
import { groupTexts } from '../group-text.ts';
import { mergeRows } from '../merge-rows.ts';
import { type ListRequest, readListRequest, readOrder } from '../paging.ts';
import { bodyParameters, queryParameters, type RequestParameters } from '../parameters.ts';
import { type PageSource, readPage } from '../read-page.ts';
import { requireMessage } from '../schema/message.ts';
import { SEARCH_REQUEST } from '../schema/names.ts';
import type { ResourceTypes } from '../schema/resource-types.ts';
import { agentSource, agentText, findAgents } from './agents.ts';
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

export const searchAgents =
  (kind: AgentKind): Handler =>
  (services, request) =>
    findAgents(services, request, kind, searchParameters(request));

type Row = DirectoryUserRow | DirectoryGroupRow | DirectoryAgentRow;
type Kind = keyof ResourceTypes;
const KINDS: readonly Kind[] = ['user', 'group', 'agent', 'agenticApplication'];

/** What is asked of one type, and how its rows are read and shown. */
type Part = {
  readonly kind: Kind;
  readonly list: ListRequest;
  readonly source: PageSource<Row>;
  texts(rows: readonly Row[]): Promise<readonly BodyText[]> | readonly BodyText[];
};

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
  const parts = readLists(request, parameters).map(({ kind, list }) => partOf(services, request, kind, list));
  // the one whose order says how values compare
  const ordered = parts.find(({ list }) => list.order?.target !== 'none') ?? parts[0]!;
  const partOfRow = new Map<Row, Part>();
  const source: PageSource<Row> = {
    async read(part) {
      const after = part.after ?? (await placeBefore(services, request, parts, part.offset));
      if (!after && part.offset > 0) return { rows: [], total: undefined };
      // a page of several kinds ends at a row of any, which the others do not know
      const ofOne = { ...part, after, offset: 0, coming: undefined };
      const read = await Promise.all(parts.map((each) => each.source.read(ofOne)));
      let rows: readonly Row[] = [];
      for (const [index, { rows: some }] of read.entries()) {
        for (const row of some) partOfRow.set(row, parts[index]!);
        rows = mergeRows<Row>(rows, some, ordered.list.order, part.backwards);
      }
      return { rows: rows.slice(0, part.limit), total: undefined };
    },
    async count(mark) {
      const counts = await Promise.all(parts.map((each) => each.source.count(each === ordered ? mark : undefined)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
  const { rows, ...place } = await readPage(services, request.caller, parts[0]!.list, source);
  const textOf = new Map<Row, BodyText>();
  for (const part of parts) {
    const own = rows.filter((row) => partOfRow.get(row) === part);
    const texts = await part.texts(own);
    for (const [index, row] of own.entries()) textOf.set(row, texts[index]!);
  }
  return listAnswer({ ...place, resources: rows.map((row) => textOf.get(row)!) });
}

function partOf(services: ScimServices, request: ScimRequest, kind: Kind, list: ListRequest): Part {
  const { projection } = list;
  if (kind === 'user') {
    const texts = (rows: readonly Row[]) => rows.map((row) => userText(services, row as DirectoryUserRow, projection));
    return { kind, list, source: userSource(services, request, list), texts };
  }
  if (kind === 'group') {
    const texts = (rows: readonly Row[]) =>
      groupTexts(services, request, rows as readonly DirectoryGroupRow[], projection);
    return { kind, list, source: groupSource(services, request, list), texts };
  }
  const type = request.types[kind];
  const texts = (rows: readonly Row[]) => rows.map((row) => agentText(services, type, row, projection));
  return { kind, list, source: agentSource(services, request, type.name as AgentKind, list), texts };
}

async function placeBefore(services: ScimServices, request: ScimRequest, parts: readonly Part[], offset: number) {
  const asked = parts.map(({ kind, list: { filter, order } }) => ({ kind, filter, order }));
  return offset === 0 ? undefined : findResourcePlace(services, request.caller, asked, offset);
}

type OfOne = { readonly kind: Kind; readonly list: ListRequest };

/** What is asked of each type, at least of one. Throws what is wrong with all of them. */
function readLists(request: ScimRequest, parameters: RequestParameters): OfOne[] {
  const types = KINDS.map((kind) => request.types[kind]);
  const unsorted: RequestParameters = (name) => (name === 'sortBy' ? undefined : parameters(name));
  const lists = types.map((type) => attempt(() => readListRequest(type, unsorted)));
  const orders = types.map((type) => attempt(() => readOrder(type, parameters)));
  if (lists.every((list) => list instanceof DomainError)) throw lists[0];
  if (orders.every((order) => order instanceof DomainError)) throw orders[0];
  const list = JSON.stringify([
    '*',
    parameters('filter'),
    parameters('sortBy')?.toLowerCase(),
    parameters('sortOrder')?.toLowerCase(),
  ]);
  const descending = orders.some((order) => !(order instanceof DomainError) && order?.descending);
  return KINDS.flatMap((kind, index): OfOne[] => {
    const [each, order] = [lists[index]!, orders[index]];
    if (each instanceof DomainError) return [];
    const known = order instanceof DomainError ? ({ target: 'none', descending } as const) : order;
    return [{ kind, list: { ...each, list, order: known } }];
  });
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
