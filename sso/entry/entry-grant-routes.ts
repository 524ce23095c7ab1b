// The REST operations on a connection's access grants.
import { z } from 'zod';
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import { dateTime, uuid } from '../../src/http/wire.ts';
import { getConnection } from '../connections/connection-queries.ts';
import type { SsoDeps } from '../deps.ts';
import { createEntryGrant, deleteEntryGrant } from './change-entry-grants.ts';
import type { EntryGrant } from './entry-grant.ts';
import { listEntryGrants } from './entry-grant-queries.ts';

const COLLECTION = '/v1/organizations/{org}/connections/{connection}/access-grants';
const shared = { tag: 'Connections', access: { permission: 'connection.manage' } } as const;
const ofConnection = z.object({ connection: uuid });

const grantBody = z
  .object({
    id: uuid,
    attribute: z
      .string()
      .nullable()
      .meta({ description: 'The attribute or claim that is looked at; null = the groups' }),
    value: z.string(),
    role: z
      .string()
      .nullable()
      .meta({ description: "What those who match get; null = the organization's default role" }),
    createdAt: dateTime,
  })
  .meta({ id: 'AccessGrant' });

const createBody = z.strictObject({
  attribute: z.string().trim().min(1).max(300).optional(),
  value: z.string().trim().min(1).max(512),
  role: z.string().min(1).max(40).optional(),
});

export function entryGrantRoutes(deps: Pick<SsoDeps, 'db' | 'clock' | 'config'>): Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'get',
      path: COLLECTION,
      summary: 'List who may enter by a connection: groups and attribute values, and the role they give',
      params: ofConnection,
      responses: { 200: { description: 'All of them, oldest first', schema: z.object({ items: z.array(grantBody) }) } },
      handle: async ({ orgId, params }) => {
        const { id } = await getConnection(deps, orgId, params.connection);
        const items = await deps.db.inOrg(orgId, (tx) => listEntryGrants(tx, orgId, id));
        return { status: 200, body: { items: items.map(view) } };
      },
    }),
    endpoint({
      ...shared,
      method: 'post',
      path: COLLECTION,
      summary: 'Let those in who have a group or an attribute value',
      params: ofConnection,
      body: createBody,
      idempotent: true,
      responses: { 201: { description: 'The access grant', schema: grantBody } },
      handle: async ({ ctx, orgId, rights, params, body }) => {
        const { attribute, value, role } = body;
        const made = await createEntryGrant(deps, ctx, orgId, rights, {
          connectionId: params.connection,
          attribute,
          value,
          role,
        });
        return { status: 201, location: `${COLLECTION}/${made.id}`, body: view(made) };
      },
    }),
    endpoint({
      ...shared,
      method: 'delete',
      path: `${COLLECTION}/{accessGrant}`,
      summary: 'Delete an access grant; whoever came in by it stays a member, without the role that it gave',
      params: ofConnection.extend({ accessGrant: uuid }),
      responses: { 204: { description: 'Deleted' } },
      handle: async ({ ctx, orgId, params }) => {
        await deleteEntryGrant(deps, ctx, orgId, { connectionId: params.connection, id: params.accessGrant });
        return { status: 204 };
      },
    }),
  ];
}

function view({ id, attribute, value, role, createdAt }: EntryGrant): z.output<typeof grantBody> {
  return { id, attribute: attribute ?? null, value, role: role ?? null, createdAt: createdAt.toISOString() };
}
