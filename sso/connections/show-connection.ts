// Connections as REST shows them, with how they fare: a reading beside the connection itself.
import type { SsoDeps } from '../deps.ts';
import type { Connection } from './connection.ts';
import { type ConnectionView, connectionView } from './connection-view.ts';
import { findHealth } from './refresh-store.ts';

type Deps = Pick<SsoDeps, 'db' | 'clock' | 'config'>;

export async function showConnection(deps: Deps, connection: Connection): Promise<ConnectionView> {
  const health = await findHealth(deps, connection.orgId, connection.id);
  return connectionView(deps.config.baseUrl, connection, health.get(connection.id), deps.clock.now());
}

/** Of one organization. */
export async function showConnections(
  deps: Deps,
  orgId: string,
  connections: readonly Connection[],
): Promise<ConnectionView[]> {
  const health = await findHealth(deps, orgId, undefined);
  const now = deps.clock.now();
  return connections.map((one) => connectionView(deps.config.baseUrl, one, health.get(one.id), now));
}
