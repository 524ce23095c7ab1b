// The sign-in use case: the company has said who it is; find the member, link or make them, take the evidence, commit.
// One transaction holds all of it with its audit events and its trace (law 1); nothing outside is reached before the
// commit. A refusal rolls all of it back and leaves only its trace.

import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import type { Tx } from '../../src/db/database.ts';
import { DomainError } from '../../src/errors.ts';
import { recordClaims } from '../../src/grants/record-claims.ts';
import { newId } from '../../src/ids.ts';
import { admitMember, settleMember } from '../../src/members/admit-member.ts';
import type { MemberStatus } from '../../src/members/member.ts';
import type { Connection } from '../connections/connection.ts';
import type { SsoDeps } from '../deps.ts';
import { replacesWhatWasKnown } from '../evidence.ts';
import { insertUpstreamSession } from '../logout/upstream-session-store.ts';
import { applyEntryRoles, type Entry, findMappingRefusal, readEntry, requireEntry } from './enter.ts';
import { domainOf, findMember } from './find-member.ts';
import { type Candidate, findOwnDomainOf, isTombstoned } from './member-queries.ts';
import { differenceBetween, getStanding, listRulesMatched } from './member-standing.ts';
import { redactValues } from './redact-values.ts';
import { type RefusalCode, SignInRefused } from './refusals.ts';
import { getPersonOfMember, insertIdentity, insertJitMember } from './sign-in-store.ts';
import { note, type SignInTrace, writeTrace } from './sign-in-trace.ts';
import type { UpstreamPerson } from './upstream-person.ts';

export type SignInInput = {
  readonly connection: Connection;
  readonly person: UpstreamPerson;
  /** The address typed before, if any. Another person may come back; that is recorded. */
  readonly loginHint: string | undefined;
  /** The browser in which it happens. */
  readonly browserHash: Buffer;
  readonly trace: SignInTrace;
};

export type SignedIn = {
  readonly personId: string;
  readonly memberId: string;
  /** Of the session at the company; Keycloak knows it as the `sid` of our ID token. */
  readonly sessionId: string;
};

type CompleteDeps = Pick<SsoDeps, 'db' | 'clock'> & { readonly config: Pick<SsoDeps['config'], 'secretKey'> };

/** Throws SignInRefused; everything else that is thrown is a failure of ours. */
export async function completeSignIn(deps: CompleteDeps, ctx: RequestContext, input: SignInInput): Promise<SignedIn> {
  describe(input);
  try {
    return await signInOnce(deps, ctx, input);
  } catch (error) {
    // the same person in two tabs: whoever came second finds what the first has made
    if (!mayBeRace(error)) throw asRefusal(error);
  }
  try {
    return await signInOnce(deps, ctx, input);
  } catch (error) {
    throw asRefusal(error);
  }
}

const RACES = new Set(['identity_pkey', 'member_one_per_address', 'member_one_per_person']);

/** The other tab's commit may fall before a write of ours, or between two reads: not linked yet, then linked. */
function mayBeRace(error: unknown): boolean {
  if (error instanceof SignInRefused) return error.code === 'linked_elsewhere';
  return error instanceof DomainError && RACES.has(String(error.data.rule));
}

async function signInOnce(
  deps: CompleteDeps,
  ctx: RequestContext,
  { connection, person, browserHash, trace }: SignInInput,
): Promise<SignedIn> {
  const at = deps.clock.now();
  const result = await deps.db.inOrg(connection.orgId, async (tx) => {
    await requireActive(tx, connection);
    const found = await findMember(tx, connection, person, trace, at);
    const entry = await readEntry(tx, connection, person, found?.member.memberId, trace);
    requireEntry(connection, entry, person);
    const before = found && (await getStanding(tx, found.member.memberId));
    const memberId = found
      ? await letIn(tx, ctx, connection, found.member)
      : await createJustInTime(tx, ctx, connection, person, entry, trace);
    const linkedBy = found?.step ?? 'created';
    if (linkedBy !== 'identity') await link(tx, ctx, { connection, person, memberId, linkedBy, at });
    await takeEvidence(tx, ctx, { connection, person, memberId, entry, trace, at });
    trace.facts.step = linkedBy;
    trace.facts.rules = await listRulesMatched(tx, memberId, connection.id);
    trace.facts.difference = differenceBetween(before, await getStanding(tx, memberId));
    const refusal = await findMappingRefusal(tx, connection, memberId);
    if (refusal) {
      // what a known member has lost is lost all the same; a first sign-in leaves nothing behind
      if (linkedBy !== 'identity' || before?.status !== 'active') throw refusal;
      return { refusal };
    }
    await recordAudit(tx, ctx, {
      action: 'sign_in.completed',
      subjectKind: 'member',
      subjectId: memberId,
      data: { connection: connection.id, trace: trace.id, step: linkedBy, evidence: person.evidence.groups.state },
    });
    const personId = await getPersonOfMember(tx, memberId);
    trace.facts.person = personId;
    await writeTrace(tx, trace, { outcome: 'completed', memberId }, at);
    const session = { id: newId(), connectionId: connection.id, memberId, personId, browserHash };
    await insertUpstreamSession(tx, deps.config.secretKey, { ...session, session: person.session, at });
    return { signedIn: { memberId, personId, sessionId: session.id } };
  });
  if (result.refusal) throw result.refusal;
  return result.signedIn;
}

