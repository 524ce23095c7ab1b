// Writes and reads how a connection's company side is read again, and which of its certificates end when.
import type { Tx } from '../../src/db/database.ts';
import type { SsoDeps } from '../deps.ts';
import { readCertificate } from '../saml/certificate.ts';
import { type PendingChange, sourceOf } from './company-side.ts';
import type { Connection, ConnectionSettings } from './connection.ts';

export type RefreshState = {
  readonly dueAt: Date;
  readonly refreshedAt: Date | undefined;
  readonly failedAt: Date | undefined;
  readonly lastError: string | undefined;
  readonly pending: (PendingChange & { readonly since: Date }) | undefined;
  readonly rejected: string | undefined;
};

type Row = {
  connection_id: string;
  due_at: Date;
  refreshed_at: Date | null;
  failed_at: Date | null;
  last_error: string | null;
  pending: PendingChange | null;
  pending_since: Date | null;
  rejected: string | null;
};

const COLUMNS = 'connection_id, due_at, refreshed_at, failed_at, last_error, pending, pending_since, rejected';

export type ConnectionHealth = {
  readonly refresh: RefreshState | undefined;
  /** Since when a certificate is not published any more, by fingerprint. */
  readonly absent: ReadonlyMap<string, Date>;
};

/** Of one connection, or of all of an organization, by connection. */
export async function findHealth(
  { db }: Pick<SsoDeps, 'db'>,
  orgId: string,
  connectionId: string | undefined,
): Promise<ReadonlyMap<string, ConnectionHealth>> {
  const values = [orgId, connectionId ?? null];
  const [states, certificates] = await Promise.all([
    db.query<Row>(orgId, {
      name: 'sso_refresh_states',
      text: `select ${COLUMNS} from connection_refresh where org_id = $1 and ($2::uuid is null or connection_id = $2)`,
      values,
    }),
    db.query<{ connection_id: string; fingerprint: string; absent_since: Date }>(orgId, {
      name: 'sso_absent_certificates',
      text: `select connection_id, fingerprint, absent_since from connection_certificate
        where org_id = $1 and ($2::uuid is null or connection_id = $2) and absent_since is not null`,
      values,
    }),
  ]);
  const ids = new Set([...states, ...certificates].map((row) => row.connection_id));
  return new Map(
    [...ids].map((id) => {
      const state = states.find((row) => row.connection_id === id);
      const own = certificates.filter((row) => row.connection_id === id);
      return [
        id,
        {
          refresh: state && fromRow(state),
          absent: new Map(own.map(({ fingerprint, absent_since }) => [fingerprint, absent_since])),
        },
      ];
    }),
  );
}

/**
 * The state, with the connection locked until the transaction ends (connection first, as every change of it does);
 * undefined for one that is read from no address, or was changed since it was read.
 */
export async function lockRefresh(
  tx: Tx,
  { id, version }: Pick<Connection, 'id' | 'version'>,
): Promise<RefreshState | undefined> {
  const same = await tx.query({
    text: 'select id from connection where org_id = $1 and id = $2 and version = $3 for no key update',
    values: [tx.orgId, id, version],
  });
  if (same.length === 0) return undefined;
  const [row] = await tx.query<Row>({
    text: `select ${COLUMNS} from connection_refresh where org_id = $1 and connection_id = $2`,
    values: [tx.orgId, id],
  });
  return row && fromRow(row);
}

/** The company's side was just given: it is read again at `dueAt`, or never where it was given by hand. */
export async function restartRefresh(
  tx: Tx,
  { id, settings }: Pick<Connection, 'id' | 'settings'>,
  { now, dueAt }: { readonly now: Date; readonly dueAt: Date },
): Promise<void> {
  await tx.query({
    text: 'delete from connection_refresh where org_id = $1 and connection_id = $2',
    values: [tx.orgId, id],
  });
  if (sourceOf(settings) === undefined) return;
  await tx.query({
    text: 'insert into connection_refresh (org_id, connection_id, due_at, refreshed_at) values ($1, $2, $3, $4)',
    values: [tx.orgId, id, dueAt, now],
  });
}

