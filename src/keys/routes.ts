// REST: API keys of an organization. The text of a key is in one answer, once.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { idParam } from '../http/parse-request.ts';
import { dateTime, displayName, pageOf, uuid } from '../http/wire.ts';
import type { ApiKey } from './api-key.ts';
import { getApiKey, listApiKeys } from './api-keys-queries.ts';
import { createApiKey, revokeApiKey } from './create-api-key.ts';

const TAG = 'API keys';

const keyBody = z
  .object({
    id: uuid,
    displayName: z.string(),
    memberId: uuid.nullable(),
    permissions: z.array(z.string()),
    fullControl: z.boolean(),
    lastCharacters: z.string().meta({ example: '3f0a' }),
    createdAt: dateTime,
    expiresAt: dateTime.nullable(),
    lastUsedAt: dateTime.nullable().meta({ description: 'To the minute' }),
  })
  .meta({ id: 'ApiKey' });

const createdKeyBody = keyBody
  .extend({ key: z.string().nullable().meta({ description: 'The key itself, shown this once; null in a replay' }) })
  .meta({ id: 'CreatedApiKey' });

const permission = z
  .string()
  .regex(/^[a-z0-9_]+(\.[a-z0-9_]+)+$/)
  .max(100);

export function keyRoutes(deps: CoreDeps): Endpoint[] {
  return [
    endpoint({
      method: 'get',
      path: '/v1/organizations/{org}/api-keys',
      summary: 'List the API keys of an organization',
      tag: TAG,
      access: { permission: 'key.manage' },
      responses: { 200: { description: 'All that were not revoked', schema: pageOf(keyBody) } },
      handle: async ({ orgId }) => ({ status: 200, body: { items: (await listApiKeys(deps.db, orgId)).map(toWire) } }),
    }),
    endpoint({
      method: 'post',
      path: '/v1/organizations/{org}/api-keys',
      summary: 'Make an API key',
      tag: TAG,
      access: { permission: 'key.manage' },
      body: z.strictObject({
        displayName,
        permissions: z
          .array(permission)
          .max(200)
          .meta({ example: ['member.view'] }),
        fullControl: z.boolean().optional(),
        memberId: uuid.optional().meta({ description: 'Then it can do no more than their role, and stops with them' }),
        expiresAt: dateTime.optional(),
      }),
      responses: { 201: { description: 'Made; `key` is shown this once', schema: createdKeyBody } },
      idempotent: true,
      secrets: ['key'],
      handle: async ({ orgId, rights, ctx, body }) => {
        const expiresAt = body.expiresAt === undefined ? undefined : new Date(body.expiresAt);
        const { id, text } = await createApiKey(deps, ctx, orgId, rights, { ...body, expiresAt });
        const created = await getApiKey(deps.db, orgId, id);
        const location = `/v1/organizations/${orgId}/api-keys/${id}`;
        return { status: 201, location, body: { ...toWire(created), key: text } };
      },
    }),
    endpoint({
      method: 'delete',
      path: '/v1/organizations/{org}/api-keys/{key}',
      summary: 'Revoke an API key, at once',
      tag: TAG,
      access: { permission: 'key.manage' },
      params: z.object({ key: idParam }),
      responses: { 204: { description: 'Revoked' } },
      handle: async ({ orgId, ctx, params }) => {
        await revokeApiKey(deps, ctx, orgId, params.key);
        return { status: 204 };
      },
    }),
  ];
}

function toWire(key: ApiKey): z.input<typeof keyBody> {
  return {
    id: key.id,
    displayName: key.displayName,
    memberId: key.memberId ?? null,
    permissions: [...key.permissions],
    fullControl: key.fullControl,
    lastCharacters: key.lastCharacters,
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString() ?? null,
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  };
}
