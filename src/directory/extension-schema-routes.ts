// REST: an organization's own SCIM schemas, which its directories may use beside the standard ones.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { idParam } from '../http/parse-request.ts';
import { declareExtensionSchema, deleteExtensionSchema, replaceExtensionSchema } from './change-extension-schema.ts';
import {
  DECLARED_MUTABILITY,
  DECLARED_RETURNED,
  DECLARED_TYPES,
  DECLARED_UNIQUENESS,
  type DeclaredAttribute,
  EXTENDED_TYPES,
  MOST_ATTRIBUTES,
  MOST_SUB_ATTRIBUTES,
} from './extension-schema.ts';
import { type ExtensionSchemaRow, getExtensionSchema, listExtensionSchemas } from './extension-schema-queries.ts';

const BASE = '/v1/organizations/{org}/extension-schemas';
const TAG = 'Directories';
const MANAGE = { permission: 'directory.manage' } as const;

const text = z.string().trim().min(1).max(1_000);
const names = z.array(z.string().trim().min(1).max(200)).max(100);

const characteristics = {
  name: z.string().min(1).max(64),
  type: z.enum(DECLARED_TYPES).default('string'),
  description: z.string().trim().max(1_000).default(''),
  multiValued: z.boolean().default(false),
  required: z.boolean().default(false).describe('Demanded wherever the extension is stated'),
  caseExact: z.boolean().optional().describe('By default true for reference and binary, else false'),
  canonicalValues: names.optional().describe('Suggested values; others are taken too'),
  mutability: z.enum(DECLARED_MUTABILITY).default('readWrite'),
  returned: z.enum(DECLARED_RETURNED).default('default'),
  uniqueness: z.enum(DECLARED_UNIQUENESS).default('none').describe('server: among the users of one directory'),
  referenceTypes: names.optional(),
};
const subAttribute = z.strictObject(characteristics);
const attribute = z.strictObject({
  ...characteristics,
  subAttributes: z.array(subAttribute).max(MOST_SUB_ATTRIBUTES).optional(),
});

const declaration = z.strictObject({
  urn: z.string().min(1).max(200).describe('A URN of your own, such as urn:example:params:scim:acme:2.0:User'),
  name: z.string().trim().min(1).max(200),
  description: z.string().trim().max(1_000).default(''),
  resourceTypes: z.array(z.enum(EXTENDED_TYPES)).min(1).max(EXTENDED_TYPES.length).default(['User']),
  attributes: z.array(attribute).min(1).max(MOST_ATTRIBUTES),
});

const shown = z.object({
  id: z.string(),
  urn: z.string(),
  name: text,
  description: z.string(),
  resourceTypes: z.array(z.enum(EXTENDED_TYPES)),
  attributes: z.array(attribute),
  createdAt: z.iso.datetime(),
  modifiedAt: z.iso.datetime(),
});

const params = z.object({ extensionSchema: idParam });

export function extensionSchemaRoutes(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: BASE,
      summary: 'Declare a SCIM schema of the organization',
      tag: TAG,
      access: MANAGE,
      body: declaration,
      responses: { 201: { description: 'The schema; every directory of the organization has it now', schema: shown } },
      async handle({ orgId, ctx, body }) {
        const schema = await declareExtensionSchema(deps, ctx, orgId, inputOf(body));
        return {
          status: 201,
          location: `/v1/organizations/${orgId}/extension-schemas/${schema.id}`,
          body: wire(schema),
        };
      },
    }),
    endpoint({
      method: 'get',
      path: BASE,
      summary: 'List the SCIM schemas of the organization',
      tag: TAG,
      access: MANAGE,
      responses: { 200: { description: 'Schemas, oldest first', schema: z.object({ items: z.array(shown) }) } },
      handle: async ({ orgId }) => ({
        status: 200,
        body: { items: (await listExtensionSchemas(deps, orgId)).map(wire) },
      }),
    }),
    endpoint({
      method: 'get',
      path: `${BASE}/{extensionSchema}`,
      summary: 'Show a SCIM schema of the organization',
      tag: TAG,
      access: MANAGE,
      params,
      responses: { 200: { description: 'The schema', schema: shown } },
      async handle({ orgId, params: { extensionSchema } }) {
        const schema = await deps.db.inOrg(orgId, (tx) => getExtensionSchema(tx, orgId, extensionSchema));
        return { status: 200, body: wire(schema) };
      },
    }),
    endpoint({
      method: 'put',
      path: `${BASE}/{extensionSchema}`,
      summary: 'Replace a SCIM schema; refused where a stored value could no longer be read',
      tag: TAG,
      access: MANAGE,
      params,
      body: declaration,
      responses: { 200: { description: 'The schema', schema: shown } },
      async handle({ orgId, ctx, params: { extensionSchema }, body }) {
        const schema = await replaceExtensionSchema(deps, ctx, orgId, extensionSchema, inputOf(body));
        return { status: 200, body: wire(schema) };
      },
    }),
    endpoint({
      method: 'delete',
      path: `${BASE}/{extensionSchema}`,
      summary: 'Delete a SCIM schema; refused while values of it are stored, unless they are to be removed',
      tag: TAG,
      access: MANAGE,
      params,
      query: z.strictObject({ values: z.enum(['refuse', 'remove']).default('refuse') }),
      responses: { 204: { description: 'Deleted' } },
      async handle({ orgId, ctx, params: { extensionSchema }, query }) {
        await deleteExtensionSchema(deps, ctx, orgId, extensionSchema, query.values === 'remove');
        return { status: 204 };
      },
    }),
  ];
}

type Declaration = z.output<typeof declaration>;

function inputOf(body: Declaration) {
  return { ...body, resourceTypes: [...new Set(body.resourceTypes)], attributes: body.attributes.map(attributeOf) };
}

/** Every characteristic is kept as stated or by its default, so that a later default changes nothing. */
function attributeOf(stated: z.output<typeof attribute>): DeclaredAttribute {
  const { caseExact, subAttributes, ...rest } = stated;
  return {
    ...rest,
    caseExact: caseExact ?? (rest.type === 'reference' || rest.type === 'binary'),
    ...(subAttributes ? { subAttributes: subAttributes.map(attributeOf) } : {}),
  };
}

function wire(schema: ExtensionSchemaRow): z.input<typeof shown> {
  const { createdAt, modifiedAt, ...rest } = schema;
  return {
    ...rest,
    resourceTypes: [...rest.resourceTypes],
    attributes: rest.attributes as z.input<typeof shown>['attributes'],
    createdAt: createdAt.toISOString(),
    modifiedAt: modifiedAt.toISOString(),
  };
}
