// Who is linked to a connection, who of its directory has never signed in by it, and who signs in without being in the
// directory: the three lists by which an administrator sees whether both sides speak of the same people.
import type { SsoDeps } from '../deps.ts';

export type IdentityState = 'linked' | 'missing' | 'outside';

export type IdentityRecord = {
  readonly memberId: string;
  readonly displayName: string | undefined;
  readonly address: string | undefined;
  /** What the connection knows the member by; undefined for those who never signed in by it. */
  readonly identity:
    | { readonly issuer: string; readonly subject: string; readonly linkedBy: string; readonly linkedAt: Date }
    | undefined;
  /** The last usable sign-in by the connection. */
  readonly lastSignInAt: Date | undefined;
};

type Row = {
  member_id: string;
  display_name: string | null;
  address: string | null;
  issuer: string | null;
  subject: string | null;
  linked_by: string | null;
  linked_at: Date | null;
  last_at: Date | null;
};

const COLUMNS = `m.id as member_id, m.display_name, m.address, i.issuer, i.subject, i.linked_by, i.linked_at,
  (select max(e.at) from sso_evidence e where e.org_id = m.org_id and e.connection_id = $2 and e.member_id = m.id) as last_at`;

const LINKED = `from identity i join member m on m.org_id = i.org_id and m.id = i.member_id
  where i.org_id = $1 and i.connection_id = $2`;

const IN_DIRECTORY = `exists (select from directory_user d join connection c on c.org_id = d.org_id and c.id = $2
  and c.directory_id = d.directory_id where d.org_id = m.org_id and d.member_id = m.id and d.deleted_at is null)`;

const FROM: Readonly<Record<IdentityState, string>> = {
  linked: LINKED,
  outside: `${LINKED} and not ${IN_DIRECTORY}`,
  missing: `from connection c
    join directory_user d on d.org_id = c.org_id and d.directory_id = c.directory_id and d.deleted_at is null
    join member m on m.org_id = d.org_id and m.id = d.member_id and m.status not in ('removed', 'purged')
    left join identity i on i.org_id = m.org_id and i.connection_id = c.id and i.member_id = m.id
    where c.org_id = $1 and c.id = $2 and i.member_id is null`,
};

/** A page by member id. */
export async function listIdentities(
  { db }: Pick<SsoDeps, 'db'>,
  orgId: string,
  of: { connectionId: string; state: IdentityState; afterId: string | undefined; limit: number },
): Promise<IdentityRecord[]> {
  const rows = await db.query<Row>(orgId, {
    name: `sso_identities_${of.state}`,
    text: `select ${COLUMNS} ${FROM[of.state]} and ($3::uuid is null or m.id > $3) order by m.id limit $4`,
    values: [orgId, of.connectionId, of.afterId ?? null, of.limit],
  });
  return rows.map((row) => ({
    memberId: row.member_id,
    displayName: row.display_name ?? undefined,
    address: row.address ?? undefined,
    identity:
      row.issuer === null || row.subject === null || row.linked_by === null || row.linked_at === null
        ? undefined
        : { issuer: row.issuer, subject: row.subject, linkedBy: row.linked_by, linkedAt: row.linked_at },
    lastSignInAt: row.last_at ?? undefined,
  }));
}
