// A connection as the REST API shows it: settings without secrets, and the addresses that the company's side needs. Pure.
import { z } from 'zod';
import { oidcRedirectUri } from '../oidc/connection.ts';
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
  const { id, protocol, settings } = connection;
  const saml = samlEndpoints(baseUrl, id);
  return {
    id,
    protocol,
    displayName: connection.displayName,
    status: connection.status,
    directoryId: connection.directoryId ?? null,
    settings,
    hasSecret: connection.secret !== undefined,
    tested: isTested(connection),
    missing: missingFor(connection) ?? null,
    createdAt: connection.createdAt.toISOString(),
    serviceProvider:
      protocol === 'saml'
        ? { entityId: saml.spEntityId, acsUrl: saml.acsUrl, sloUrl: saml.sloUrl, metadataUrl: saml.spEntityId }
        : { redirectUri: oidcRedirectUri(baseUrl, id) },
  };
}
