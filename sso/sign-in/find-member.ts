// The ladder (design, section 4): stored identity, immutable id, userName, address. Steps after the first work only
// inside the connection's verified domains and its paired directory, only on members whom this connection never linked,
// and never on somebody with rights over others. E-mail never links by itself (law 10).
import type { Tx } from '../../src/db/database.ts';
import type { Connection } from '../connections/connection.ts';
import {
  type Candidate,
  findByAddress,
  findByIdentity,
  findByImmutableId,
  findByUserName,
  type Place,
} from './member-queries.ts';
import { SignInRefused } from './refusals.ts';
import { note, type SignInTrace } from './sign-in-trace.ts';
import type { UpstreamPerson } from './upstream-person.ts';

type Step = 'identity' | 'immutable_id' | 'user_name' | 'address';
export type Found = { readonly step: Step; readonly member: Candidate };

/** The domain of an address, lower case. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase();
}

/**
 * The member whom the company's answer names, or undefined if nobody fits. Throws SignInRefused when two fit, or the
 * one who fits may not be linked.
 */
export async function findMember(
  tx: Tx,
  connection: Connection,
  person: UpstreamPerson,
  trace: SignInTrace,
  now: Date,
): Promise<Found | undefined> {
  const place = { connectionId: connection.id, directoryId: connection.directoryId, now };
  const [linked] = await findByIdentity(tx, place, person.issuer, person.subject);
  if (linked) {
    note(trace, 'step identity', true, `linked to member ${linked.memberId}`);
    return { step: 'identity', member: linked };
  }
  note(trace, 'step identity', true, 'not linked yet');
  const found = await climb(tx, place, person, trace);
  const first = found[0];
  if (!first) return undefined;
  const members = new Set(found.map(({ member }) => member.memberId));
  if (members.size > 1) {
    const steps = found.map(({ step, member }) => `${step}: ${member.memberId}`).join(', ');
    throw new SignInRefused('person_ambiguous', `The steps lead to different members (${steps}).`);
  }
  trace.facts.candidate = first.member.memberId;
  requireLinkable(connection, first);
  return first;
}

async function climb(tx: Tx, place: Place, person: UpstreamPerson, trace: SignInTrace): Promise<Found[]> {
  const { immutableId, userName, address } = person.evidence;
  const found: Found[] = [];
  const step = async (name: Step, value: string | undefined, find: (value: string) => Promise<Candidate[]>) => {
    if (value === undefined) return note(trace, `step ${name}`, true, 'nothing was sent');
    const members = await find(value);
    note(trace, `step ${name}`, true, members.length === 0 ? 'nobody' : members.map((m) => m.memberId).join(', '));
    found.push(...members.map((member) => ({ step: name, member })));
  };
  await step('immutable_id', immutableId, (id) => findByImmutableId(tx, place, id));
  await step('user_name', userName, (name) => findByUserName(tx, place, name));
  await step('address', address, (value) => findByAddress(tx, place, value));
  return found;
}

/** The guards of a first link, in the order in which they say most to the person. */
function requireLinkable(connection: Connection, { step, member }: Found): void {
  const by = `found by ${step}`;
  if (member.kind !== 'human') throw new SignInRefused('person_unknown', `${by}, but the member is no human.`);
  if (member.ownDomain === undefined || !connection.settings.domains.includes(member.ownDomain)) {
    const domain = member.address === undefined ? undefined : domainOf(member.address);
    throw new SignInRefused('address_outside_domains', `${by}, but ${domain ?? 'no domain'} is not the connection's.`);
  }
  if (connection.directoryId !== undefined && !member.inDirectory) {
    throw new SignInRefused('not_in_directory', `${by}, but the paired directory does not have the member.`);
  }
  if (member.linked) throw new SignInRefused('linked_elsewhere', `${by}, but linked to another identity.`);
  if (member.approved) return;
  if (member.isAdmin) throw new SignInRefused('approval_needed', `${by}, but the member has administrator rights.`);
  // what only an address says about a person whom others hold too is no proof (design, section 3)
  if (step === 'address' && member.held) {
    throw new SignInRefused('proof_needed', `${by}, but the person has a credential or a membership elsewhere.`);
  }
}
