// Stored rows -> JSON text of resources (RFC 7643 section 3). Stored text is spliced in as it is; it is parsed only where
// a projection cuts parts out of it.
import type { ResourceTimes } from '../src/directory/resource-times.ts';
import { type BodyText, joined } from './body-text.ts';
import { etagOf } from './etag.ts';
import type { ScimAnswer } from './exchange.ts';
import type { Projection } from './projection.ts';
import type { ResourceType } from './schema/attribute.ts';
import { LIST_RESPONSE } from './schema/names.ts';
import type { JsonObject } from './schema/read-value.ts';

export type StoredResource = ResourceTimes & {
  readonly id: string;
  readonly version: number;
  readonly resource: string;
};

/** The address of a resource. */
export function locationOf(baseUrl: string, type: ResourceType, id: string): string {
  return `${baseUrl}${type.endpoint}/${id}`;
}

/** Where the addresses of groups start. */
export function groupsAddress(baseUrl: string): string {
  return `${baseUrl}/Groups/`;
}

/** The JSON text of a resource; `list` is a list from a table, as a name and a JSON text. */
export function renderResource(
  baseUrl: string,
  type: ResourceType,
  row: StoredResource,
  list: { readonly name: string; readonly text: string } | undefined,
  projection: Projection,
): string {
  const meta =
    `{"resourceType":"${type.name}","created":"${dateTime(row.created_at)}",` +
    `"lastModified":"${dateTime(row.modified_at)}","location":${JSON.stringify(locationOf(baseUrl, type, row.id))},` +
    `"version":${JSON.stringify(etagOf(row.version))}}`;
  const listed = list ? `,"${list.name}":${list.text}` : '';
  const text = `{"id":"${row.id}",${row.resource.slice(1, -1)}${listed},"meta":${meta}}`;
  return projection.isWhole ? text : JSON.stringify(projection.apply(JSON.parse(text) as JsonObject));
}

/** RFC 7643 section 2.3.5, to the millisecond. */
function dateTime(time: string): string {
  return `${time.slice(0, 10)}T${time.slice(11, 19)}.${time.slice(20, 23).padEnd(3, '0')}Z`;
}

/** Where a page stands: by index, or by the cursors beside it (RFC 9865). */
export type ListPlace = {
  readonly startIndex?: number;
  readonly nextCursor?: string;
  readonly previousCursor?: string;
};

/** The text of a ListResponse (RFC 7644 section 3.4.2) of rendered resources; in parts where one of them is. */
export function renderList(resources: readonly BodyText[], totalResults: number, place: ListPlace): BodyText {
  const { startIndex, previousCursor, nextCursor } = place;
  const head =
    `{"schemas":["${LIST_RESPONSE}"],"totalResults":${totalResults},` +
    (startIndex === undefined ? '' : `"startIndex":${startIndex},`) +
    (previousCursor === undefined ? '' : `"previousCursor":"${previousCursor}",`) +
    (nextCursor === undefined ? '' : `"nextCursor":"${nextCursor}",`) +
    `"itemsPerPage":${resources.length},"Resources":[`;
  const isWhole = resources.every((resource) => typeof resource === 'string');
  return isWhole ? `${head}${resources.join(',')}]}` : inParts(head, resources, ']}');
}

async function* inParts(head: string, resources: readonly BodyText[], tail: string): AsyncGenerator<string> {
  yield head;
  yield* joined(resources);
  yield tail;
}

/** An answer that shows one resource, with its ETag and address. */
export function resourceAnswer(
  status: number,
  body: BodyText | undefined,
  version: number,
  location: string,
): ScimAnswer {
  return { status, body, headers: { ETag: etagOf(version), Location: location } };
}
