// The OpenAPI 3.1 document of the REST API, made from the same schemas that parse. SCIM describes itself elsewhere
// (/scim/v2/Schemas).
import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { ERRORS } from '../errors.ts';
import type { Access, Endpoint } from './endpoint.ts';

// extension members (RFC 9457 section 3.2) say what the fault is about: a rule, a field, a state
const problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(Object.keys(ERRORS) as [string, ...string[]]),
    detail: z.string().meta({ description: 'What was wrong with this request, and what helps' }),
    requestId: z.string(),
    errors: z.array(z.object({ in: z.enum(['query', 'body']), path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details; `code` is the stable name' });

const org = z.string().meta({ description: 'Id or key of the organization', example: 'acme' });

const idempotencyKey = z.object({
  'Idempotency-Key': z.string().optional().meta({ description: 'Repeats under the same key get the first answer' }),
});

/** Generated once per process; `version` is the product's. */
export function createOpenApiDocument(endpoints: readonly Endpoint[], info: { baseUrl: string; version: string }) {
  const paths: ZodOpenApiPathsObject = {};
  for (const declared of endpoints) {
    paths[declared.path] = { ...paths[declared.path], [declared.method]: operation(declared) };
  }
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Drawbridge',
      version: info.version,
      description:
        'Members, teams, roles, invitations and keys of organizations. Send an API key or a Keycloak access token as bearer. `{org}` takes an id or a key.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: info.baseUrl }],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'API key, operator key or Keycloak access token' },
      },
    },
    tags: [...new Set(endpoints.map((declared) => declared.tag))].map((name) => ({ name })),
    paths,
  });
}

function operation(declared: Endpoint): ZodOpenApiOperationObject {
  const path = pathParams(declared);
  const content = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } });
  return {
    operationId: operationId(declared),
    summary: declared.summary,
    tags: [declared.tag],
    description: whoMay(declared.access),
    security: declared.access === 'public' ? [] : [{ bearer: [] }],
    requestParams: {
      ...(path ? { path } : {}),
      ...(declared.query ? { query: declared.query as z.ZodObject } : {}),
      ...(declared.idempotent ? { header: idempotencyKey } : {}),
    },
    ...(declared.body
      ? { requestBody: { required: !declared.body.safeParse(undefined).success, ...content(declared.body) } }
      : {}),
    responses: {
      ...Object.fromEntries(
        Object.entries(declared.responses).map(([status, { description, schema }]) => [
          status,
          { description, ...(schema ? content(schema) : {}) },
        ]),
      ),
      default: { description: 'A problem', content: { 'application/problem+json': { schema: problem } } },
    },
  };
}

function pathParams(declared: Endpoint): z.ZodObject | undefined {
  const own = (declared.params as z.ZodObject | undefined)?.shape ?? {};
  const shape = declared.path.includes('{org}') ? { org, ...own } : own;
  return Object.keys(shape).length === 0 ? undefined : z.object(shape);
}

/** `post /v1/organizations/{org}/teams` -> `postOrganizationsOrgTeams`. */
function operationId({ method, path }: Endpoint): string {
  const words = path.replace(/^\/v1/, '').match(/\w+/g) ?? [];
  return method + words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('');
}

function whoMay(access: Access): string {
  if (access === 'public') return 'Needs no credential.';
  if (access === 'operator') return "Needs the operator's key.";
  if (access === 'principal') return 'Needs any valid credential.';
  return `Needs the permission \`${access.permission}\`.`;
}
