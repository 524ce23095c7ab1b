// /Users (RFC 7644 section 3.3 to 3.6). A create, a replacement and a delete are one statement; a PATCH is a read and a
// statement guarded by version, done again under a lock where another change came first.
import { changeLockedDirectoryUser } from '../../src/directory/change-directory-user.ts';
import { noSuchResource } from '../../src/directory/change-errors.ts';
import type { DirectoryUserChange, DirectoryUserInput } from '../../src/directory/directory-user.ts';
import {
  countDirectoryUsers,
  type DirectoryUserRow,
  listDirectoryUsers,
} from '../../src/directory/directory-user-queries.ts';
import { keyOfFilter } from '../../src/directory/gathered-reads.ts';
import type { RecentUser } from '../../src/directory/recent-users.ts';
import { DomainError } from '../../src/errors.ts';
import { isUuid } from '../../src/ids.ts';
import { demandedVersion, isKnownVersion } from '../etag.ts';
import type { ScimAnswer, ScimRequest, ScimServices } from '../exchange.ts';
import { withManagers } from '../managers.ts';
import { type ListRequest, readListRequest } from '../paging.ts';
import { queryParameters } from '../parameters.ts';
import { applySteps } from '../patch/apply.ts';
import { type PatchStep, readSteps } from '../patch/assignments.ts';
import { readOperations } from '../patch/operations.ts';
import { userInput } from '../person-fields.ts';
import { type Projection, readProjection } from '../projection.ts';
import { patchRules } from '../quirks/profiles.ts';
import { type PageSource, readPage } from '../read-page.ts';
import { groupsAddress, locationOf, renderResource, resourceAnswer } from '../render.ts';
import { hasImmutable, immutableValues, readResource, refuseImmutableChange } from '../schema/read-resource.ts';
import type { JsonObject } from '../schema/read-value.ts';
import { USER_TYPE } from '../schema/user-schema.ts';
import { type ListPage, listAnswer, renderPage } from './list-answer.ts';

export async function createUser(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const kept = readResource(request.types.user, request.body, request.dropped);
  kept.active ??= true;
  const user = userInput(request.types.user, kept, true);
  const change = await services.changes.createUser(request.caller, user);
  services.changed();
  // somebody who returns may have kept groups
  const groups = change.outcome === 'created' ? null : (await getRow(services, request, change.member_id)).groups;
  return changeAnswer(services, request, change.outcome === 'created' ? 201 : 200, change, user, groups);
}

export async function getUser(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const row = await getRow(services, request, request.id);
  const location = locationOf(services.baseUrl, USER_TYPE, row.id);
  if (isKnownVersion(request, row.version)) return resourceAnswer(304, undefined, row.version, location);
  return rowAnswer(services, request, row);
}

export async function listUsers(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const list = readListRequest(request.types.user, queryParameters(request.query));
  return listAnswer(await findUsers(services, request, list));
}

/** The page and the total that a list or a search asks for. */
export async function findUsers(services: ScimServices, request: ScimRequest, list: ListRequest): Promise<ListPage> {
  const page = await readPage(services, request.caller, list, userSource(services, request, list));
  return renderPage(page, (row) => userText(services, row, list.projection));
}

/** The rows of a list, loaded as far as its projection shows them. */
export function userSource(
  services: ScimServices,
  { caller }: ScimRequest,
  { filter, order, projection }: ListRequest,
): PageSource<DirectoryUserRow> {
  const groupsAt = projection.shows('groups') ? groupsAddress(services.baseUrl) : undefined;
  const one = groupsAt === undefined ? undefined : keyOfFilter(filter);
  return {
    async read(part) {
      if (one && groupsAt !== undefined && part.offset === 0 && !part.after && part.limit > 0) {
        const row = await services.reads.findUser(caller, one.key, one.value, groupsAt);
        if (row) services.recent.note(caller, row);
        return { rows: await withManagers(services, caller, row ? [row] : [], projection), total: undefined };
      }
      const list = await listDirectoryUsers(services, caller, { ...part, filter, order }, groupsAt);
      return { ...list, rows: await withManagers(services, caller, list.rows, projection) };
    },
    count: (mark) => countDirectoryUsers(services, caller, { filter, order }, mark),
  };
}

export async function replaceUser(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const kept = readResource(request.types.user, request.body, request.dropped);
  const row = await getRow(services, request, request.id);
  const version = await demandedVersion(request, () => row.version);
  if (hasImmutable(request.types.user)) {
    refuseImmutableChange(immutableValues(request.types.user, JSON.parse(row.resource) as JsonObject), kept);
  }
  // a replacement that does not say whether the user is active leaves a block as it is
  kept.active ??= row.active;
  const user = userInput(request.types.user, kept, row.active);
  const change = await services.changes.replaceUser(request.caller, row.id, version, user);
  services.changed();
  return changeAnswer(services, request, 200, change, user, row.groups);
}

