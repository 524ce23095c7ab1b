// Reads connections. The secret is opened here and nowhere else.
import { DomainError } from '../../src/errors.ts';
import { isUuid } from '../../src/ids.ts';
import { openBytes } from '../../src/seal.ts';
import type { SsoDeps } from '../deps.ts';
import { type Connection, type ConnectionStatus, settingsSchema } from './connection.ts';

type Deps = Pick<SsoDeps, 'db'> & { readonly config: Pick<SsoDeps['config'], 'secretKey'> };

export type ConnectionRow = {
  org_id: string;
  id: string;
  display_name: string;
  status: ConnectionStatus;
  directory_id: string | null;
  settings: unknown;
  sealed_secret: Buffer | null;
  version: number;
  trust_version: number;
  tested_version: number | null;
  created_at: Date;
};

export const CONNECTION_COLUMNS =
  'org_id, id, display_name, status, directory_id, settings, sealed_secret, version, trust_version, tested_version, created_at';

/** What a connection's secret is sealed for. */
export function secretPurpose(connectionId: string): string {
  return `connection ${connectionId}`;
}

export function readConnection(secretKey: string, row: ConnectionRow): Connection {
  const settings = settingsSchema.parse(row.settings);
  const secret = row.sealed_secret
    ? JSON.parse(openBytes(secretKey, secretPurpose(row.id), row.sealed_secret).toString())
    : undefined;
  return {
    orgId: row.org_id,
    id: row.id,
    displayName: row.display_name,
    status: row.status,
    directoryId: row.directory_id ?? undefined,
    version: row.version,
    trustVersion: row.trust_version,
    testedVersion: row.tested_version ?? undefined,
    createdAt: row.created_at,
    protocol: settings.protocol,
    settings,
    secret,
  } as Connection;
}

export async function findConnection(deps: Deps, orgId: string, id: string): Promise<Connection | undefined> {
  if (!isUuid(id)) return undefined;
  const [row] = await deps.db.query<ConnectionRow>(orgId, {
    name: 'sso_connection_by_id',
    text: `select ${CONNECTION_COLUMNS} from connection where org_id = $1 and id = $2`,
    values: [orgId, id],
  });
  return row && readConnection(deps.config.secretKey, row);
}

/** Throws not_found. */
export async function getConnection(deps: Deps, orgId: string, id: string): Promise<Connection> {
  const connection = await findConnection(deps, orgId, id);
  if (!connection) throw new DomainError('not_found', 'The organization has no connection of this id.');
  return connection;
}

/** Those by which the organization's people sign in. */
export async function listActiveConnections(deps: Deps, orgId: string): Promise<Connection[]> {
  const rows = await deps.db.query<ConnectionRow>(orgId, {
    name: 'sso_connections_active',
    text: `select ${CONNECTION_COLUMNS} from connection where org_id = $1 and status = 'active' order by display_name, id`,
    values: [orgId],
  });
  return rows.map((row) => readConnection(deps.config.secretKey, row));
}

export async function listConnections(deps: Deps, orgId: string): Promise<Connection[]> {
  const rows = await deps.db.query<ConnectionRow>(orgId, {
    name: 'sso_connection_list',
    text: `select ${CONNECTION_COLUMNS} from connection where org_id = $1 order by id`,
    values: [orgId],
  });
  return rows.map((row) => readConnection(deps.config.secretKey, row));
}

/** The organization whose connection an address of ours names: `/sso/saml/{connection}/…`. */
export async function findOrganizationOfConnection(
  { db }: Pick<SsoDeps, 'db'>,
  connectionId: string,
): Promise<string | undefined> {
  if (!isUuid(connectionId)) return undefined;
  const [row] = await db.realm<{ org_id: string | null }>({
    name: 'sso_organization_of_connection',
    text: 'select organization_of_connection($1) as org_id',
    values: [connectionId],
  });
  return row?.org_id ?? undefined;
}

/** The organization's verified domains. */
export async function listVerifiedDomains(deps: Pick<SsoDeps, 'db'>, orgId: string): Promise<string[]> {
  return (await listDomains(deps, orgId)).flatMap(({ domain, status }) => (status === 'verified' ? domain : []));
}

/** All that it has claimed, with the state of the proof. */
export function listDomains(
  { db }: Pick<SsoDeps, 'db'>,
  orgId: string,
): Promise<{ readonly domain: string; readonly status: string }[]> {
  return db.realm({
    name: 'sso_domains',
    text: 'select domain, status from domains_of_organization($1)',
    values: [orgId],
  });
}
