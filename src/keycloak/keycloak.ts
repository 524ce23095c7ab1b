// What every handler of the projection needs: the database, and the two service accounts with their different rights.
import type { Config } from '../config.ts';
import type { Database } from '../db/database.ts';
import { createKeycloakAdmin, type KeycloakAdmin } from './admin.ts';
import type { ProviderAddress } from './identity-provider.ts';
import { CONNECTIONS_CLIENT } from './realm/clients.ts';

export type Keycloak = {
  readonly db: Database;
  /** manage-users, manage-organizations, view-events. */
  readonly runtime: KeycloakAdmin;
  /** manage-identity-providers, too; used for nothing but an organization's provider. */
  readonly connections: KeycloakAdmin;
  readonly provider: ProviderAddress;
  /** Where Keycloak's organization pages lead. */
  readonly appUrl: string;
};

/** Makes the clients; undefined when no Keycloak is configured. Makes no call. */
export function createKeycloak(config: Config, db: Database): Keycloak | undefined {
  const { keycloak } = config;
  if (!keycloak) return undefined;
  const { url, realm } = keycloak;
  const account = (clientId: string, clientSecret: string) =>
    createKeycloakAdmin({ url, realm, credentials: { clientId, clientSecret } });
  return {
    db,
    runtime: account(keycloak.clientId, keycloak.clientSecret),
    connections: account(CONNECTIONS_CLIENT, keycloak.connectionsClientSecret),
    provider: { baseUrl: config.baseUrl, providerSecret: keycloak.providerSecret },
    appUrl: config.appUrl,
  };
}

/** Whether Keycloak answers for our realm now; needs no rights. */
export async function isReachable({ runtime }: Keycloak, timeoutMs = 3_000): Promise<boolean> {
  try {
    const response = await fetch(`${runtime.url}/realms/${runtime.realm}`, { signal: AbortSignal.timeout(timeoutMs) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
