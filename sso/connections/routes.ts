// The REST operations on an organization's connections.
import { z } from 'zod';
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import type { SsoDeps } from '../deps.ts';
import type { GuardedFetch } from '../outbound/guarded-fetch.ts';
import { approveLink } from './approve-link.ts';
import type { Connection } from './connection.ts';
import { createConnectionSchema, updateConnectionSchema } from './connection-input.ts';
import { getConnection, listConnections } from './connection-queries.ts';
import { connectionViewSchema } from './connection-view.ts';
import { createConnection } from './create-connection.ts';
import { fewAtOnce } from './few-at-once.ts';
import { withProvider } from './read-provider.ts';
import { showConnection, showConnections } from './show-connection.ts';
import { activateConnection, disableConnection, requireMayChange, updateConnection } from './update-connection.ts';

const COLLECTION = '/v1/organizations/{org}/connections';
const ONE = `${COLLECTION}/{connection}`;
const params = z.object({ connection: z.uuid() });
const shared = { tag: 'Connections', access: { permission: 'connection.manage' } } as const;

type Deps = Pick<SsoDeps, 'db' | 'clock' | 'config'> & { readonly outbound: GuardedFetch };

export function connectionRoutes(deps: Deps): Endpoint[] {
  const outboundOf = fewAtOnce(deps.outbound);
  const ok = async (connection: Connection) => ({ status: 200, body: await showConnection(deps, connection) });
  const answers = (description: string) => ({ 200: { description, schema: connectionViewSchema } });
  return [
    endpoint({
      ...shared,
      method: 'post',
      path: COLLECTION,
      summary: 'Make a connection to a company identity provider, as a draft',
      body: createConnectionSchema,
      idempotent: true,
      responses: { 201: { description: 'The connection', schema: connectionViewSchema } },
      handle: async ({ ctx, orgId, body }) => {
        const input = await withProvider(outboundOf(orgId), body);
        const made = await createConnection(deps, ctx, orgId, input);
        const location = `/v1/organizations/${orgId}/connections/${made.id}`;
        return { status: 201, location, body: await showConnection(deps, made) };
      },
    }),
    endpoint({
      ...shared,
      method: 'get',
      path: COLLECTION,
      summary: 'List connections',
      responses: {
        200: { description: 'All connections', schema: z.object({ items: z.array(connectionViewSchema) }) },
      },
      handle: async ({ orgId }) => ({
        status: 200,
        body: { items: await showConnections(deps, orgId, await listConnections(deps, orgId)) },
      }),
    }),
    endpoint({
      ...shared,
      method: 'get',
      path: ONE,
      summary: 'Get a connection',
      params,
      responses: answers('The connection'),
      handle: async ({ orgId, params: { connection } }) => ok(await getConnection(deps, orgId, connection)),
    }),
    endpoint({
      ...shared,
      method: 'patch',
      path: ONE,
      summary: 'Change a connection',
      params,
      body: updateConnectionSchema,
      responses: answers('The connection after the change'),
      handle: async ({ ctx, orgId, rights, params: { connection }, body }) => {
        // no address is asked for somebody who may not give it
        await requireMayChange(deps, rights, await getConnection(deps, orgId, connection), body);
        const change = await withProvider(outboundOf(orgId), body);
        return ok(await updateConnection(deps, ctx, orgId, connection, { rights, change }));
      },
    }),
    endpoint({
      ...shared,
      method: 'post',
      path: `${ONE}/activate`,
      summary: 'Let the organization sign in by this connection, once a test sign-in has succeeded',
      params,
      body: z
        .strictObject({
          untested: z
            .boolean()
            .default(false)
            .meta({ description: 'Without a successful test of the present settings: full control, recorded' }),
        })
        .prefault({}),
      responses: answers('The active connection'),
      handle: async ({ ctx, orgId, rights, params: { connection }, body }) =>
        ok(await activateConnection(deps, ctx, orgId, connection, { rights, untested: body.untested })),
    }),
    endpoint({
      ...shared,
      method: 'post',
      path: `${ONE}/disable`,
      summary: 'Stop sign-ins by this connection',
      params,
      body: z
        .strictObject({
          grants: z
            .enum(['keep', 'release'])
            .default('keep')
            .meta({ description: 'What becomes of what its sign-ins gave' }),
        })
        .prefault({}),
      responses: answers('The disabled connection'),
      handle: async ({ ctx, orgId, params: { connection }, body }) =>
        ok(await disableConnection(deps, ctx, orgId, connection, body.grants)),
    }),
    endpoint({
      ...shared,
      method: 'post',
      path: `${ONE}/approvals`,
      summary: 'Approve that this connection links one administrator, or somebody whom only an address names',
      params,
      body: z.object({ memberId: z.uuid() }).strict(),
      responses: {
        200: {
          description: 'The approval; the next fitting sign-in uses it up',
          schema: z.object({ memberId: z.uuid(), expiresAt: z.iso.datetime() }),
        },
      },
      handle: async ({ ctx, orgId, rights, params: { connection }, body: { memberId } }) => {
        const approval = await approveLink(deps, ctx, rights, { orgId, connectionId: connection, memberId });
        return { status: 200, body: { memberId, expiresAt: approval.expiresAt.toISOString() } };
      },
    }),
  ];
}
