// A trace of every sign-in, of those that went well too: which checks, what they found, who it was. Its id is the
// reference on the refusal page. It may hold what the company's side sent, so only administrators see it.
import type { Queryable } from '../../src/db/database.ts';
import { newId } from '../../src/ids.ts';

export type TraceCheck = { readonly name: string; readonly ok: boolean; readonly detail: string };

/** Filled while the sign-in goes on, written once at its end. */
export type SignInTrace = {
  readonly id: string;
  readonly orgId: string;
  readonly connectionId: string | undefined;
  readonly checks: TraceCheck[];
  readonly facts: Record<string, unknown>;
};

export function beginTrace(orgId: string, connectionId: string | undefined): SignInTrace {
  return { id: newId(), orgId, connectionId, checks: [], facts: {} };
}

export function note(trace: SignInTrace, name: string, ok: boolean, detail: string): void {
  trace.checks.push({ name, ok, detail });
}

/** `memberId` of a success; `refusal` of a refusal: our code, and the protocol's where that is finer. */
export type TraceOutcome =
  | { readonly outcome: 'completed'; readonly memberId: string }
  | { readonly outcome: 'refused'; readonly refusal: string; readonly detail: string };

export async function writeTrace(queryable: Queryable, trace: SignInTrace, outcome: TraceOutcome, at: Date) {
  const refused = outcome.outcome === 'refused' ? outcome : undefined;
  await queryable.query({
    name: 'sso_sign_in_trace_insert',
    text: `insert into sign_in_trace (org_id, id, connection_id, member_id, outcome, refusal, detail, at)
      values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [
      trace.orgId,
      trace.id,
      trace.connectionId ?? null,
      outcome.outcome === 'completed' ? outcome.memberId : null,
      outcome.outcome,
      refused?.refusal ?? null,
      { ...trace.facts, checks: trace.checks, ...(refused ? { refused: refused.detail } : {}) },
      at,
    ],
  });
}
