// /Groups (RFC 7644 section 3.3 to 3.6). A change of members is one statement that names those who come and go; the
// group's other attributes are read only where an operation touches them, its other members never (law 9).
import {
  changeLockedDirectoryGroup,
  createDirectoryGroup,
  deleteDirectoryGroup,
  updateDirectoryGroup,
} from '../../src/directory/change-directory-group.ts';
import { noSuchResource, staleVersion } from '../../src/directory/change-errors.ts';
import type { DirectoryGroupInput } from '../../src/directory/directory-group.ts';
import {
  countDirectoryGroups,
  type DirectoryGroupRow,
  findDirectoryGroup,
  findGroupMembers,
  listDirectoryGroups,
  type MemberView,
} from '../../src/directory/directory-group-queries.ts';
import { DomainError } from '../../src/errors.ts';
import { isUuid } from '../../src/ids.ts';
import { demandedVersion, isKnownVersion } from '../etag.ts';
import { CONTENT_TYPE, type ScimAnswer, type ScimRequest, type ScimServices } from '../exchange.ts';
import { groupText, groupTexts, MEMBERS_IN_ONE_PIECE } from '../group-text.ts';
import { type ListRequest, readListRequest } from '../paging.ts';
import { queryParameters } from '../parameters.ts';
import { applySteps } from '../patch/apply.ts';
import { type PatchStep, readSteps } from '../patch/assignments.ts';
import { readMemberIds } from '../patch/member-ids.ts';
import { readOperations } from '../patch/operations.ts';
import { splitMembers } from '../patch/split-members.ts';
import { type Projection, readProjection } from '../projection.ts';
import { patchRules, wantsPatchedGroup } from '../quirks/profiles.ts';
import { type PageSource, readPage } from '../read-page.ts';
import { locationOf, resourceAnswer } from '../render.ts';
import type { ResourceType } from '../schema/attribute.ts';
import { GROUP_TYPE } from '../schema/group-schema.ts';
import {
  hasImmutable,
  immutableValues,
  readResource,
  refuseImmutableChange,
  withSchemas,
} from '../schema/read-resource.ts';
import type { JsonObject } from '../schema/read-value.ts';
import { type ListPage, listAnswer } from './list-answer.ts';

export async function createGroup(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const group = groupInput(request.types.group, readResource(request.types.group, request.body, request.dropped));
  const members = readMemberIds(statedMembers(request.body));
  const made = await createDirectoryGroup(services, request.caller, group, members);
  services.changed();
  const projection = projectionOf(request);
  const hasMembers = members.length > 0 && projection.shows('members');
  const row = hasMembers
    ? await getRow(services, request, made.id, projection)
    : { ...made, resource: group.resource, members: projection.shows('members') ? NOBODY : null };
  return rowAnswer(services, request, 201, row, projection);
}

export async function getGroup(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const projection = projectionOf(request);
  if (request.ifMatch !== undefined || request.ifNoneMatch !== undefined) {
    const { version } = await getRow(services, request, request.id, projection, 0);
    const location = locationOf(services.baseUrl, GROUP_TYPE, request.id);
    if (isKnownVersion(request, version)) return resourceAnswer(304, undefined, version, location);
  }
  return rowAnswer(services, request, 200, await getRow(services, request, request.id, projection), projection);
}

export async function listGroups(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const list = readListRequest(request.types.group, queryParameters(request.query));
  return listAnswer(await findGroups(services, request, list));
}

/** The page and the total that a list or a search asks for. */
export async function findGroups(services: ScimServices, request: ScimRequest, list: ListRequest): Promise<ListPage> {
  const { rows, ...page } = await readPage(services, request.caller, list, groupSource(services, request, list));
  return { ...page, resources: await groupTexts(services, request, rows, list.projection) };
}

/** The rows of a list, loaded as far as its projection shows them. */
export function groupSource(
  services: ScimServices,
  { caller }: ScimRequest,
  { filter, order, projection }: ListRequest,
): PageSource<DirectoryGroupRow> {
  const view = memberView(projection, MEMBERS_IN_ONE_PIECE);
  return {
    read: (part) => listDirectoryGroups(services, caller, { ...part, filter, order }, view),
    count: (mark) => countDirectoryGroups(services, caller, { filter, order }, mark),
  };
}

/** A replacement without members leaves the group empty: what is not stated is not there (RFC 7644 section 3.5.1). */
export async function replaceGroup(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const id = idOf(request);
  const kept = readResource(request.types.group, request.body, request.dropped);
  if (hasImmutable(request.types.group)) {
    const row = await findDirectoryGroup(services, request.caller, id, undefined);
    const present = row ? (JSON.parse(row.resource) as JsonObject) : {};
    refuseImmutableChange(immutableValues(request.types.group, present), kept);
  }
  const group = groupInput(request.types.group, kept);
  const members = { replace: true, add: readMemberIds(statedMembers(request.body)), remove: [] };
  const version = await demandedGroupVersion(services, request, id);
  await updateDirectoryGroup(services, request.caller, id, version, group, members);
  services.changed();
  const projection = projectionOf(request);
  return rowAnswer(services, request, 200, await getRow(services, request, id, projection), projection);
}

