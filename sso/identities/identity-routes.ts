// The REST operations on links between a connection and members.
import { z } from 'zod';
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import { dateTime, pageOf, pageQuery, readIdCursor, toPage, uuid } from '../../src/http/wire.ts';
import { getConnection } from '../connections/connection-queries.ts';
import type { SsoDeps } from '../deps.ts';
import { type IdentityRecord, listIdentities } from './identity-queries.ts';
import { unlinkIdentity } from './unlink-identity.ts';

const COLLECTION = '/v1/organizations/{org}/connections/{connection}/identities';
const shared = { tag: 'Connections', access: { permission: 'connection.manage' } } as const;
const ofConnection = z.object({ connection: uuid });

const identityBody = z
  .object({
    memberId: uuid,
    displayName: z.string().nullable(),
    address: z.string().nullable(),
    identity: z
      .object({ issuer: z.string(), subject: z.string(), linkedBy: z.string(), linkedAt: dateTime })
      .nullable(),
    lastSignInAt: dateTime.nullable(),
  })
  .meta({ id: 'Identity' });

export function identityRoutes(deps: Pick<SsoDeps, 'db' | 'config'>): Endpoint[] {
  return [
    endpoint({
      ...shared,
      method: 'get',
      path: COLLECTION,
      summary: 'List whom a connection is linked to, whom of its directory it misses, or who is outside the directory',
      params: ofConnection,
      query: pageQuery.extend({
        state: z.enum(['linked', 'missing', 'outside']).default('linked').meta({
          description: 'missing: in the paired directory, never signed in; outside: linked, but not in the directory',
        }),
      }),
      responses: { 200: { description: 'A page, by member', schema: pageOf(identityBody) } },
      handle: async ({ orgId, params, query: { limit, cursor, state } }) => {
        const { id } = await getConnection(deps, orgId, params.connection);
        const rows = await listIdentities(deps, orgId, {
          connectionId: id,
          state,
          afterId: readIdCursor(cursor),
          limit: limit + 1,
        });
        return { status: 200, body: toPage(rows, limit, view, ({ memberId }) => [memberId]) };
      },
    }),
    endpoint({
      ...shared,
      method: 'delete',
      path: `${COLLECTION}/{member}`,
      summary: 'Unlink a member: their next sign-in by the connection finds them anew',
      params: ofConnection.extend({ member: uuid }),
      responses: { 204: { description: 'Unlinked' } },
      handle: async ({ ctx, orgId, rights, params }) => {
        await unlinkIdentity(deps, ctx, rights, { orgId, connectionId: params.connection, memberId: params.member });
        return { status: 204 };
      },
    }),
  ];
}

function view({ memberId, displayName, address, identity, lastSignInAt }: IdentityRecord) {
  return {
    memberId,
    displayName: displayName ?? null,
    address: address ?? null,
    identity: identity ? { ...identity, linkedAt: identity.linkedAt.toISOString() } : null,
    lastSignInAt: lastSignInAt?.toISOString() ?? null,
  };
}
