// A connection as the REST API shows it: settings without secrets, and the addresses that the company's side needs. Pure.
import { z } from 'zod';
import { backchannelLogoutUri, signedOutUri } from '../logout/logout-addresses.ts';
import { oidcRedirectUri } from '../oidc/connection.ts';
import { endpointsOf } from '../oidc/discovery-document.ts';
import { samlEndpoints } from '../saml/connection.ts';
import { type Connection, isTested, missingFor } from './connection.ts';

export const connectionViewSchema = z
  .object({
    id: z.uuid(),
    protocol: z.enum(['saml', 'oidc']),
    displayName: z.string(),
    status: z.enum(['draft', 'tested', 'active', 'disabled']),
    directoryId: z.uuid().nullable(),
    settings: z.record(z.string(), z.unknown()),
    /** OpenID Connect: where the provider serves what, as discovered. */
    endpoints: z.record(z.string(), z.string()).nullable(),
    hasSecret: z.boolean(),
    /** Whether a test sign-in has succeeded with the settings as they are; false while active: changed since. */
    tested: z.boolean(),
    /** Why it cannot be activated yet. */
    missing: z.string().nullable(),
    createdAt: z.iso.datetime(),
    /** What the company's administrator enters at the identity provider. */
    serviceProvider: z.record(z.string(), z.string()),
  })
  .meta({ id: 'Connection' });

export type ConnectionView = z.output<typeof connectionViewSchema>;

export function connectionView(baseUrl: string, connection: Connection): ConnectionView {
  const { id, protocol } = connection;
  const { discovery, ...settings } =
    connection.protocol === 'oidc' ? connection.settings : { ...connection.settings, discovery: undefined };
  return {
    id,
    protocol,
    displayName: connection.displayName,
    status: connection.status,
    directoryId: connection.directoryId ?? null,
    settings,
    endpoints: discovery ? endpointsOf(discovery) : null,
    hasSecret: connection.secret !== undefined,
    tested: isTested(connection),
    missing: missingFor(connection) ?? null,
    createdAt: connection.createdAt.toISOString(),
    serviceProvider: companyValues(baseUrl, connection),
  };
}

/** What the company's administrator enters at the identity provider. */
export function companyValues(
  baseUrl: string,
  { id, protocol }: Pick<Connection, 'id' | 'protocol'>,
): Record<string, string> {
  if (protocol === 'oidc') {
    return {
      redirectUri: oidcRedirectUri(baseUrl, id),
      signedOutUri: signedOutUri(baseUrl, id),
      backchannelLogoutUri: backchannelLogoutUri(baseUrl, id),
    };
  }
  const { spEntityId, acsUrl, sloUrl } = samlEndpoints(baseUrl, id);
  return { entityId: spEntityId, acsUrl, sloUrl, metadataUrl: spEntityId };
}
