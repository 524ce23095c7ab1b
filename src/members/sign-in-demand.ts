// Whether a session is what an organization asks for (design, section 4): a Keycloak session is good for the whole realm,
// so what one organization demands of it is judged where access to that organization is decided. Pure.
import type { AccessReason } from './check-access.ts';

/** How the session of a token began and was renewed; times in epoch seconds. */
export type SessionFacts = {
  /** The connection of the last sign-in through a company. */
  readonly connectionId: string | undefined;
  readonly loginAt: number | undefined;
  /** When Keycloak itself last asked for anything. */
  readonly authenticatedAt: number | undefined;
};

/** What an organization asks of one member's session. */
export type SignInDemand = {
  readonly organizationKey: string;
  readonly address: string | undefined;
  /** Only a sign-in by one of these counts; undefined = any sign-in does. */
  readonly connectionIds: readonly string[] | undefined;
  readonly maxSessionSeconds: number | undefined;
  /** A second factor is asked for, and Keycloak does not ask this person for it yet. */
  readonly lacksSecondFactor: boolean;
};

/** Whether there is anything to ask of a session. */
export function asksForMore(demand: SignInDemand): boolean {
  return demand.connectionIds !== undefined || demand.maxSessionSeconds !== undefined || demand.lacksSecondFactor;
}

/** Every reason against; none = the session will do. */
export function reasonsAgainstSession(demand: SignInDemand, session: SessionFacts, now: Date): AccessReason[] {
  const reasons: AccessReason[] = [];
  const { connectionIds, maxSessionSeconds } = demand;
  if (connectionIds && !connectionIds.includes(session.connectionId ?? '')) {
    const message = 'The organization asks for a sign-in through its company, and this session has none.';
    reasons.push({ code: 'sign_in_by_company_required', message });
  }
  if (maxSessionSeconds !== undefined && ageSeconds(demand, session, now) > maxSessionSeconds) {
    const message = `The organization asks for a sign-in within the last ${maxSessionSeconds} seconds.`;
    reasons.push({ code: 'session_too_old', message });
  }
  if (demand.lacksSecondFactor) {
    const message = 'The organization asks for a second factor, and this session began without.';
    reasons.push({ code: 'two_factor_required', message });
  }
  return reasons;
}

/** Of the last time that counts: a password renews nothing where only the company does. */
function ageSeconds({ connectionIds }: SignInDemand, session: SessionFacts, now: Date): number {
  const { loginAt, authenticatedAt } = session;
  const counted = connectionIds ? [loginAt] : [loginAt, authenticatedAt];
  const last = Math.max(...counted.map((at) => at ?? Number.NEGATIVE_INFINITY));
  return now.getTime() / 1000 - last;
}
