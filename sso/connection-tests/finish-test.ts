// The end of a test sign-in: the company's answer is verified as always, then the same completeSignIn runs in a transaction
// that is rolled back, as if the connection were active and its proved domains confirmed. What stays: a trace, the test's
// result, and on success that these settings are tested.
import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import type { Tx } from '../../src/db/database.ts';
import { assumeProvedDomains } from '../../src/orgs/assume-domains.ts';
import type { Connection } from '../connections/connection.ts';
import type { SsoDeps } from '../deps.ts';
import { administratorWords } from '../sign-in/administrator-words.ts';
import { asRefusal, completeSignIn } from '../sign-in/complete-sign-in.ts';
import { findOwnDomainOf } from '../sign-in/member-queries.ts';
import type { Difference } from '../sign-in/member-standing.ts';
import { REFUSALS, SignInRefused } from '../sign-in/refusals.ts';
import { note, type SignInTrace, timed, writeTrace } from '../sign-in/sign-in-trace.ts';
import type { UpstreamPerson } from '../sign-in/upstream-person.ts';
import type { TestResult } from './connection-test.ts';
import { assumeActive, finishTestRow, noteTested } from './connection-test-store.ts';
import { warningsOf } from './warnings.ts';

type Deps = Pick<SsoDeps, 'db' | 'clock' | 'log' | 'config'>;

export type FinishTest = {
  readonly testId: string;
  readonly connection: Connection;
  readonly browserHash: Buffer;
  readonly trace: SignInTrace;
  /** Gives the person whom the company named; throws SignInRefused. */
  readonly verify: () => Promise<UpstreamPerson>;
};

type Tried = {
  readonly memberId: string | undefined;
  readonly refusal: SignInRefused | undefined;
  readonly warnings: readonly string[];
};

/** Never throws SignInRefused: a refusal is a result. */
export async function finishTest(
  deps: Deps,
  ctx: RequestContext,
  { testId, connection, browserHash, trace, verify }: FinishTest,
): Promise<TestResult> {
  trace.kind = 'test';
  let person: UpstreamPerson | undefined;
  let tried: Tried;
  try {
    const named = await timed(trace, 'verify', verify);
    person = named;
    tried = await deps.db.dryRun(connection.orgId, (tx) =>
      tryPerson(deps, ctx, tx, { connection, person: named, browserHash, trace }),
    );
  } catch (error) {
    const refusal = asRefusal(error);
    if (!(refusal instanceof SignInRefused)) throw error;
    tried = { memberId: undefined, refusal, warnings: [] };
  }
  const result = resultOf(trace, person, tried);
  await keep(deps, ctx, { testId, connection, trace, tried, result });
  return result;
}

async function tryPerson(
  deps: Deps,
  ctx: RequestContext,
  tx: Tx,
  trial: { connection: Connection; person: UpstreamPerson; browserHash: Buffer; trace: SignInTrace },
): Promise<Tried> {
  const { connection, person, trace } = trial;
  await assumeActive(tx, connection.id);
  const proved = await assumeProvedDomains(tx, ctx, deps.clock.now());
  const ownDomain = person.evidence.address && (await findOwnDomainOf(tx, person.evidence.address));
  const warnings = () =>
    warningsOf(connection, person, {
      ownDomain: ownDomain || undefined,
      provedDomains: proved.filter((domain) => connection.settings.domains.includes(domain)),
      rules: rulesOf(trace).length,
    });
  try {
    const { memberId } = await completeSignIn(deps, ctx, { ...trial, loginHint: undefined });
    return { memberId, refusal: undefined, warnings: warnings() };
  } catch (error) {
    if (!(error instanceof SignInRefused)) throw error;
    return { memberId: trace.facts.candidate as string | undefined, refusal: error, warnings: warnings() };
  }
}

function resultOf(trace: SignInTrace, person: UpstreamPerson | undefined, { refusal, warnings }: Tried): TestResult {
  if (refusal) note(trace, refusal.code, false, refusal.message);
  const { facts } = trace;
  const { groups } = person?.evidence ?? {};
  return {
    answerAccepted: person !== undefined,
    refusal: refusal && wordsOf(refusal, trace),
    checks: trace.checks,
    certificate: facts.certificate as string | undefined,
    person: person && {
      issuer: person.issuer,
      subject: person.subject,
      address: person.evidence.address,
      userName: person.evidence.userName,
      immutableId: person.evidence.immutableId,
      groupsState: groups?.state ?? 'absent',
      groups: groups?.values ?? [],
    },
    received: Object.fromEntries(person?.attributes ?? []),
    step: facts.step as string | undefined,
    difference: facts.difference as Difference | undefined,
    rules: rulesOf(trace),
    warnings,
  };
}

const rulesOf = ({ facts }: SignInTrace) => (facts.rules ?? []) as readonly string[];

/** For the administrator who tests: what was wrong exactly, and what to do. */
function wordsOf(refusal: SignInRefused, { facts }: SignInTrace): NonNullable<TestResult['refusal']> {
  const words = administratorWords(refusal.code, facts);
  return {
    code: String(facts.samlRefusal ?? facts.oidcRefusal ?? refusal.code),
    title: REFUSALS[refusal.code].title,
    cause: `${words.cause} (${refusal.message})`,
    cure: words.cure,
  };
}

async function keep(
  deps: Deps,
  ctx: RequestContext,
  done: { testId: string; connection: Connection; trace: SignInTrace; tried: Tried; result: TestResult },
): Promise<void> {
  const { testId, connection, trace, tried, result } = done;
  const { memberId, refusal } = tried;
  const at = deps.clock.now();
  const outcome = refusal ? 'refused' : 'passed';
  // a member whom only the rolled back transaction made is nobody
  const known = (result.difference?.made ? undefined : memberId) ?? undefined;
  await deps.db.inOrg(connection.orgId, async (tx) => {
    await writeTrace(
      tx,
      trace,
      refusal
        ? { outcome: 'refused', refusal: refusal.code, detail: refusal.message }
        : { outcome: 'completed', memberId: known },
      at,
    );
    const { trustVersion } = connection;
    await finishTestRow(tx, { id: testId, outcome, memberId: known, traceId: trace.id, trustVersion, result, at });
    if (!refusal) await noteTested(tx, connection.id, trustVersion);
    await recordAudit(tx, ctx, {
      action: 'connection.tested',
      subjectKind: 'connection',
      subjectId: connection.id,
      data: { test: testId, outcome, trace: trace.id, refusal: refusal?.code },
    });
  });
}
