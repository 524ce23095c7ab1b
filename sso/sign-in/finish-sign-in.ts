// Takes the company's answer: finds the request that it answers, in the browser that made it, uses it up, checks the
// answer, completes the sign-in and has Keycloak made equal. In this order; after the commit nothing is undone.
import type { RequestContext } from '../../src/context.ts';
import type { TestResult } from '../connection-tests/connection-test.ts';
import { finishTest } from '../connection-tests/finish-test.ts';
import type { Connection } from '../connections/connection.ts';
import { findConnection, findOrganizationOfConnection } from '../connections/connection-queries.ts';
import type { SsoDeps } from '../deps.ts';
import { asRefusal, completeSignIn, type SignedIn } from './complete-sign-in.ts';
import { projectWithin } from './project-within.ts';
import { type RefusalCode, SignInRefused } from './refusals.ts';
import { belongsTo, consumeSignInRequest, findSignInRequest, type SignInRequest } from './sign-in-request-store.ts';
import { beginTrace, note, type SignInTrace, timed, writeTrace } from './sign-in-trace.ts';
import type { UpstreamPerson } from './upstream-person.ts';

export type FinishInput = {
  readonly connectionId: string;
  readonly by: { readonly id: string } | { readonly state: string };
  readonly browsers: readonly Buffer[];
};

/** Checks the protocol's answer. Throws SignInRefused; notes what it found in the trace. */
export type VerifyAnswer = (
  connection: Connection,
  request: SignInRequest,
  trace: SignInTrace,
) => Promise<UpstreamPerson>;

export type Finished =
  | ({ readonly ok: true; readonly interactionUid: string | undefined; readonly connection: Connection } & SignedIn)
  | { readonly ok: 'tested'; readonly connection: Connection; readonly result: TestResult }
  | {
      readonly ok: false;
      readonly code: RefusalCode;
      readonly reference: string | undefined;
      /** Whom the person may ask, in the organization's words. */
      readonly contact: string | undefined;
      /** Where the way back leads; only in the browser that made the request. */
      readonly interactionUid: string | undefined;
    };

export async function finishSignIn(
  deps: SsoDeps,
  contextFor: (connectionId: string) => RequestContext,
  input: FinishInput,
  verify: VerifyAnswer,
): Promise<Finished> {
  const orgId = await findOrganizationOfConnection(deps, input.connectionId);
  const connection = orgId === undefined ? undefined : await findConnection(deps, orgId, input.connectionId);
  if (!connection)
    return { ok: false, code: 'request_unknown', reference: undefined, contact: undefined, interactionUid: undefined };
  const ctx = contextFor(connection.id);
  const trace = beginTrace(connection.orgId, connection.id);
  let interactionUid: string | undefined;
  try {
    const request = await takeRequest(deps, connection, input, trace);
    interactionUid = request.interactionUid;
    if (!(await consumeSignInRequest(deps, request))) refuseUsed(deps, request);
    note(trace, 'request', true, 'outstanding, of this browser, used up now');
    const { testId } = request;
    if (testId !== undefined) {
      const verifyTest = () => verify(connection, request, trace);
      const result = await finishTest(deps, ctx, {
        testId,
        connection,
        browserHash: request.browserHash,
        trace,
        verify: verifyTest,
      });
      return { ok: 'tested', connection, result };
    }
    const person = await timed(trace, 'verify', () => verify(connection, request, trace));
    const { loginHint, browserHash } = request;
    const signedIn = await completeSignIn(deps, ctx, { connection, person, loginHint, browserHash, trace });
    await projectWithin(deps, ctx.log, signedIn.personId);
    return { ok: true, interactionUid, connection, ...signedIn };
  } catch (error) {
    const refusal = asRefusal(error);
    if (!(refusal instanceof SignInRefused)) throw error;
    note(trace, refusal.code, false, refusal.message);
    ctx.log.info({ connection: connection.id, trace: trace.id, refusal: refusal.code }, 'sign-in refused');
    const reference = await recordRefusal(deps, trace, refusal);
    const { contact } = connection.settings;
    return { ok: false, code: refusal.code, reference, contact, interactionUid };
  }
}

/** The outstanding request of this browser. */
async function takeRequest(
  deps: SsoDeps,
  connection: Connection,
  input: FinishInput,
  trace: SignInTrace,
): Promise<SignInRequest> {
  const request = await findSignInRequest(deps, connection.orgId, connection.id, input.by);
  if (!request) throw new SignInRefused('request_unknown', 'No request of this connection has this id or state.');
  trace.facts.request = request.id;
  if (!belongsTo(request, input.browsers)) {
    const brought = input.browsers.length > 0 ? 'another' : 'no';
    throw new SignInRefused('browser_mismatch', `The browser brought ${brought} binding cookie.`);
  }
  return request;
}

function refuseUsed(deps: SsoDeps, request: SignInRequest): never {
  if (request.consumedAt === undefined && request.expiresAt <= deps.clock.now()) {
    throw new SignInRefused('request_expired', `The request expired at ${request.expiresAt.toISOString()}.`);
  }
  throw new SignInRefused('request_used', 'The request was used before.');
}

/** Gives the trace's id. A trace is worth trying, but the refusal stands without it. */
export async function recordRefusal(
  deps: Pick<SsoDeps, 'db' | 'clock' | 'log'>,
  trace: SignInTrace,
  refusal: SignInRefused,
): Promise<string | undefined> {
  try {
    await deps.db.inOrg(trace.orgId, (tx) =>
      writeTrace(tx, trace, { outcome: 'refused', refusal: refusal.code, detail: refusal.message }, deps.clock.now()),
    );
    return trace.id;
  } catch (error) {
    deps.log.warn({ err: error, trace: trace.id }, 'the trace of a refused sign-in could not be written');
    return undefined;
  }
}
