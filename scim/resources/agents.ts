// /Agents and /AgenticApplications (draft-abbey-scim-agent-extension-00): the same methods for both kinds.
import {
  changeDirectoryAgent,
  createDirectoryAgent,
  deleteDirectoryAgent,
  noSuchAgent,
} from '../../src/directory/change-directory-agent.ts';
import type { AgentKind, DirectoryAgentInput, DirectoryAgentRow } from '../../src/directory/directory-agent.ts';
import {
  countDirectoryAgents,
  findDirectoryAgent,
  listDirectoryAgents,
} from '../../src/directory/directory-agent-queries.ts';
import { isUuid } from '../../src/ids.ts';
import { demandedVersion, isKnownVersion } from '../etag.ts';
import type { Handler, ScimAnswer, ScimRequest, ScimServices } from '../exchange.ts';
import { type ListRequest, readListRequest } from '../paging.ts';
import { queryParameters, type RequestParameters } from '../parameters.ts';
import { applySteps } from '../patch/apply.ts';
import { readSteps } from '../patch/assignments.ts';
import { readOperations } from '../patch/operations.ts';
import { type Projection, readProjection } from '../projection.ts';
import { patchRules } from '../quirks/profiles.ts';
import { type PageSource, readPage } from '../read-page.ts';
import { locationOf, renderResource, resourceAnswer } from '../render.ts';
import type { ResourceType } from '../schema/attribute.ts';
import { readResource, withSchemas } from '../schema/read-resource.ts';
import type { JsonObject } from '../schema/read-value.ts';
import type { ResourceTypes } from '../schema/resource-types.ts';
import { listAnswer, renderPage } from './list-answer.ts';

/** Where a request's types have the kind. */
const PLACES = { Agent: 'agent', AgenticApplication: 'agenticApplication' } as const satisfies Record<
  AgentKind,
  keyof ResourceTypes
>;

const typeOf = (kind: AgentKind, request: ScimRequest) => request.types[PLACES[kind]];

export const createAgent =
  (kind: AgentKind): Handler =>
  async (services, request) => {
    const type = typeOf(kind, request);
    const agent = agentInput(type, readResource(type, request.body, request.dropped));
    const row = await createDirectoryAgent(services, request.caller, kind, agent);
    return rowAnswer(services, request, type, row, 201);
  };

export const getAgent =
  (kind: AgentKind): Handler =>
  async (services, request) => {
    const row = await getRow(services, request, kind);
    const type = typeOf(kind, request);
    if (!isKnownVersion(request, row.version)) return rowAnswer(services, request, type, row);
    return resourceAnswer(304, undefined, row.version, locationOf(services.baseUrl, type, row.id));
  };

export const listAgents =
  (kind: AgentKind): Handler =>
  (services, request) =>
    findAgents(services, request, kind, queryParameters(request.query));

/** The page that a list or a search asks for. */
export async function findAgents(
  services: ScimServices,
  request: ScimRequest,
  kind: AgentKind,
  parameters: RequestParameters,
): Promise<ScimAnswer> {
  const type = typeOf(kind, request);
  const list = readListRequest(type, parameters);
  const page = await readPage(services, request.caller, list, agentSource(services, request, kind, list));
  return listAnswer(renderPage(page, (row) => agentText(services, type, row, list.projection)));
}

/** The rows of a list. */
export function agentSource(
  services: ScimServices,
  { caller }: ScimRequest,
  kind: AgentKind,
  { filter, order }: ListRequest,
): PageSource<DirectoryAgentRow> {
  return {
    read: (part) => listDirectoryAgents(services, caller, kind, { ...part, filter, order }),
    count: (mark) => countDirectoryAgents(services, caller, kind, { filter, order }, mark),
  };
}

export const replaceAgent =
  (kind: AgentKind): Handler =>
  (services, request) => {
    const type = typeOf(kind, request);
    const agent = agentInput(type, readResource(type, request.body, request.dropped));
    return changed(services, request, kind, () => agent);
  };

export const patchAgent =
  (kind: AgentKind): Handler =>
  (services, request) => {
    const type = typeOf(kind, request);
    const steps = readSteps(type, readOperations(request.body, request.id), request.dropped);
    return changed(services, request, kind, (row) => {
      const resource = JSON.parse(row.resource) as JsonObject;
      applySteps(type, resource, steps, patchRules(request.caller.profile), request.dropped);
      return agentInput(type, resource);
    });
  };

export const deleteAgent =
  (kind: AgentKind): Handler =>
  async (services, request) => {
    const version = await demandedAgentVersion(services, request, kind);
    await deleteDirectoryAgent(services, request.caller, kind, idOf(request, kind), version);
    return { status: 204 };
  };

async function changed(
  services: ScimServices,
  request: ScimRequest,
  kind: AgentKind,
  change: (row: DirectoryAgentRow) => DirectoryAgentInput,
): Promise<ScimAnswer> {
  const version = await demandedAgentVersion(services, request, kind);
  const row = await changeDirectoryAgent(services, request.caller, kind, idOf(request, kind), version, change);
  return rowAnswer(services, request, typeOf(kind, request), row);
}

function demandedAgentVersion(services: ScimServices, request: ScimRequest, kind: AgentKind) {
  return demandedVersion(request, async () => (await getRow(services, request, kind)).version);
}

function idOf({ id }: ScimRequest, kind: AgentKind): string {
  if (!isUuid(id)) throw noSuchAgent(kind, id);
  return id;
}

async function getRow({ db }: ScimServices, request: ScimRequest, kind: AgentKind): Promise<DirectoryAgentRow> {
  const id = idOf(request, kind);
  const { caller } = request;
  const row = await findDirectoryAgent({ query: (statement) => db.query(caller.orgId, statement) }, caller, kind, id);
  if (!row) throw noSuchAgent(kind, id);
  return row;
}

function agentInput(type: ResourceType, kept: JsonObject): DirectoryAgentInput {
  return {
    name: String(kept.name),
    externalId: kept.externalId === undefined ? undefined : String(kept.externalId),
    resource: JSON.stringify(withSchemas(type, kept)),
  };
}

/** One as JSON text. */
export function agentText(
  services: ScimServices,
  type: ResourceType,
  row: DirectoryAgentRow,
  projection: Projection,
): string {
  return renderResource(services.baseUrl, type, row, undefined, projection);
}

function rowAnswer(
  services: ScimServices,
  request: ScimRequest,
  type: ResourceType,
  row: DirectoryAgentRow,
  status = 200,
): ScimAnswer {
  const body = agentText(services, type, row, readProjection(type, queryParameters(request.query)));
  return resourceAnswer(status, body, row.version, locationOf(services.baseUrl, type, row.id));
}