async function link(
  tx: Tx,
  ctx: RequestContext,
  made: { connection: Connection; person: UpstreamPerson; memberId: string; linkedBy: string; at: Date },
): Promise<void> {
  const { connection, memberId, linkedBy } = made;
  await insertIdentity(tx, { ...made, connectionId: connection.id });
  await recordAudit(tx, ctx, {
    action: 'identity.linked',
    subjectKind: 'member',
    subjectId: memberId,
    data: { connection: connection.id, linkedBy },
  });
}

/** Takes what the company says of groups and attributes, and recomputes what follows for this one member. */
async function takeEvidence(
  tx: Tx,
  ctx: RequestContext,
  taken: {
    connection: Connection;
    person: UpstreamPerson;
    memberId: string;
    entry: Entry;
    trace: SignInTrace;
    at: Date;
  },
): Promise<void> {
  const { connection, person, memberId, entry, trace, at } = taken;
  const { groups, attributes } = person.evidence;
  const { absentGroups } = connection.settings;
  const groupsKnown = replacesWhatWasKnown(groups, absentGroups);
  await applyEntryRoles(tx, memberId, entry, { groupsKnown, person });
  const { resolved } = await recordClaims(tx, ctx, {
    connectionId: connection.id,
    memberId,
    traceId: trace.id,
    claims: [['', groups] as const, ...attributes].map(([attribute, claim]) => {
      return { attribute, ...claim, replaces: replacesWhatWasKnown(claim, absentGroups) };
    }),
    at,
  });
  if (resolved !== undefined) trace.facts.overage = { source: 'directory', groups: resolved };
  const kept = resolved === undefined ? 'what was known is kept' : `${resolved} of the directory are added`;
  note(trace, 'groups', true, `${groups.state} (${groups.values.length}), ${groupsKnown ? 'taken' : kept}`);
}

const MOST_GROUPS_TRACED = 200;

/** What the trace says whatever comes of it; values as the connection's policy wants them. */
function describe({ connection, person, loginHint, trace }: SignInInput): void {
  const { address } = person.evidence;
  trace.facts.protocol = connection.protocol;
  trace.facts.received = [...person.attributes.keys()];
  trace.facts.values = redactValues(person.attributes, connection.settings.traceValues);
  trace.facts.evidence = person.evidence.groups.state;
  trace.facts.groups = person.evidence.groups.values.slice(0, MOST_GROUPS_TRACED);
  if (loginHint !== undefined) {
    trace.facts.typedAddress = address?.toLowerCase() === loginHint.toLowerCase() ? 'same' : 'another';
  }
}

/** Locks the connection's row against being switched off while somebody signs in by it, and rules against being changed. */
async function requireActive(tx: Tx, { id }: Connection): Promise<void> {
  const rows = await tx.query<{ status: string }>({
    name: 'sso_sign_in_connection_lock',
    text: `select status, lock_mapping(org_id, false) from connection where org_id = $1 and id = $2 for share`,
    values: [tx.orgId, id],
  });
  if (rows[0]?.status === 'disabled') throw new SignInRefused('connection_disabled', 'The connection is switched off.');
  if (rows[0]?.status !== 'active') throw new SignInRefused('connection_missing', 'The connection is not active.');
}

/** A known member comes in if nothing stops them; one who waits is tried at the door once more. */
async function letIn(tx: Tx, ctx: RequestContext, connection: Connection, member: Candidate): Promise<string> {
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
  if (status === 'invited') {
    if (connection.settings.jit === 'off') throw new SignInRefused('invitation_open', `Member ${memberId} is invited.`);
  }
  const after =
    status === 'invited'
      ? await wantHere(tx, ctx, memberId, connection)
      : await settleMember(tx, ctx, { memberId, reason: 'sign_in' });
  if (after !== 'active') throw new SignInRefused('member_waiting', `Member ${memberId} is ${after}.`);
  return memberId;
}

async function createJustInTime(
  tx: Tx,
  ctx: RequestContext,
  connection: Connection,
  { evidence }: UpstreamPerson,
  entry: Entry,
  trace: SignInTrace,
): Promise<string> {
  const { address, immutableId, userName, givenName, familyName } = evidence;
  const { jit } = connection.settings;
  if (jit === 'off') throw new SignInRefused('person_unknown', 'Nobody fits, and the connection makes no members.');
  if (jit === 'granted' && entry.matched.length === 0) {
    throw new SignInRefused('person_unknown', 'Nobody fits, and no access grant of the connection matches.');
  }
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

/** The connection carries the member from now on. */
function wantHere(tx: Tx, ctx: RequestContext, memberId: string, { id: ref }: Connection): Promise<MemberStatus> {
  return admitMember(tx, ctx, { memberId, carrier: { source: 'sign_in', ref } });
}

const REFUSED_RULES: Readonly<Record<string, RefusalCode>> = {
  seat_limit: 'seat_limit',
  identity_one_per_member: 'linked_elsewhere',
  break_glass_not_linked: 'break_glass',
  assertion_replayed: 'request_used',
};

/** A rule of the database that stops a sign-in is a refusal like the others. */
export function asRefusal(error: unknown): unknown {
  if (!(error instanceof DomainError)) return error;
  const code = REFUSED_RULES[String(error.data.rule)] ?? (error.code === 'unavailable' ? 'unavailable' : undefined);
  return code ? new SignInRefused(code, error.message, { cause: error }) : error;
}
