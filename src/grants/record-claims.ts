// What a sign-in said of a member, taken as evidence: stored per connection and claim, matched where it is new, and
// evaluated for this one member. Only a list, also an empty one, replaces what was known (docs/mapping.md).
import { actorJson } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { Tx } from '../db/database.ts';
import { listPatternRules, matchPatterns, type PatternMatch } from '../matching/match-patterns.ts';
import type { Matchable } from '../matching/pattern.ts';
import { reconcileGrants } from './grants-store.ts';

type ClaimState = 'list' | 'empty' | 'absent' | 'overage' | 'invalid';

export type Claim = {
  /** Name of the attribute or claim; empty for the groups. */
  readonly attribute: string;
  readonly state: ClaimState;
  /** Whether what was known gives way to `values`. */
  readonly replaces: boolean;
  /** Without duplicates. */
  readonly values: readonly string[];
};

export type SignInClaims = {
  readonly connectionId: string;
  readonly memberId: string;
  readonly traceId: string;
  readonly claims: readonly Claim[];
  /**
   * Nothing else about the member has changed in this transaction: what follows is computed only if the claims differ.
   * Rules, directories and policies compute it themselves when they change.
   */
  readonly settled: boolean;
  readonly at: Date;
};

/** `resolved`: how many groups the paired directory has the member in, where the provider had too many to send. */
export async function recordClaims(
  tx: Tx,
  ctx: RequestContext,
  said: SignInClaims,
): Promise<{ readonly changed: boolean; readonly resolved: number | undefined }> {
  let resolved: number | undefined;
  const touched: string[] = [];
  for (const claim of said.claims) {
    const recorded = await recordClaim(tx, ctx, said, claim);
    resolved = recorded.resolved ?? resolved;
    touched.push(...recorded.rules);
  }
  if (said.settled && touched.length === 0) return { changed: false, resolved };
  const [row] = await tx.query<{ changed: number }>({
    name: 'reconcile_signed_in',
    text: 'select reconcile_grants($1, array[$2]::uuid[], $3, true, $4) as changed',
    values: [tx.orgId, said.memberId, actorJson(ctx), said.settled ? touched : null],
  });
  return { changed: (row?.changed ?? 0) > 0, resolved };
}

/** `rules`: those that match a value which came or went; named only where `settled`. */
async function recordClaim(
  tx: Tx,
  ctx: RequestContext,
  { connectionId, memberId, traceId, settled, at }: SignInClaims,
  { attribute, state, replaces, values }: Claim,
): Promise<{ readonly resolved: number | undefined; readonly rules: readonly string[] }> {
  type Row = { resolved: number | null; fresh: (Matchable & { id: string })[] | null; rules: string[] | null };
  const [row] = await tx.query<Row>({
    name: 'record_claim',
    text: 'select * from record_claim($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)',
    values: [tx.orgId, connectionId, memberId, attribute, state, replaces, values, at, traceId, settled],
  });
  const rules = row?.rules ?? [];
  if (row?.fresh) {
    const source = attribute === '' ? 'sso.groups' : 'sso.attribute';
    const matches = matchPatterns(await listPatternRules(tx, tx.orgId, { source, attribute }), row.fresh);
    if (matches.length > 0) await storeMatches(tx, ctx, matches);
    rules.push(...new Set(matches.map(({ ruleId }) => ruleId)));
  }
  return { resolved: row?.resolved ?? undefined, rules };
}

/** Keeps what patterns match among new values, and makes the teams that templates name. */
async function storeMatches(tx: Tx, ctx: RequestContext, matches: readonly PatternMatch[]): Promise<void> {
  await tx.query({
    name: 'store_pattern_matches',
    text: 'select store_pattern_matches($1, $2)',
    values: [tx.orgId, JSON.stringify(matches)],
  });
  const templated = matches.flatMap(({ teamKey, valueId }) => (teamKey === undefined ? [] : [valueId]));
  if (templated.length === 0) return;
  await tx.query({
    name: 'make_template_teams_of_values',
    text: 'select make_template_teams($1, null, $2, $3)',
    values: [tx.orgId, templated, actorJson(ctx)],
  });
}

/** What a connection said of a member counts no more, and what follows for this one member is computed. */
export async function forgetClaims(
  tx: Tx,
  ctx: RequestContext,
  { connectionId, memberId }: Pick<SignInClaims, 'connectionId' | 'memberId'>,
): Promise<void> {
  await tx.query({
    text: 'delete from sso_evidence where org_id = $1 and connection_id = $2 and member_id = $3',
    values: [tx.orgId, connectionId, memberId],
  });
  await reconcileGrants(tx, ctx, [memberId]);
}
