// Keycloak is our provider's only client, under one client id per identity provider that it has of us. Clients are
// computed: `keycloak-<organization key>` exists when the organization does, and its secret is derived.
import type { Adapter, AdapterPayload, ClientMetadata } from 'oidc-provider';
import type { CoreDeps } from '../../src/db/core-deps.ts';
import { isStorable } from '../../src/http/storable-text.ts';
import { INVITATION_PROVIDER, providerAlias, providerClientId } from '../../src/keycloak/identity-provider.ts';
import { idpClientSecret } from '../../src/keycloak/idp-secret.ts';

export type ProviderClients = {
  readonly keycloak: { readonly url: string; readonly realm: string; readonly providerSecret: string } | undefined;
};

export const INVITATION_CLIENT = providerClientId(INVITATION_PROVIDER);
const PREFIX = providerClientId('');

/** The organization's key in a client id, or undefined for the invitation client and what is none of ours. */
function organizationKeyOf(clientId: string): string | undefined {
  if (clientId === INVITATION_CLIENT || !clientId.startsWith(PREFIX)) return undefined;
  const key = clientId.slice(PREFIX.length);
  return isStorable(key) ? key : undefined;
}

/** The live organization that a client stands for. */
export async function findOrganizationOfClient(
  { db }: CoreDeps,
  clientId: string,
): Promise<{ id: string; key: string; displayName: string } | undefined> {
  const key = organizationKeyOf(clientId);
  if (key === undefined) return undefined;
  const [found] = await db.realm<{ id: string | null }>({
    name: 'sso_organization_of_key',
    text: 'select organization_of_key($1) as id',
    values: [key],
  });
  if (!found?.id) return undefined;
  const [organization] = await db.query<{ display_name: string }>(found.id, {
    name: 'sso_organization_of_client',
    text: `select display_name from organization where org_id = $1 and status = 'active'`,
    values: [found.id],
  });
  return organization && { id: found.id, key, displayName: organization.display_name };
}

/** What oidc-provider must know of a client, or undefined if there is none of this id. */
export async function findProviderClient(
  deps: CoreDeps & { readonly clients: ProviderClients },
  clientId: string,
): Promise<ClientMetadata | undefined> {
  const { keycloak } = deps.clients;
  if (!keycloak) return undefined;
  let alias = INVITATION_PROVIDER;
  if (clientId !== INVITATION_CLIENT) {
    const organization = await findOrganizationOfClient(deps, clientId);
    if (!organization) return undefined;
    alias = providerAlias(organization.key);
  }
  const endpoint = `${keycloak.url}/realms/${keycloak.realm}/broker/${alias}/endpoint`;
  return {
    client_id: clientId,
    client_secret: idpClientSecret(keycloak.providerSecret, clientId),
    redirect_uris: [endpoint],
    post_logout_redirect_uris: [`${endpoint}/logout_response`],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_post',
    id_token_signed_response_alg: 'RS256',
  };
}

/** oidc-provider's adapter for its model `Client`: clients are looked up, never written. */
export function providerClientAdapter(deps: CoreDeps & { readonly clients: ProviderClients }): Adapter {
  const unsupported = async () => {
    throw new Error('Clients of the provider are computed, not stored.');
  };
  return {
    find: async (id) => (await findProviderClient(deps, id)) as AdapterPayload | undefined,
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    upsert: unsupported,
    consume: unsupported,
    destroy: unsupported,
    revokeByGrantId: unsupported,
  };
}
