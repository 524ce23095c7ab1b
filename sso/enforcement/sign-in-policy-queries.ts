// Reads the sign-in policy of an organization, its break-glass owners, and whom enforcing would find unprepared.
import type { Tx } from '../../src/db/database.ts';
import type { BreakGlassOwner, SignInPolicy } from './sign-in-policy.ts';

/** `lock` orders the changes of one policy, and those of an organization's owners. */
export async function readSignInPolicy(tx: Tx, lock?: 'lock'): Promise<SignInPolicy> {
  const [row] = await tx.query<{
    sso_enforcement: SignInPolicy['enforcement'];
    sso_enforced_at: Date | null;
    sso_guests: SignInPolicy['guests'];
    max_session_seconds: number | null;
    second_factor: SignInPolicy['secondFactor'];
  }>({
    text: `select sso_enforcement, sso_enforced_at, sso_guests, max_session_seconds, second_factor from organization
      where org_id = $1${lock ? ' for no key update' : ''}`,
    values: [tx.orgId],
  });
  if (!row) throw new Error('the organization of a transaction exists');
  return {
    enforcement: row.sso_enforcement,
    enforcedAt: row.sso_enforced_at ?? undefined,
    guests: row.sso_guests,
    maxSessionSeconds: row.max_session_seconds ?? undefined,
    secondFactor: row.second_factor,
  };
}

/** Those named first come first. */
export async function listBreakGlass(tx: Tx): Promise<BreakGlassOwner[]> {
  const rows = await tx.query<{
    member_id: string;
    address: string | null;
    display_name: string | null;
    named_at: Date;
    ready_at: Date | null;
    proved_at: Date | null;
    last_used_at: Date | null;
    usable: boolean;
  }>({
    text: `select b.member_id, m.address, m.display_name, b.named_at, b.ready_at, b.proved_at, b.last_used_at,
        is_break_glass(b.org_id, b.member_id) and not signs_in_elsewhere(b.org_id, m.person_id) as usable
      from break_glass b join member m on m.org_id = b.org_id and m.id = b.member_id
      where b.org_id = $1 order by b.named_at, b.member_id`,
    values: [tx.orgId],
  });
  return rows.map((row) => ({
    memberId: row.member_id,
    address: row.address ?? undefined,
    displayName: row.display_name ?? undefined,
    namedAt: row.named_at,
    readyAt: row.ready_at ?? undefined,
    provedAt: row.proved_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
    usable: row.usable,
  }));
}

/** The connections by which people sign in. */
export async function listActiveConnectionIds(tx: Tx): Promise<string[]> {
  const rows = await tx.query<{ id: string }>({
    text: `select id from connection where org_id = $1 and status = 'active' order by id`,
    values: [tx.orgId],
  });
  return rows.map(({ id }) => id);
}

/** Verified domains that no active connection asserts: enforcing would leave their people without a way in. */
export async function listUncoveredDomains(tx: Tx): Promise<string[]> {
  const rows = await tx.query<{ domain: string }>({
    text: `select d.domain from domains_of_organization($1) d where d.status = 'verified'
        and not exists (select from connection_domain c where c.org_id = $1 and c.domain = d.domain) order by d.domain`,
    values: [tx.orgId],
  });
  return rows.map(({ domain }) => domain);
}

/** Active people of the organization's own domains whom no active connection knows yet: their next sign-in links them. */
export async function countNeverLinked(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ count: number }>({
    text: `select count(*)::integer as count from member m
      where m.org_id = $1 and m.status = 'active' and m.kind = 'human' and owns_domain_of($1, m.address)
        and not is_break_glass($1, m.id)
        and not exists (select from identity i join connection c on c.org_id = i.org_id and c.id = i.connection_id
          and c.status = 'active' where i.org_id = $1 and i.member_id = m.id)`,
    values: [tx.orgId],
  });
  return row?.count ?? 0;
}

/** What else than a password could switch a member off, or decide how they sign in. */
export async function whatHolds(
  tx: Tx,
  memberId: string,
  personId: string,
): Promise<{ readonly byDirectory: boolean; readonly elsewhere: boolean }> {
  const [row] = await tx.query<{ directory: boolean; elsewhere: boolean }>({
    text: `select signs_in_elsewhere($1, $3) as elsewhere,
        exists (select from directory_user d where d.org_id = $1 and d.member_id = $2 and d.deleted_at is null) as directory`,
    values: [tx.orgId, memberId, personId],
  });
  return { byDirectory: row?.directory ?? false, elsewhere: row?.elsewhere ?? false };
}
