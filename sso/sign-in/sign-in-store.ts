// What a sign-in writes: the link, a member made just in time, and the assertion that was used.

import type { Tx } from '../../src/db/database.ts';
import type { SsoDeps } from '../deps.ts';
import type { UpstreamPerson } from './upstream-person.ts';

/** Remembers an assertion until it has expired everywhere. Throws `sign_in_refused` (assertion_replayed) if it is known. */
export async function rememberAssertion(
  { db }: Pick<SsoDeps, 'db'>,
  seen: { readonly orgId: string; readonly connectionId: string; readonly assertionId: string; readonly until: Date },
): Promise<void> {
  await db.query(seen.orgId, {
    name: 'sso_assertion_seen_insert',
    text: 'insert into assertion_seen (org_id, connection_id, assertion_id, expires_at) values ($1, $2, $3, $4)',
    values: [seen.orgId, seen.connectionId, seen.assertionId, seen.until],
  });
}

/** Links an identity, once. An approval for it is used up. */
export async function insertIdentity(
  tx: Tx,
  link: {
    readonly connectionId: string;
    readonly person: UpstreamPerson;
    readonly memberId: string;
    readonly linkedBy: string;
    readonly at: Date;
  },
): Promise<void> {
  await tx.query({
    name: 'sso_identity_insert',
    text: `insert into identity (org_id, connection_id, issuer, subject, member_id, linked_by, linked_at)
      values ($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      tx.orgId,
      link.connectionId,
      link.person.issuer,
      link.person.subject,
      link.memberId,
      link.linkedBy,
      link.at,
    ],
  });
  await tx.query({
    name: 'sso_link_approval_use',
    text: 'delete from link_approval where org_id = $1 and connection_id = $2 and member_id = $3',
    values: [tx.orgId, link.connectionId, link.memberId],
  });
}

/** A member who does not exist yet; `admitMember` decides what becomes of them. */
export async function insertJitMember(
  tx: Tx,
  member: { readonly address: string; readonly givenName: string | undefined; readonly familyName: string | undefined },
): Promise<string> {
  const names = [member.givenName, member.familyName].filter((name) => name !== undefined);
  const [row] = await tx.query<{ id: string }>({
    name: 'sso_sign_in_member_insert',
    text: `insert into member (org_id, status, pending_reason, role_key, address, address_key, display_name, given_name, family_name)
      select $1, 'pending', 'no_address', default_role, $2, fold_key($2), $3, $4, $5 from organization where org_id = $1
      returning id`,
    values: [
      tx.orgId,
      member.address,
      names.length > 0 ? names.join(' ') : null,
      member.givenName ?? null,
      member.familyName ?? null,
    ],
  });
  return (row as { id: string }).id;
}

export async function getPersonOfMember(tx: Tx, memberId: string): Promise<string> {
  const [row] = await tx.query<{ person_id: string }>({
    text: 'select person_id from member where org_id = $1 and id = $2',
    values: [tx.orgId, memberId],
  });
  return (row as { person_id: string }).person_id;
}
