// Who may come in once the company has said who it is: just-in-time creation, and the gate that known members pass too.
// Access grants decide by what the company says now; the gate's other form asks that some mapping rule matches.
import type { Tx } from '../../src/db/database.ts';
import type { Connection } from '../connections/connection.ts';
import { type EntryGrant, matchingGrants } from '../entry/entry-grant.ts';
import { listDirectoryGroupValues, listEntryGrants } from '../entry/entry-grant-queries.ts';
import { SignInRefused } from './refusals.ts';
import { note, type SignInTrace } from './sign-in-trace.ts';
import type { UpstreamPerson } from './upstream-person.ts';

export type Entry = { readonly matched: readonly EntryGrant[]; readonly unmatched: readonly EntryGrant[] };

/**
 * The connection's access grants, by whether they fit. Where the provider had more groups than it sends (overage), the
 * groups in which the paired directory has the member stand in.
 */
export async function readEntry(
  tx: Tx,
  { id, directoryId, orgId }: Connection,
  person: UpstreamPerson,
  memberId: string | undefined,
  trace: SignInTrace,
): Promise<Entry> {
  const grants = await listEntryGrants(tx, orgId, id);
  if (grants.length === 0) return { matched: [], unmatched: [] };
  const { state, values } = person.evidence.groups;
  const standIn = state === 'overage' && directoryId !== undefined && memberId !== undefined;
  const groups = standIn ? await listDirectoryGroupValues(tx, orgId, { directoryId, memberId }) : values;
  const matched = matchingGrants(grants, person, groups);
  const words = matched.map(({ attribute, value }) => `${attribute ?? 'group'} ${value}`).join(', ');
  note(trace, 'access grants', true, matched.length > 0 ? `match: ${words}` : `none of ${grants.length} matches`);
  return { matched, unmatched: grants.filter((grant) => !matched.includes(grant)) };
}

/** The gate of access grants. Throws SignInRefused. */
export function requireEntry({ settings }: Connection, entry: Entry, { evidence }: UpstreamPerson): void {
  if (settings.gate !== 'granted' || entry.matched.length > 0) return;
  throw new SignInRefused('entry_refused', `No access grant matches; the groups were ${evidence.groups.state}.`);
}

/** The gate of mapping rules, asked when the evidence has been taken. Gives the refusal. */
export async function findMappingRefusal(
  tx: Tx,
  { settings }: Connection,
  memberId: string,
): Promise<SignInRefused | undefined> {
  if (settings.gate !== 'mapped') return undefined;
  const mapped = await tx.query({
    name: 'sso_is_mapped',
    text: `select 1 as one from access_grant where org_id = $1 and member_id = $2 and source in ('scim', 'sso')
      and not retained limit 1`,
    values: [tx.orgId, memberId],
  });
  return mapped.length > 0 ? undefined : new SignInRefused('entry_refused', 'No mapping rule matches the member.');
}

const refOf = ({ id }: EntryGrant) => `entry:${id}`;

/**
 * Gives the roles of the grants that match and takes back those that do not any more. What the sign-in was silent about
 * is held: a group grant while no usable list came, an attribute grant while the attribute is missing. Answers whether
 * anything has changed; what follows from it is the caller's to compute.
 */
export async function applyEntryRoles(
  tx: Tx,
  memberId: string,
  entry: Entry,
  said: { readonly groupsKnown: boolean; readonly person: UpstreamPerson },
): Promise<boolean> {
  const given = entry.matched.filter(({ role }) => role !== undefined);
  const lost = entry.unmatched.filter(({ attribute }) =>
    attribute === undefined ? said.groupsKnown : said.person.attributes.has(attribute),
  );
  const taken = await tx.query({
    name: 'sso_entry_roles_take',
    text: `delete from access_grant a where a.org_id = $1 and a.member_id = $2 and a.source = 'rule' and a.ref like 'entry:%'
      and (a.ref = any ($3::text[])
        or not exists (select from entry_grant e where e.org_id = a.org_id and 'entry:' || e.id = a.ref))
      returning 1 as one`,
    values: [tx.orgId, memberId, lost.map(refOf)],
  });
  if (given.length === 0) return taken.length > 0;
  const added = await tx.query({
    name: 'sso_entry_roles_give',
    text: `insert into access_grant (org_id, member_id, target_kind, target, source, ref)
      select $1, $2, 'role', g.role, 'rule', g.ref from unnest($3::text[], $4::text[]) g (role, ref) on conflict do nothing
      returning 1 as one`,
    values: [tx.orgId, memberId, given.map(({ role }) => role), given.map(refOf)],
  });
  return taken.length + added.length > 0;
}