/** Of a larger group nobody wants every member back. */
const NOBODY = Buffer.alloc(0);
const FEW_MEMBERS = 100;

/** Without a body; SCIM-SDK (Java) takes an answer to a PATCH without a content type for a failure. */
const PATCHED: ScimAnswer = { status: 204, headers: { 'Content-Type': CONTENT_TYPE } };

/**
 * 200 with the group where `attributes` asks for some of it, and for a client of no known make unless the patch names
 * members or there are many; else 204, since directories do not want the members back (RFC 7644 section 3.5.2).
 */
export async function patchGroup(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const id = idOf(request);
  const version = await demandedGroupVersion(services, request, id);
  const all = readSteps(request.types.group, readOperations(request.body, id), request.dropped);
  const { members, steps } = await splitMembers(all, (filter) =>
    findGroupMembers(services, request.caller, id, filter),
  );
  if (steps.length === 0) await services.changes.changeMembers(request.caller, id, version, members);
  else await patchWithAttributes(services, request, { id, version, members, steps });
  services.changed();
  const isAsked = Boolean(request.query.get('attributes'));
  const namesMembers = members.add.length + members.remove.length > 0;
  if (!isAsked && (namesMembers || !wantsPatchedGroup(request.caller.profile))) return PATCHED;
  const projection = projectionOf(request);
  const row = await getRow(services, request, id, projection, isAsked ? undefined : FEW_MEMBERS);
  if (row.members === null && projection.shows('members')) return PATCHED;
  return rowAnswer(services, request, 200, row, projection);
}

export async function deleteGroup(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const id = idOf(request);
  await deleteDirectoryGroup(services, request.caller, id, await demandedGroupVersion(services, request, id));
  services.changed();
  return { status: 204 };
}

type GroupPatch = {
  readonly id: string;
  readonly version: number | undefined;
  readonly members: Parameters<typeof updateDirectoryGroup>[5];
  readonly steps: readonly PatchStep[];
};

async function patchWithAttributes(services: ScimServices, request: ScimRequest, patch: GroupPatch): Promise<void> {
  const { id, version, members, steps } = patch;
  const row = await findDirectoryGroup(services, request.caller, id, undefined);
  if (!row) throw noSuchResource('group', id);
  if (version !== undefined && version !== row.version) throw staleVersion(row.version);
  const group = patched(request, row, steps);
  // Okta states the name with every change of members: then nothing but members is guarded or written
  const guard = group ? row.version : version;
  try {
    await updateDirectoryGroup(services, request.caller, id, guard, group, members);
  } catch (error) {
    if (version !== undefined || !(error instanceof DomainError) || error.code !== 'version_mismatch') throw error;
    await changeLockedDirectoryGroup(services, request.caller, id, members, (present) =>
      patched(request, present, steps),
    );
  }
}

/** What the stored group becomes, or undefined where nothing of it changes. */
function patched(
  request: ScimRequest,
  row: DirectoryGroupRow,
  steps: readonly PatchStep[],
): DirectoryGroupInput | undefined {
  const resource = JSON.parse(row.resource) as JsonObject;
  const before = groupInput(request.types.group, resource).resource;
  applySteps(request.types.group, resource, steps, patchRules(request.caller.profile), request.dropped);
  const group = groupInput(request.types.group, resource);
  return group.resource === before ? undefined : group;
}

function groupInput(type: ResourceType, kept: JsonObject): DirectoryGroupInput {
  return {
    displayName: String(kept.displayName),
    externalId: kept.externalId === undefined ? undefined : String(kept.externalId),
    resource: JSON.stringify(withSchemas(type, kept)),
  };
}

function statedMembers(body: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(body).find(([key]) => key.toLowerCase() === 'members')?.[1];
}

function idOf(request: ScimRequest): string {
  if (!isUuid(request.id)) throw noSuchResource('group', request.id);
  return request.id;
}

async function getRow(
  services: ScimServices,
  request: ScimRequest,
  id: string,
  projection: Projection,
  atMost?: number,
): Promise<DirectoryGroupRow> {
  const view = memberView(projection, atMost);
  const row = isUuid(id) ? await findDirectoryGroup(services, request.caller, id, view) : undefined;
  if (!row) throw noSuchResource('group', id);
  return row;
}

function demandedGroupVersion(services: ScimServices, request: ScimRequest, id: string): Promise<number | undefined> {
  return demandedVersion(request, async () => {
    const row = await findDirectoryGroup(services, request.caller, id, undefined);
    if (!row) throw noSuchResource('group', id);
    return row.version;
  });
}

function memberView(projection: Projection, atMost: number | undefined): MemberView | undefined {
  if (!projection.shows('members')) return undefined;
  return atMost === undefined ? {} : { atMost };
}

function projectionOf(request: ScimRequest): Projection {
  return readProjection(request.types.group, queryParameters(request.query));
}

async function rowAnswer(
  services: ScimServices,
  request: ScimRequest,
  status: number,
  row: DirectoryGroupRow,
  projection: Projection,
): Promise<ScimAnswer> {
  const location = locationOf(services.baseUrl, GROUP_TYPE, row.id);
  return resourceAnswer(status, await groupText(services, request, row, projection), row.version, location);
}