/** Says that the connection's side is read now, because somebody or a failed signature asks. False: less than a minute ago. */
export async function claimRefresh(
  { db }: Pick<SsoDeps, 'db'>,
  orgId: string,
  connectionId: string,
  now: Date,
): Promise<boolean> {
  const rows = await db.query(orgId, {
    name: 'sso_refresh_claim',
    text: `update connection_refresh set asked_at = $3 where org_id = $1 and connection_id = $2
      and (asked_at is null or asked_at <= $3::timestamptz - interval '1 minute') returning connection_id`,
    values: [orgId, connectionId, now],
  });
  return rows.length > 0;
}

export async function saveRefreshed(
  tx: Tx,
  connectionId: string,
  refresh: {
    readonly now: Date;
    readonly dueAt: Date;
    readonly pending: PendingChange | undefined;
    readonly since: Date;
  },
): Promise<void> {
  await tx.query({
    text: `update connection_refresh set due_at = $4, refreshed_at = $3, failed_at = null, last_error = null, pending = $5, pending_since = $6
      where org_id = $1 and connection_id = $2`,
    values: [
      tx.orgId,
      connectionId,
      refresh.now,
      refresh.dueAt,
      refresh.pending ? JSON.stringify(refresh.pending) : null,
      refresh.pending ? refresh.since : null,
    ],
  });
}

export async function saveRefreshFailure(
  tx: Tx,
  connectionId: string,
  failure: { readonly now: Date; readonly dueAt: Date; readonly error: string },
): Promise<void> {
  await tx.query({
    text: `update connection_refresh set due_at = $4, failed_at = $3, last_error = $5 where org_id = $1 and connection_id = $2`,
    values: [tx.orgId, connectionId, failure.now, failure.dueAt, failure.error],
  });
}

/** Nothing waits any more; a rejected change (its hash) is not asked about again. */
export async function clearPending(tx: Tx, connectionId: string, rejected: string | undefined): Promise<void> {
  await tx.query({
    text: `update connection_refresh set pending = null, pending_since = null, rejected = $3 where org_id = $1 and connection_id = $2`,
    values: [tx.orgId, connectionId, rejected ?? null],
  });
}

/** Keeps the list of certificates equal to the settings. */
export async function syncCertificates(
  tx: Tx,
  connectionId: string,
  settings: ConnectionSettings,
  absent: ReadonlyMap<string, Date> = new Map(),
): Promise<void> {
  const pems = settings.protocol === 'saml' ? (settings.idp?.certificates ?? []) : [];
  const certificates = pems.flatMap((pem) => readCertificate(pem) ?? []);
  await tx.query({
    text: 'delete from connection_certificate where org_id = $1 and connection_id = $2 and fingerprint <> all ($3)',
    values: [tx.orgId, connectionId, certificates.map(({ fingerprint }) => fingerprint)],
  });
  for (const { fingerprint, notAfter } of certificates) {
    await tx.query({
      text: `insert into connection_certificate (org_id, connection_id, fingerprint, not_after, absent_since)
        values ($1, $2, $3, $4, $5)
        on conflict (org_id, connection_id, fingerprint) do update set absent_since = excluded.absent_since`,
      values: [tx.orgId, connectionId, fingerprint, notAfter, absent.get(fingerprint) ?? null],
    });
  }
}

function fromRow(row: Row): RefreshState {
  return {
    dueAt: row.due_at,
    refreshedAt: row.refreshed_at ?? undefined,
    failedAt: row.failed_at ?? undefined,
    lastError: row.last_error ?? undefined,
    pending: row.pending && row.pending_since ? { ...row.pending, since: row.pending_since } : undefined,
    rejected: row.rejected ?? undefined,
  };
}
