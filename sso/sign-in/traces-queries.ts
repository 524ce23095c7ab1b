// Reads the traces of sign-ins, newest first, with cause and cure in an administrator's words.
import type { SsoDeps } from '../deps.ts';
import { type AdministratorWords, administratorWords } from './administrator-words.ts';
import { isRefusalCode } from './refusals.ts';
import type { TraceCheck } from './sign-in-trace.ts';

export type SignInRecord = {
  readonly id: string;
  readonly kind: 'sign_in' | 'test';
  readonly at: Date;
  readonly connectionId: string | undefined;
  readonly memberId: string | undefined;
  readonly outcome: 'completed' | 'refused';
  readonly refusal: string | undefined;
  /** Undefined of a sign-in that went well. */
  readonly words: AdministratorWords | undefined;
  readonly checks: readonly TraceCheck[];
  /** Protocol, evidence state, names of what was received, and the like. */
  readonly facts: Readonly<Record<string, unknown>>;
};

export type SignInFilter = {
  /** The reference on a refusal page. */
  readonly id?: string | undefined;
  readonly outcome?: 'completed' | 'refused' | undefined;
  readonly connectionId?: string | undefined;
  readonly memberId?: string | undefined;
  readonly refusal?: string | undefined;
  /** The last one of the page before. */
  readonly before?: { readonly at: string; readonly id: string } | undefined;
  readonly limit: number;
};

type Row = {
  id: string;
  kind: 'sign_in' | 'test';
  at: Date;
  connection_id: string | null;
  member_id: string | null;
  outcome: 'completed' | 'refused';
  refusal: string | null;
  detail: { checks: TraceCheck[]; samlRefusal?: string; oidcRefusal?: string; [fact: string]: unknown };
};

export async function listSignIns(
  { db }: Pick<SsoDeps, 'db'>,
  orgId: string,
  filter: SignInFilter,
): Promise<SignInRecord[]> {
  const rows = await db.query<Row>(orgId, {
    name: 'sso_sign_in_traces',
    text: `select id, kind, at, connection_id, member_id, outcome, refusal, detail from sign_in_trace
      where org_id = $1 and ($2::uuid is null or id = $2) and ($3::text is null or outcome = $3)
        and ($5::uuid is null or connection_id = $5) and ($6::uuid is null or member_id = $6)
        and ($7::text is null or refusal = $7) and ($8::timestamptz is null or (at, id) < ($8, $9::uuid))
      order by at desc, id desc limit $4`,
    values: [
      orgId,
      filter.id ?? null,
      filter.outcome ?? null,
      filter.limit,
      filter.connectionId ?? null,
      filter.memberId ?? null,
      filter.refusal ?? null,
      filter.before?.at ?? null,
      filter.before?.id ?? null,
    ],
  });
  return rows.map(({ detail: { checks, ...facts }, ...row }) => ({
    id: row.id,
    kind: row.kind,
    at: row.at,
    connectionId: row.connection_id ?? undefined,
    memberId: row.member_id ?? undefined,
    outcome: row.outcome,
    refusal: row.refusal ?? undefined,
    words: isRefusalCode(row.refusal) ? administratorWords(row.refusal, facts) : undefined,
    checks,
    facts,
  }));
}

/** Whose attempt this is. */
export async function findOrganizationOfTrace({ db }: Pick<SsoDeps, 'db'>, id: string): Promise<string | undefined> {
  const [row] = await db.realm<{ org_id: string | null }>({
    text: 'select organization_of_trace($1) as org_id',
    values: [id],
  });
  return row?.org_id ?? undefined;
}
