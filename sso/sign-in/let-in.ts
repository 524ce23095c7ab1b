// From somebody whom the company has named to a member who is in: the guards of one who is known, and the making of one
// who is not. Both end at the one door in (law 2).
import type { RequestContext } from '../../src/context.ts';
import type { Tx } from '../../src/db/database.ts';
import { admitMember, settleMember } from '../../src/members/admit-member.ts';
import type { MemberStatus } from '../../src/members/member.ts';
import type { Connection } from '../connections/connection.ts';
import type { Entry } from './enter.ts';
import { domainOf } from './find-member.ts';
import { type Candidate, findOwnDomainOf, isTombstoned } from './member-queries.ts';
import { SignInRefused } from './refusals.ts';
import { insertJitMember } from './sign-in-store.ts';
import { note, type SignInTrace } from './sign-in-trace.ts';
import type { UpstreamPerson } from './upstream-person.ts';

/** A known member comes in if nothing stops them; one who waits is tried at the door once more. */
export async function letIn(
  tx: Tx,
  ctx: RequestContext,
  connection: Connection,
  member: Candidate,
  entry: Entry,
): Promise<string> {
  const { memberId, status } = member;
  if (status === 'suspended' || member.blocked) {
    throw new SignInRefused('member_suspended', `Member ${memberId} is suspended or blocked.`);
  }
  if (member.lostDomain) {
    throw new SignInRefused('domain_lost', `The organization has lost the domain of member ${memberId}.`);
  }
  if (status === 'removed' || status === 'purged') {
    throw new SignInRefused('person_unknown', `Member ${memberId} was removed.`);
  }
  if (status === 'active') return memberId;
  if (status === 'invited' && whyNotMade(connection, entry) !== undefined) {
    throw new SignInRefused('invitation_open', `Member ${memberId} is invited.`);
  }
  const after =
    status === 'invited'
      ? await wantHere(tx, ctx, memberId, connection)
      : await settleMember(tx, ctx, { memberId, reason: 'sign_in' });
  if (after !== 'active') throw new SignInRefused('member_waiting', `Member ${memberId} is ${after}.`);
  return memberId;
}

/** A member of whom nobody knew, where the connection makes members. */
export async function createJustInTime(
  tx: Tx,
  ctx: RequestContext,
  connection: Connection,
  { evidence }: UpstreamPerson,
  entry: Entry,
  trace: SignInTrace,
): Promise<string> {
  const { address, immutableId, userName, givenName, familyName } = evidence;
  const why = whyNotMade(connection, entry);
  if (why !== undefined) throw new SignInRefused('person_unknown', `Nobody fits, and ${why}.`);
  if (address === undefined) throw new SignInRefused('address_outside_domains', 'No usable address was sent.');
  const own = await findOwnDomainOf(tx, address);
  if (own === undefined || !connection.settings.domains.includes(own)) {
    const domain = domainOf(address);
    throw new SignInRefused('address_outside_domains', `${domain} is not a verified domain of the connection.`);
  }
  if (await isTombstoned(tx, { immutableId, userName, address })) {
    throw new SignInRefused('member_suspended', 'A member of this id, name or address was let go while blocked.');
  }
  const memberId = await insertJitMember(tx, { address, givenName, familyName });
  const after = await wantHere(tx, ctx, memberId, connection);
  if (after !== 'active') throw new SignInRefused('member_waiting', `The address is held by somebody else (${after}).`);
  note(trace, 'just in time', true, `made member ${memberId}`);
  return memberId;
}

/** Why the connection does not bring this person in by itself; undefined when it does. */
function whyNotMade({ settings: { jit } }: Connection, { matched }: Entry): string | undefined {
  if (jit === 'off') return 'the connection makes no members';
  return jit === 'granted' && matched.length === 0 ? 'no access grant of the connection matches' : undefined;
}

/** The connection carries the member from now on. */
function wantHere(tx: Tx, ctx: RequestContext, memberId: string, { id: ref }: Connection): Promise<MemberStatus> {
  return admitMember(tx, ctx, { memberId, carrier: { source: 'sign_in', ref } });
}
