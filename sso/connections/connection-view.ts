// A connection as the REST API shows it: settings without secrets, and the addresses that the company's side needs. Pure.
import { z } from 'zod';
import { backchannelLogoutUri, signedOutUri } from '../logout/logout-addresses.ts';
import { clientKeysUri, oidcRedirectUri } from '../oidc/connection.ts';
import { endpointsOf } from '../oidc/discovery-document.ts';
import { readCertificate } from '../saml/certificate.ts';
import { samlEndpoints } from '../saml/connection.ts';
import { sourceOf } from './company-side.ts';
import { type Connection, isTested, missingFor, ownKeyOf } from './connection.ts';
import type { ConnectionHealth, RefreshState } from './refresh-store.ts';

const change = z.object({ field: z.string(), from: z.string(), to: z.string() });

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
    /** How the company's metadata or discovery is read again; null: it was given by hand. */
    refresh: z
      .object({
        source: z.string(),
        dueAt: z.iso.datetime(),
        refreshedAt: z.iso.datetime().nullable(),
        failedAt: z.iso
          .datetime()
          .nullable()
          .meta({ description: 'When it last failed, if it has not succeeded since' }),
        lastError: z.string().nullable(),
        pendingChange: z
          .object({ since: z.iso.datetime(), changes: z.array(change) })
          .nullable()
          .meta({ description: 'What the company has changed and is not taken before somebody accepts it' }),
      })
      .nullable(),
    /** SAML: our own key's certificates; two while it is being replaced. */
    ownCertificates: z.array(z.object({ fingerprint: z.string(), expiresAt: z.iso.datetime(), signs: z.boolean() })),
    /** The certificates that signatures are verified with, whatever their dates. */
    certificates: z.array(
      z.object({
        fingerprint: z.string().meta({ description: 'SHA-256, hex' }),
        subject: z.string(),
        expiresAt: z.iso.datetime(),
        expired: z.boolean(),
        absentSince: z.iso.datetime().nullable().meta({ description: 'Since when the metadata names it no more' }),
      }),
    ),
  })
  .meta({ id: 'Connection' });

export type ConnectionView = z.output<typeof connectionViewSchema>;

export function connectionView(
  baseUrl: string,
  connection: Connection,
  health: ConnectionHealth | undefined,
  now: Date,
): ConnectionView {
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
    refresh: refreshView(sourceOf(connection.settings), health?.refresh),
    ownCertificates: ownCertificatesView(connection),
    certificates: certificatesView(connection, health?.absent, now),
  };
}

function refreshView(source: string | undefined, state: RefreshState | undefined): ConnectionView['refresh'] {
  if (source === undefined || !state) return null;
  const { pending } = state;
  return {
    source,
    dueAt: state.dueAt.toISOString(),
    refreshedAt: state.refreshedAt?.toISOString() ?? null,
    failedAt: state.failedAt?.toISOString() ?? null,
    lastError: state.lastError ?? null,
    pendingChange: pending ? { since: pending.since.toISOString(), changes: [...pending.changes] } : null,
  };
}

function ownCertificatesView(connection: Connection): ConnectionView['ownCertificates'] {
  const key = ownKeyOf(connection);
  return [key, key?.next].flatMap((pair, index) => {
    const certificate = pair && readCertificate(pair.certificate);
    if (!certificate) return [];
    const { fingerprint, notAfter } = certificate;
    return { fingerprint, expiresAt: notAfter.toISOString(), signs: index === 0 };
  });
}

function certificatesView(
  { settings }: Connection,
  absent: ConnectionHealth['absent'] | undefined,
  now: Date,
): ConnectionView['certificates'] {
  const pems = settings.protocol === 'saml' ? (settings.idp?.certificates ?? []) : [];
  return pems.flatMap((pem) => {
    const certificate = readCertificate(pem);
    if (!certificate) return [];
    const { fingerprint, subject, notAfter } = certificate;
    return {
      fingerprint,
      subject,
      expiresAt: notAfter.toISOString(),
      expired: notAfter <= now,
      absentSince: absent?.get(fingerprint)?.toISOString() ?? null,
    };
  });
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
      clientKeysUri: clientKeysUri(baseUrl, id),
    };
  }
  const { spEntityId, acsUrl, sloUrl } = samlEndpoints(baseUrl, id);
  return { entityId: spEntityId, acsUrl, sloUrl, metadataUrl: spEntityId };
}
