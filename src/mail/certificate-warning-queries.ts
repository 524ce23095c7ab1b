// What a warning of a certificate's end says, and to whom, as long as it is still true.
import type { CoreDeps } from '../db/core-deps.ts';

export type CertificateWarning = {
  readonly address: string;
  readonly organizationName: string;
  readonly connectionName: string;
  readonly fingerprint: string;
  readonly expiresAt: Date;
  /** New certificates come from the metadata's address by themselves. */
  readonly isRefreshed: boolean;
};

type Row = {
  address: string;
  organization: string;
  connection: string;
  fingerprint: string;
  not_after: Date;
  refreshed: boolean;
};

/** Undefined where the certificate is gone or outlived, or the member does not manage connections any more. */
export async function findCertificateWarning(
  { db, clock }: CoreDeps,
  warning: {
    readonly orgId: string;
    readonly connectionId: string;
    readonly fingerprint: string;
    readonly memberId: string;
  },
): Promise<CertificateWarning | undefined> {
  const [row] = await db.query<Row>(warning.orgId, {
    text: `select m.address, o.display_name as organization, c.display_name as connection, k.fingerprint, k.not_after,
        exists (select from connection_refresh r where r.org_id = c.org_id and r.connection_id = c.id) as refreshed
      from connection_certificate k
        join connection c on c.org_id = k.org_id and c.id = k.connection_id and c.status = 'active'
        join organization o on o.org_id = k.org_id and o.status = 'active'
        join member m on m.org_id = k.org_id and m.id = $4 and m.status = 'active'
        join role r on r.org_id = m.org_id and r.key = m.role_key and 'connection.manage' = any (r.permissions)
      where k.org_id = $1 and k.connection_id = $2 and k.fingerprint = $3 and k.not_after > $5
        and not exists (select from connection_certificate later where later.org_id = k.org_id
          and later.connection_id = k.connection_id and later.absent_since is null and later.not_after > k.not_after)`,
    values: [warning.orgId, warning.connectionId, warning.fingerprint, warning.memberId, clock.now()],
  });
  if (!row) return undefined;
  return {
    address: row.address,
    organizationName: row.organization,
    connectionName: row.connection,
    fingerprint: row.fingerprint,
    expiresAt: row.not_after,
    isRefreshed: row.refreshed,
  };
}
