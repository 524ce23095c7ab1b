// The sign-in use case: the company has said who it is; find the member, link or make them, take the evidence, commit.
// One transaction holds all of it with its audit events and its trace (law 1); nothing outside is reached before the
// commit. A refusal rolls all of it back and leaves only its trace.

import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import type { Tx } from '../../src/db/database.ts';
import { DomainError } from '../../src/errors.ts';
import { recordClaims } from '../../src/grants/record-claims.ts';
import { newId } from '../../src/ids.ts';
import type { Connection } from '../connections/connection.ts';
import type { SsoDeps } from '../deps.ts';
import { replacesWhatWasKnown } from '../evidence.ts';
import { insertUpstreamSession } from '../logout/upstream-session-store.ts';
import { applyEntryRoles, type Entry, findMappingRefusal, readEntry, requireEntry } from './enter.ts';
import { findMember } from './find-member.ts';
import { createJustInTime, letIn } from './let-in.ts';
import { differenceBetween, getStanding, listRulesMatched } from './member-standing.ts';
import { redactValues } from './redact-values.ts';
import { type RefusalCode, SignInRefused } from './refusals.ts';
import { getPersonOfMember, insertIdentity } from './sign-in-store.ts';
import { bookmark, note, type SignInTrace, writeTrace } from './sign-in-trace.ts';
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
  const startOver = bookmark(input.trace);
  try {
    return await signInOnce(deps, ctx, input, startOver);
  } catch (error) {
    // the same person in two tabs: whoever came second finds what the first has made
    if (!mayBeRace(error)) throw asRefusal(error);
  }
  try {
    return await signInOnce(deps, ctx, input, startOver);
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
  startOver: () => void,
): Promise<SignedIn> {
  const at = deps.clock.now();
  const result = await deps.db.inOrg(connection.orgId, async (tx) => {
    startOver();
    await requireActive(tx, connection);
    const found = await findMember(tx, connection, person, trace, at);
    const entry = await readEntry(tx, connection, person, found?.member.memberId, trace);
    requireEntry(connection, entry, person);
    const before = found && (await getStanding(tx, found.member.memberId));
    const memberId = found
      ? await letIn(tx, ctx, connection, found.member, entry)
      : await createJustInTime(tx, ctx, connection, person, entry, trace);
    const linkedBy = found?.step ?? 'created';
    if (linkedBy !== 'identity') await link(tx, ctx, { connection, person, memberId, linkedBy, at });
    await takeEvidence(tx, ctx, {
      connection,
      person,
      memberId,
      wasActive: before?.status === 'active',
      entry,
      trace,
      at,
    });
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
    wasActive: boolean;
    entry: Entry;
    trace: SignInTrace;
    at: Date;
  },
): Promise<void> {
  const { connection, person, memberId, wasActive, entry, trace, at } = taken;
  const { groups, attributes } = person.evidence;
  const { absentGroups } = connection.settings;
  const groupsKnown = replacesWhatWasKnown(groups, absentGroups);
  const rolesChanged = await applyEntryRoles(tx, memberId, entry, { groupsKnown, person });
  const { resolved } = await recordClaims(tx, ctx, {
    connectionId: connection.id,
    memberId,
    traceId: trace.id,
    claims: [['', groups] as const, ...attributes].map(([attribute, claim]) => {
      return { attribute, ...claim, replaces: replacesWhatWasKnown(claim, absentGroups) };
    }),
    settled: wasActive && !rolesChanged,
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