export async function patchUser(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const steps = readSteps(request.types.user, readOperations(request.body, request.id), request.dropped);
  const isConditional = request.ifMatch !== undefined || request.ifNoneMatch !== undefined;
  const recent = isConditional ? undefined : services.recent.recall(request.caller, request.id);
  const quick = recent && (await patchRecent(services, request, steps, recent));
  if (quick) return quick;
  const row = await getRow(services, request, request.id);
  const version = await demandedVersion(request, () => row.version);
  if (version !== undefined && version !== row.version) throw staleAnswer(row);
  const user = patched(request, row, steps);
  if (!user) return rowAnswer(services, request, row);
  try {
    const change = await services.changes.replaceUser(request.caller, row.id, row.version, user);
    services.changed();
    return changeAnswer(services, request, 200, change, user, row.groups);
  } catch (error) {
    if (version !== undefined || !(error instanceof DomainError) || error.code !== 'version_mismatch') throw error;
    return patchLocked(services, request, steps);
  }
}

export async function deleteUser(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  if (!isUuid(request.id)) throw noSuchResource('user', request.id);
  const version = await demandedVersion(request, async () => (await getRow(services, request, request.id)).version);
  await services.changes.deleteUser(request.caller, request.id, version);
  services.changed();
  return { status: 204 };
}

/**
 * Makes of the user who is remembered what the steps say. Undefined where that is nothing or refused, which only the user as
 * stored can say, and where the user is no longer that.
 */
async function patchRecent(
  services: ScimServices,
  request: ScimRequest,
  steps: readonly PatchStep[],
  recent: RecentUser,
): Promise<ScimAnswer | undefined> {
  let user: DirectoryUserInput | undefined;
  try {
    user = patched(request, recent, steps);
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
  if (!user) return undefined;
  try {
    const change = await services.changes.replaceUser(request.caller, recent.id, recent.version, user, true);
    services.changed();
    const { groups } =
      change.groups === undefined ? await getRow(services, request, recent.id) : { groups: change.groups };
    return changeAnswer(services, request, 200, change, user, groups);
  } catch (error) {
    if (error instanceof DomainError && error.code === 'version_mismatch') return undefined;
    throw error;
  }
}

async function patchLocked(
  services: ScimServices,
  request: ScimRequest,
  steps: readonly PatchStep[],
): Promise<ScimAnswer> {
  let user: DirectoryUserInput | undefined;
  const { row, change } = await changeLockedDirectoryUser(
    services,
    request.caller,
    request.id,
    groupsAddress(services.baseUrl),
    (present) => {
      user = patched(request, present, steps);
      return user;
    },
  );
  if (!change || !user) return rowAnswer(services, request, row);
  services.changed();
  return changeAnswer(services, request, 200, change, user, row.groups);
}

/** What the stored user becomes, or undefined where nothing changes. */
function patched(request: ScimRequest, row: RecentUser, steps: readonly PatchStep[]): DirectoryUserInput | undefined {
  const resource = JSON.parse(row.resource) as JsonObject;
  const before = userInput(request.types.user, resource, row.active).resource;
  applySteps(request.types.user, resource, steps, patchRules(request.caller.profile), request.dropped);
  const user = userInput(request.types.user, resource, row.active);
  return user.resource === before ? undefined : user;
}

async function getRow(services: ScimServices, request: ScimRequest, id: string): Promise<DirectoryUserRow> {
  const row = isUuid(id)
    ? await services.reads.findUser(request.caller, 'id', id, groupsAddress(services.baseUrl))
    : undefined;
  if (!row) throw noSuchResource('user', id);
  services.recent.note(request.caller, row);
  return row;
}

function staleAnswer(row: DirectoryUserRow): DomainError {
  return new DomainError('version_mismatch', `The resource has changed: its version is W/"${row.version}".`);
}

function projectionOf(request: ScimRequest): Projection {
  return readProjection(request.types.user, queryParameters(request.query));
}

type Shown = Omit<DirectoryUserRow, 'active'>;

/** A user as JSON text. */
export function userText(services: ScimServices, row: Shown, projection: Projection): string {
  const list = row.groups === null || !projection.shows('groups') ? undefined : { name: 'groups', text: row.groups };
  return renderResource(services.baseUrl, USER_TYPE, row, list, projection);
}

async function rowAnswer(services: ScimServices, request: ScimRequest, row: Shown, status = 200): Promise<ScimAnswer> {
  const projection = projectionOf(request);
  const [shown] = await withManagers(services, request.caller, [row], projection);
  const body = userText(services, shown!, projection);
  return resourceAnswer(status, body, row.version, locationOf(services.baseUrl, USER_TYPE, row.id));
}

function changeAnswer(
  services: ScimServices,
  request: ScimRequest,
  status: number,
  change: DirectoryUserChange,
  user: DirectoryUserInput,
  groups: string | null,
): Promise<ScimAnswer> {
  const row = { ...change, id: change.member_id, active: user.active, resource: user.resource, groups };
  services.recent.note(request.caller, row);
  return rowAnswer(services, request, row, status);
}
