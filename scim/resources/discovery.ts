// What this service can do (RFC 7643 section 5 to 7, RFC 7644 section 4). Fixed for a base address, so each is made once.
import { DomainError } from '../../src/errors.ts';
import { CURSOR_TIMEOUT_SECONDS } from '../cursor.ts';
import { documentAnswer } from '../etag.ts';
import type { Handler, ScimAnswer, ScimRequest, ScimServices } from '../exchange.ts';
import { DEFAULT_PAGE, LARGEST_PAGE } from '../paging.ts';
import type { ResourceType, Schema } from '../schema/attribute.ts';
import { describeDeclared, describeSchema } from '../schema/describe.ts';
import { RESOURCE_TYPE, SERVICE_PROVIDER_CONFIG } from '../schema/names.ts';
import { type ResourceTypes, STANDARD_TYPES } from '../schema/resource-types.ts';
import { LARGEST_BULK, MOST_OPERATIONS } from './bulk-operations.ts';
import { listAnswer } from './list-answer.ts';

type Documents = {
  readonly config: string;
  readonly resourceTypes: ReadonlyMap<string, string>;
  readonly schemas: ReadonlyMap<string, string>;
};

const made = new WeakMap<ScimServices, WeakMap<ResourceTypes, Documents>>();

export const getServiceProviderConfig: Handler = (services, request) => {
  refuseFilter(request);
  return documentAnswer(request, documentsOf(services, request).config);
};

export const listResourceTypes: Handler = (services, request) =>
  listOf(request, documentsOf(services, request).resourceTypes);

export const getResourceType: Handler = (services, request) =>
  oneOf(documentsOf(services, request).resourceTypes, request, 'resource type');

export const listSchemas: Handler = (services, request) => listOf(request, documentsOf(services, request).schemas);

export const getSchema: Handler = (services, request) =>
  oneOf(documentsOf(services, request).schemas, request, 'schema');

function documentsOf(services: ScimServices, { types }: ScimRequest): Documents {
  const byTypes = made.get(services) ?? new WeakMap<ResourceTypes, Documents>();
  made.set(services, byTypes);
  const documents = byTypes.get(types) ?? makeDocuments(services.baseUrl, types);
  byTypes.set(types, documents);
  return documents;
}

function makeDocuments(baseUrl: string, { user, group, agent, agenticApplication }: ResourceTypes): Documents {
  const types = [user, group, agent, agenticApplication];
  // a schema that extends both types is one schema
  const schemas = new Map(types.flatMap((type) => [type.schema, ...type.extensions]).map((each) => [each.id, each]));
  return {
    config: JSON.stringify(serviceProviderConfig(baseUrl)),
    resourceTypes: new Map(types.map((type) => [type.name, JSON.stringify(describeType(type, baseUrl))])),
    schemas: new Map([...schemas].map(([id, schema]) => [id, describe(schema, `${baseUrl}/Schemas/${id}`)])),
  };
}

const STANDARD = new Set(Object.values(STANDARD_TYPES).flatMap((type) => [type.schema, ...type.extensions]));

function describe(schema: Schema, location: string): string {
  return JSON.stringify((STANDARD.has(schema) ? describeSchema : describeDeclared)(schema, location));
}

function serviceProviderConfig(baseUrl: string): object {
  return {
    schemas: [SERVICE_PROVIDER_CONFIG],
    patch: { supported: true },
    bulk: { supported: true, maxOperations: MOST_OPERATIONS, maxPayloadSize: LARGEST_BULK },
    filter: { supported: true, maxResults: LARGEST_PAGE },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    pagination: {
      cursor: true,
      index: true,
      defaultPaginationMethod: 'index',
      defaultPageSize: DEFAULT_PAGE,
      maxPageSize: LARGEST_PAGE,
      cursorTimeout: CURSOR_TIMEOUT_SECONDS,
    },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'A token of the directory, made in the console or over the REST API.',
        specUri: 'https://www.rfc-editor.org/rfc/rfc6750',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${baseUrl}/ServiceProviderConfig` },
  };
}

function describeType(type: ResourceType, baseUrl: string): object {
  return {
    schemas: [RESOURCE_TYPE],
    id: type.name,
    name: type.name,
    endpoint: type.endpoint,
    description: type.description,
    schema: type.schema.id,
    ...(type.extensions.length > 0
      ? { schemaExtensions: type.extensions.map((extension) => ({ schema: extension.id, required: false })) }
      : {}),
    meta: { resourceType: 'ResourceType', location: `${baseUrl}/ResourceTypes/${type.name}` },
  };
}

/** RFC 7644 section 4: a filter on discovery resources is refused with 403. */
function refuseFilter(request: ScimRequest): void {
  if (request.query.has('filter')) throw new DomainError('forbidden', 'Discovery resources cannot be filtered.');
}

function listOf(request: ScimRequest, documents: ReadonlyMap<string, string>): ScimAnswer {
  refuseFilter(request);
  return listAnswer({ resources: [...documents.values()], total: documents.size, startIndex: 1 });
}

function oneOf(documents: ReadonlyMap<string, string>, request: ScimRequest, kind: string): ScimAnswer {
  const wanted = request.id.toLowerCase();
  for (const [id, body] of documents) if (id.toLowerCase() === wanted) return documentAnswer(request, body);
  throw new DomainError('not_found', `There is no ${kind} ${request.id}.`);
}
