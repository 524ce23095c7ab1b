// The REST operations by which a connection's own key is replaced without an outage: of SAML, or of an OpenID Connect client
// that proves itself by one. A client's secret is replaced by changing the connection.
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts';
import type { SsoDeps } from '../deps.ts';
import { answerConnection, connectionAction, ONE_CONNECTION } from './connection-action.ts';
import { beginKeyRotation, finishKeyRotation } from './rotate-key.ts';

export function keyRotationRoutes(deps: Pick<SsoDeps, 'db' | 'clock' | 'config'>): Endpoint[] {
  return [
    endpoint({
      ...connectionAction,
      path: `${ONE_CONNECTION}/key-rotation`,
      summary: 'Publish a new key beside the present one, which goes on signing: in the metadata, or at clientKeysUri',
      handle: async ({ ctx, orgId, params: { connection } }) => {
        await beginKeyRotation(deps, ctx, orgId, connection);
        return answerConnection(deps, orgId, connection);
      },
    }),
    endpoint({
      ...connectionAction,
      path: `${ONE_CONNECTION}/key-rotation/finish`,
      summary: 'Sign with the new key and drop the old one, once the company has taken the new metadata or key set',
      handle: async ({ ctx, orgId, params: { connection } }) => {
        await finishKeyRotation(deps, ctx, orgId, connection);
        return answerConnection(deps, orgId, connection);
      },
    }),
  ];
}
