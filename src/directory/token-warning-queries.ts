// What a warning of a token's end says, and to whom, as long as it is still true.
import type { DirectoryDeps } from './directory.ts';

export type TokenWarning = {
  readonly address: string;
  readonly organizationName: string;
  readonly directoryName: string;
  readonly tokenName: string;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | undefined;
};

type Row = {
  address: string;
  organization: string;
  directory: string;
  token: string;
  expires_at: Date;
  last_used_at: Date | null;
};

/** Undefined where the token is revoked or over, or the member does not manage directories any more. */
export async function findTokenWarning(
  deps: DirectoryDeps,
  warning: { readonly orgId: string; readonly tokenId: string; readonly memberId: string },
): Promise<TokenWarning | undefined> {
  const [row] = await deps.db.query<Row>(warning.orgId, {
    text: `select m.address, o.display_name as organization, d.display_name as directory, t.display_name as token,
        t.expires_at, credential_last_used('scim_token', t.org_id, t.id) as last_used_at
      from directory_token t
        join directory d on d.org_id = t.org_id and d.id = t.directory_id and d.status = 'active'
        join organization o on o.org_id = t.org_id and o.status = 'active'
        join member m on m.org_id = t.org_id and m.id = $3 and m.status = 'active'
        join role r on r.org_id = m.org_id and r.key = m.role_key and 'directory.manage' = any (r.permissions)
      where t.org_id = $1 and t.id = $2 and t.revoked_at is null and t.expires_at > $4`,
    values: [warning.orgId, warning.tokenId, warning.memberId, deps.clock.now()],
  });
  if (!row) return undefined;
  return {
    address: row.address,
    organizationName: row.organization,
    directoryName: row.directory,
    tokenName: row.token,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
