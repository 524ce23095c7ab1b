// What the ladder reads: which members of the organization could be the person whom the company has signed in.
import type { Tx } from '../../src/db/database.ts';
import { ADMIN_PERMISSIONS } from '../../src/roles/permissions.ts';

export type Candidate = {
  readonly memberId: string;
  readonly status: 'invited' | 'pending' | 'active' | 'suspended' | 'removed' | 'purged';
  readonly personId: string | undefined;
  readonly kind: 'human' | 'service' | 'group';
  readonly address: string | undefined;
  readonly blocked: boolean;
  /** Holds rights over the organization, by role. */
  readonly isAdmin: boolean;
  /** Is a live user of the connection's paired directory. */
  readonly inDirectory: boolean;
  /** Another identity of this connection is linked to them. */
  readonly linked: boolean;
  /** The organization's verified claim that covers the address. */
  readonly ownDomain: string | undefined;
  /** The address is of a domain that the organization has lost for good. */
  readonly lostDomain: boolean;
  /** Something besides this organization holds the person: a credential of their own, or a membership elsewhere. */
  readonly held: boolean;
  /** Somebody with full control has approved this connection's first link. */
  readonly approved: boolean;
};

type Row = {
  member_id: string;
  status: Candidate['status'];
  person_id: string | null;
  kind: Candidate['kind'];
  address: string | null;
  blocked: boolean;
  is_admin: boolean;
  in_directory: boolean;
  linked: boolean;
  own_domain: string | null;
  lost_domain: boolean;
  held: boolean;
  approved: boolean;
};

/** $1 organization, $2 connection, $3 its directory (or null), $4 permissions, $5 now; `which` selects the members. */
const select = (which: string) => `select m.id as member_id, m.status, m.person_id, m.kind, m.address,
    exists (select from block b where b.org_id = m.org_id and b.member_id = m.id) as blocked,
    r.full_control or r.permissions && $4::text[] as is_admin,
    exists (select from directory_user d where d.org_id = m.org_id and d.directory_id = $3 and d.member_id = m.id
      and d.deleted_at is null and d.adoption is null) as in_directory,
    exists (select from identity i where i.org_id = m.org_id and i.connection_id = $2 and i.member_id = m.id) as linked,
    own_domain_of(m.org_id, m.address) as own_domain,
    m.address is not null and sign_ins_ended_for(m.org_id, m.address) as lost_domain,
    m.person_id is not null and (person_held_elsewhere(m.org_id, m.person_id)
      or coalesce((select s.has_credential from person_standing(m.address) s), false)) as held,
    exists (select from link_approval l where l.org_id = m.org_id and l.connection_id = $2 and l.member_id = m.id
      and l.expires_at > $5) as approved
  from member m join role r on r.org_id = m.org_id and r.key = m.role_key
  where m.org_id = $1 and m.status <> 'purged' and ${which}`;

export type Place = {
  readonly connectionId: string;
  readonly directoryId: string | undefined;
  readonly now: Date;
};

async function find(tx: Tx, place: Place, name: string, which: string, values: unknown[]): Promise<Candidate[]> {
  const rows = await tx.query<Row>({
    name: `sso_sign_in_${name}`,
    text: `${select(which)} for update of m`,
    values: [tx.orgId, place.connectionId, place.directoryId ?? null, ADMIN_PERMISSIONS, place.now, ...values],
  });
  return rows.map((row) => ({
    memberId: row.member_id,
    status: row.status,
    personId: row.person_id ?? undefined,
    kind: row.kind,
    address: row.address ?? undefined,
    blocked: row.blocked,
    isAdmin: row.is_admin,
    inDirectory: row.in_directory,
    linked: row.linked,
    ownDomain: row.own_domain ?? undefined,
    lostDomain: row.lost_domain,
    held: row.held,
    approved: row.approved,
  }));
}

/** The member whom this identity was linked to. */
export function findByIdentity(tx: Tx, place: Place, issuer: string, subject: string): Promise<Candidate[]> {
  const which = `m.id = (select member_id from identity where org_id = $1 and connection_id = $2 and issuer = $6 and subject = $7)`;
  return find(tx, place, 'by_identity', which, [issuer, subject]);
}

const directoryUser = (condition: string) =>
  `m.id in (select d.member_id from directory_user d where d.org_id = $1 and d.directory_id = $3 and ${condition}
    and d.deleted_at is null and d.adoption is null)`;

/** The paired directory's user of that externalId. */
export function findByImmutableId(tx: Tx, place: Place, immutableId: string): Promise<Candidate[]> {
  return find(tx, place, 'by_immutable_id', directoryUser('d.external_id = $6'), [immutableId]);
}

/** The paired directory's user of that userName, case aside. */
export function findByUserName(tx: Tx, place: Place, userName: string): Promise<Candidate[]> {
  return find(tx, place, 'by_user_name', directoryUser('d.user_name_key = fold_key($6)'), [userName]);
}

export function findByAddress(tx: Tx, place: Place, address: string): Promise<Candidate[]> {
  const which = `m.address_key = fold_key($6) and m.status not in ('removed', 'purged')`;
  return find(tx, place, 'by_address', which, [address]);
}

/** Members who were let go while blocked, under any of these names: just-in-time creation must not bring them back. */
export async function isTombstoned(
  tx: Tx,
  names: { readonly immutableId: string | undefined; readonly userName: string | undefined; readonly address: string },
): Promise<boolean> {
  const [row] = await tx.query<{ found: boolean }>({
    name: 'sso_sign_in_tombstone',
    text: `select exists (select from member m join block b on b.org_id = m.org_id and b.member_id = m.id
        left join directory_user d on d.org_id = m.org_id and d.member_id = m.id and d.adoption is null
      where m.org_id = $1 and (m.address_key = fold_key($4) or d.external_id = $2
        or d.user_name_key = fold_key($3) or d.email_key = fold_key($4))) as found`,
    values: [tx.orgId, names.immutableId ?? null, names.userName ?? null, names.address],
  });
  return row?.found ?? false;
}

/** The organization's verified claim that covers the address, if any. */
export async function findOwnDomainOf(tx: Tx, address: string): Promise<string | undefined> {
  const [row] = await tx.query<{ domain: string | null }>({
    name: 'sso_own_domain_of',
    text: 'select own_domain_of($1, $2) as domain',
    values: [tx.orgId, address],
  });
  return row?.domain ?? undefined;
}
