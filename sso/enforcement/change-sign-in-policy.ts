// Changes how an organization's people must sign in. Enforcing asks first for what keeps it from locking everybody out: a
// connection by which the one who enforces has just signed in, and an owner who comes in without it (design, section 4).
import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import type { Tx } from '../../src/db/database.ts';
import { DomainError } from '../../src/errors.ts';
import type { Rights } from '../../src/roles/rights.ts';
import { findRecentTest, principalOf } from '../connections/connection-test-queries.ts';
import type { SsoDeps } from '../deps.ts';
import { canBreakGlass, MISSING, type Missing, type SignInPolicy } from './sign-in-policy.ts';
import {
  countNeverLinked,
  listActiveConnectionIds,
  listBreakGlass,
  listUncoveredDomains,
  readSignInPolicy,
} from './sign-in-policy-queries.ts';
import { markPeople, writeSignInPolicy } from './sign-in-policy-store.ts';

const TEST_COUNTS_MS = 24 * 60 * 60 * 1000;

export type ChangeSignInPolicyInput = {
  readonly enforcement?: SignInPolicy['enforcement'] | undefined;
  readonly guests?: SignInPolicy['guests'] | undefined;
  /** Null = as long as the session lives. */
  readonly maxSessionSeconds?: number | null | undefined;
  readonly secondFactor?: SignInPolicy['secondFactor'] | undefined;
  /** An operator's: enforces without a recent test or a proved break-glass owner; recorded. */
  readonly override?: { readonly reason: string } | undefined;
};

export type PolicyEffect = {
  /** People whose accounts are made to follow; 0 when nothing of the change concerns accounts. */
  readonly peopleDue: number;
  /** Of the organization's domains, and known to no active connection yet. */
  readonly neverLinked: number;
  readonly notice: string | undefined;
};

/**
 * Only what is given changes. Throws `role_ceiling` without full control, `forbidden` for an override that is no
 * operator's, `conflict` with everything that is missing before enforcing is safe.
 */
export function changeSignInPolicy(
  deps: Pick<SsoDeps, 'db' | 'clock'>,
  ctx: RequestContext,
  { orgId, rights }: { readonly orgId: string; readonly rights: Rights },
  { override, ...change }: ChangeSignInPolicyInput,
): Promise<PolicyEffect> {
  requireFullControl(rights);
  if (override && ctx.actor.kind !== 'operator') {
    throw new DomainError('forbidden', 'Only an operator can enforce without the test and the break-glass owner.');
  }
  const now = deps.clock.now();
  return deps.db.inOrg(orgId, async (tx) => {
    const before = await readSignInPolicy(tx, 'lock');
    const after = changed(before, change, now);
    const begins = before.enforcement === 'off' && after.enforcement === 'enforced';
    const missing = begins ? await whatIsMissing(tx, ctx, now) : [];
    const fatal = missing.filter(({ code }) => !override || code === 'no_active_connection');
    if (fatal.length > 0) {
      throw new DomainError('conflict', fatal.map(({ detail }) => detail).join(' '), { data: { missing: fatal } });
    }
    await writeSignInPolicy(tx, after);
    const peopleDue = concernsAccounts(before, after) ? await markPeople(tx) : 0;
    await recordAudit(tx, ctx, {
      action: actionOf(before, after),
      subjectKind: 'organization',
      subjectId: orgId,
      data: { ...change, peopleDue, ...(override && { overridden: missing.map(({ code }) => code) }) },
      ...(override && { personal: { reason: override.reason } }),
    });
    return { peopleDue, neverLinked: await countNeverLinked(tx), notice: noticeOf(before, after) };
  });
}

export function requireFullControl(rights: Rights): void {
  if (!rights.fullControl) {
    throw new DomainError('role_ceiling', 'Only full control decides how the people of an organization sign in.');
  }
}

function changed(before: SignInPolicy, change: Omit<ChangeSignInPolicyInput, 'override'>, now: Date): SignInPolicy {
  const enforcement = change.enforcement ?? before.enforcement;
  return {
    enforcement,
    enforcedAt: enforcement === 'off' ? undefined : (before.enforcedAt ?? now),
    guests: change.guests ?? before.guests,
    maxSessionSeconds:
      change.maxSessionSeconds === undefined ? before.maxSessionSeconds : (change.maxSessionSeconds ?? undefined),
    secondFactor: change.secondFactor ?? before.secondFactor,
  };
}

async function whatIsMissing(tx: Tx, ctx: RequestContext, now: Date): Promise<Missing[]> {
  const missing: Missing[] = [];
  const note = (code: Missing['code'], ...names: string[]) =>
    missing.push({ code, detail: [MISSING[code], ...names].join(' ') });
  const connections = await listActiveConnectionIds(tx);
  if (connections.length === 0) note('no_active_connection');
  const uncovered = connections.length === 0 ? [] : await listUncoveredDomains(tx);
  if (uncovered.length > 0) note('domain_uncovered', `${uncovered.join(', ')}.`);
  const wanted = { principal: principalOf(ctx.actor), since: new Date(now.getTime() - TEST_COUNTS_MS) };
  let tested = false;
  for (const connectionId of connections)
    tested ||= (await findRecentTest(tx, { connectionId, ...wanted })) !== undefined;
  if (!tested) note('no_recent_test');
  if (!canBreakGlass(await listBreakGlass(tx))) note('no_break_glass');
  return missing;
}

/** The length of a session is asked for where access is decided, and nowhere in Keycloak. */
function concernsAccounts(before: SignInPolicy, after: SignInPolicy): boolean {
  const guestsMatter = after.enforcement === 'enforced' && before.guests !== after.guests;
  return before.enforcement !== after.enforcement || guestsMatter || before.secondFactor !== after.secondFactor;
}

function actionOf(before: SignInPolicy, after: SignInPolicy): string {
  if (before.enforcement === after.enforcement) return 'sign_in_policy.changed';
  return after.enforcement === 'enforced' ? 'sign_in_policy.enforced' : 'sign_in_policy.released';
}

function noticeOf(before: SignInPolicy, after: SignInPolicy): string | undefined {
  if (before.enforcement === after.enforcement) return undefined;
  if (after.enforcement === 'off') {
    return 'Passwords are allowed again. Those that were deleted do not come back: people set a new one by "Forgot password?" on the sign-in page, which mails them a link.';
  }
  return 'Everybody whom this holds is signed out, and their passwords and passkeys in Keycloak are being deleted; they come in through the company from now on. Break-glass owners keep theirs. To undo it, switch enforcement off: then "Forgot password?" on the sign-in page mails each person a link to set a new password.';
}
