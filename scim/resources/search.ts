// POST /.search, at the root and under each type (RFC 7644 section 3.4.3). At the root, users stand before groups, and a
// filter that one type has no attributes for finds nothing of that type.
import { DomainError } from '../../src/errors.ts';
import type { ScimAnswer, ScimRequest, ScimServices } from '../exchange.ts';
import { bodyParameters, type ListRequest, readListRequest } from '../paging.ts';
import type { ResourceType } from '../schema/attribute.ts';
import { SEARCH_REQUEST } from '../schema/names.ts';
import { findGroups } from './groups.ts';
import { type ListPage, listAnswer } from './list-answer.ts';
import { findUsers } from './users.ts';

export async function searchUsers(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const list = readListRequest(request.types.user, searchParameters(request));
  return listAnswer(await findUsers(services, request, list), list.startIndex);
}

export async function searchGroups(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const list = readListRequest(request.types.group, searchParameters(request));
  return listAnswer(await findGroups(services, request, list), list.startIndex);
}

export async function searchAll(services: ScimServices, request: ScimRequest): Promise<ScimAnswer> {
  const users = listFor(request.types.user, request);
  const groups = listFor(request.types.group, request);
  if (users instanceof DomainError && groups instanceof DomainError) throw users;
  const first = users instanceof DomainError ? NOTHING : await findUsers(services, request, users);
  if (groups instanceof DomainError) return listAnswer(first, (users as ListRequest).startIndex);
  const { page } = groups;
  const rest: ListRequest = {
    ...groups,
    // its place among the groups is not its startIndex
    list: undefined,
    page: {
      ...page,
      offset: Math.max(0, page.offset - first.total),
      limit: page.limit - first.resources.length,
    },
  };
  const second = await findGroups(services, request, rest);
  const found = { resources: [...first.resources, ...second.resources], total: first.total + second.total };
  return listAnswer(found, groups.startIndex);
}

const NOTHING: ListPage = { resources: [], total: 0 };

function listFor(type: ResourceType, request: ScimRequest): ListRequest | DomainError {
  try {
    return readListRequest(type, searchParameters(request));
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

function searchParameters(request: ScimRequest) {
  const { schemas } = request.body;
  if (schemas !== undefined && !(Array.isArray(schemas) && schemas.includes(SEARCH_REQUEST))) {
    throw new DomainError('invalid_syntax', `schemas of a search must name ${SEARCH_REQUEST}.`);
  }
  return bodyParameters(request.body);
}
