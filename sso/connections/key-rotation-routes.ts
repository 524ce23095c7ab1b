// The REST operations by which a SAML connection's own key is replaced without an outage. An OpenID Connect client's
// secret is replaced by changing the connection.
import { z } from 'zod';
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import type { SsoDeps } from '../deps.ts';
import { getConnection } from './connection-queries.ts';
import { connectionViewSchema } from './connection-view.ts';
import { beginKeyRotation, finishKeyRotation } from './rotate-key.ts';
import { showConnection } from './show-connection.ts';

const ONE = '/v1/organizations/{org}/connections/{connection}';
const shared = {
  tag: 'Connections',
  access: { permission: 'connection.manage' },
  method: 'post',
  params: z.object({ connection: z.uuid() }),
  responses: { 200: { description: 'The connection afterwards', schema: connectionViewSchema } },
} as const;

export function keyRotationRoutes(deps: Pick<SsoDeps, 'db' | 'clock' | 'config'>): Endpoint[] {
  const show = async (orgId: string, id: string) => ({
    status: 200,
    body: await showConnection(deps, await getConnection(deps, orgId, id)),
  });
  return [
    endpoint({
      ...shared,
      path: `${ONE}/key-rotation`,
      summary: 'Publish a new key in the metadata beside the present one, which goes on signing',
      handle: async ({ ctx, orgId, params: { connection } }) => {
        await beginKeyRotation(deps, ctx, orgId, connection);
        return show(orgId, connection);
      },
    }),
    endpoint({
      ...shared,
      path: `${ONE}/key-rotation/finish`,
      summary: 'Sign with the new key and drop the old one, once the company has taken the new metadata',
      handle: async ({ ctx, orgId, params: { connection } }) => {
        await finishKeyRotation(deps, ctx, orgId, connection);
        return show(orgId, connection);
      },
    }),
  ];
}
