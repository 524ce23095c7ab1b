// Writes connections, inside a use case's transaction.
import type { Tx } from '../../src/db/database.ts';
import { DomainError } from '../../src/errors.ts';
import { sealBytes } from '../../src/seal.ts';
import type { Connection, ConnectionSettings, ConnectionStatus, OidcSecret, SamlSecret } from './connection.ts';
import { CONNECTION_COLUMNS, type ConnectionRow, readConnection, secretPurpose } from './connection-queries.ts';

export type ConnectionWrite = {
  readonly id: string;
  readonly displayName: string;
  readonly directoryId: string | undefined;
  readonly settings: ConnectionSettings;
  readonly secret: SamlSecret | OidcSecret | undefined;
};

export async function insertConnection(
  tx: Tx,
  secretKey: string,
  write: ConnectionWrite,
  at: Date,
): Promise<Connection> {
  await requireDirectory(tx, write.directoryId);
  const [row] = await tx.query<ConnectionRow>({
    text: `insert into connection (org_id, id, protocol, display_name, directory_id, settings, sealed_secret, created_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${CONNECTION_COLUMNS}`,
    values: [
      tx.orgId,
      write.id,
      write.settings.protocol,
      write.displayName,
      write.directoryId ?? null,
      write.settings,
      seal(secretKey, write),
      at,
    ],
  });
  return readConnection(secretKey, row as ConnectionRow);
}

/**
 * Writes over a connection of that version; undefined when somebody else has changed it meanwhile. `retrusts`: whom it
 * believes may have changed, so that its tests count no more (an active one stays active).
 */
export async function updateConnectionRow(
  tx: Tx,
  secretKey: string,
  write: ConnectionWrite & { readonly version: number; readonly retrusts: boolean },
): Promise<Connection | undefined> {
  await requireDirectory(tx, write.directoryId);
  const [row] = await tx.query<ConnectionRow>({
    text: `update connection set display_name = $3, directory_id = $4, settings = $5, sealed_secret = $6, version = version + 1,
        trust_version = trust_version + $8::integer,
        status = case when $8::integer = 1 and status = 'tested' then 'draft' else status end
      where org_id = $1 and id = $2 and version = $7 returning ${CONNECTION_COLUMNS}`,
    values: [
      tx.orgId,
      write.id,
      write.displayName,
      write.directoryId ?? null,
      write.settings,
      seal(secretKey, write),
      write.version,
      write.retrusts ? 1 : 0,
    ],
  });
  return row && readConnection(secretKey, row);
}

/** Throws invalid_value for a directory that the organization does not have. */
async function requireDirectory(tx: Tx, directoryId: string | undefined): Promise<void> {
  if (directoryId === undefined) return;
  const found = await tx.query({
    text: 'select id from directory where org_id = $1 and id = $2',
    values: [tx.orgId, directoryId],
  });
  if (found.length === 0) throw new DomainError('invalid_value', 'The organization has no directory of this id.');
}

/** Answers whether the status has changed. */
export async function setConnectionStatus(tx: Tx, id: string, status: ConnectionStatus): Promise<boolean> {
  const rows = await tx.query({
    text: `update connection set status = $3, version = version + 1 where org_id = $1 and id = $2 and status <> $3 returning id`,
    values: [tx.orgId, id, status],
  });
  return rows.length > 0;
}

/** Everything in Keycloak that a connection's status touches is due: the organization's provider, its people's links. */
export async function markForConnection(tx: Tx, priority: 0 | 1): Promise<void> {
  await tx.query({
    text: `select mark_projection('organization', $1, $2)
      union all select mark_projection('person', person, $2) from persons_of_organization($1) person`,
    values: [tx.orgId, priority],
  });
}

/** Logs out, by their next projection, everybody whom a connection has ever signed in here. */
export async function endSessionsOfConnection(tx: Tx, id: string): Promise<void> {
  await tx.query({
    text: `select demand_logout(person_id) from (select distinct m.person_id
      from identity i join member m on m.org_id = i.org_id and m.id = i.member_id
      where i.org_id = $1 and i.connection_id = $2 and m.person_id is not null) people`,
    values: [tx.orgId, id],
  });
}

/** People whom the connection knows under one issuer are known under another from now on. Answers how many. */
export async function moveIdentities(
  tx: Tx,
  id: string,
  from: string | undefined,
  to: string | undefined,
): Promise<number> {
  if (from === undefined || to === undefined || from === to) return 0;
  const rows = await tx.query({
    text: `update identity i set issuer = $4 where org_id = $1 and connection_id = $2 and issuer = $3
      and not exists (select from identity other where other.org_id = $1 and other.connection_id = $2
        and other.issuer = $4 and other.subject = i.subject) returning member_id`,
    values: [tx.orgId, id, from, to],
  });
  return rows.length;
}

function seal(secretKey: string, { id, secret }: ConnectionWrite): Buffer | null {
  return secret ? sealBytes(secretKey, secretPurpose(id), Buffer.from(JSON.stringify(secret))) : null;
}
