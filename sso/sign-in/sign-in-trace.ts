// A trace of every sign-in, of those that went well too: which checks, what they found, who it was. Its id is the
// reference on the refusal page. It may hold what the company's side sent, so only administrators see it.
import type { Tx } from '../../src/db/database.ts';
import { newId } from '../../src/ids.ts';

const DOCUMENT_LIFE_MS = 72 * 60 * 60 * 1000;

export type TraceCheck = { readonly name: string; readonly ok: boolean; readonly detail: string };

/** Filled while the sign-in goes on, written once at its end. */
export type SignInTrace = {
  readonly id: string;
  readonly orgId: string;
  readonly connectionId: string | undefined;
  kind: 'sign_in' | 'test';
  readonly checks: TraceCheck[];
  readonly facts: Record<string, unknown>;
  /** Milliseconds of each stage, by name. */
  readonly timings: Record<string, number>;
  /** What the provider sent, where the connection keeps it. */
  sealedDocument?: Buffer;
};

export function beginTrace(orgId: string, connectionId: string | undefined): SignInTrace {
  return { id: newId(), orgId, connectionId, kind: 'sign_in', checks: [], facts: {}, timings: {} };
}

/** Runs a stage and notes how long it took, also when it throws. */
export async function timed<T>({ timings }: SignInTrace, stage: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  try {
    return await work();
  } finally {
    timings[stage] = Math.round((performance.now() - began) * 10) / 10;
  }
}

export function note(trace: SignInTrace, name: string, ok: boolean, detail: string): void {
  trace.checks.push({ name, ok, detail });
}

/** Gives what forgets all that is noted from now on: a transaction that is tried again tells of the try that counts. */
export function bookmark({ checks, facts }: SignInTrace): () => void {
  const known = checks.length;
  const before = { ...facts };
  return () => {
    checks.length = known;
    for (const name of Object.keys(facts)) if (!(name in before)) delete facts[name];
    Object.assign(facts, before);
  };
}

/** `memberId` of a success (undefined: a test would make one); `refusal` of a refusal: our code, and the protocol's where that is finer. */
export type TraceOutcome =
  | { readonly outcome: 'completed'; readonly memberId: string | undefined }
  | { readonly outcome: 'refused'; readonly refusal: string; readonly detail: string };

/** Inside a transaction, so that a document is there when its trace is. */
export async function writeTrace(tx: Tx, trace: SignInTrace, outcome: TraceOutcome, at: Date): Promise<void> {
  const refused = outcome.outcome === 'refused' ? outcome : undefined;
  await tx.query({
    name: 'sso_sign_in_trace_insert',
    text: `insert into sign_in_trace (org_id, id, connection_id, member_id, outcome, refusal, detail, at, kind)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    values: [
      trace.orgId,
      trace.id,
      trace.connectionId ?? null,
      outcome.outcome === 'completed' ? (outcome.memberId ?? null) : null,
      outcome.outcome,
      refused?.refusal ?? null,
      { ...trace.facts, timings: trace.timings, checks: trace.checks, ...(refused ? { refused: refused.detail } : {}) },
      at,
      trace.kind,
    ],
  });
  if (!trace.sealedDocument) return;
  await tx.query({
    text: 'insert into sign_in_document (org_id, trace_id, sealed, expires_at) values ($1, $2, $3, $4)',
    values: [trace.orgId, trace.id, trace.sealedDocument, new Date(at.getTime() + DOCUMENT_LIFE_MS)],
  });
}
