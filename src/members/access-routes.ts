// REST: the access check for applications. Whoever asks about somebody else needs member.view in that organization; a
// person may always ask about themselves.
import { z } from 'zod';
import type { CoreDeps } from '../db/core-deps.ts';
import { DomainError } from '../errors.ts';
import type { VerifyAccessToken } from '../http/access-token.ts';
import { findPlace, requireAccess } from '../http/authorize.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import type { Principal } from '../http/principal.ts';
import { uuid } from '../http/wire.ts';
import { providerAlias } from '../keycloak/identity-provider.ts';
import { type AccessReason, reasonsAgainst } from './check-access.ts';
import { type AccessFacts, findAccessFacts } from './members-queries.ts';
import { asksForMore, reasonsAgainstSession, type SessionFacts, type SignInDemand } from './sign-in-demand.ts';
import { findSignInDemand } from './sign-in-demand-queries.ts';

type Deps = CoreDeps & { readonly verifyAccessToken: VerifyAccessToken | undefined };

const question = z.strictObject({
  organization: z.string().max(100).meta({ description: 'Id or key', example: 'acme' }),
  personId: uuid.optional(),
  memberId: uuid.optional(),
  subjectToken: z.string().max(20_000).optional().meta({ description: "The person's Keycloak access token" }),
  permission: z.string().max(100).optional().meta({ example: 'member.view' }),
  team: z.string().max(100).optional().meta({ description: 'Id or key' }),
});

const answer = z
  .object({
    allowed: z.boolean(),
    reasons: z.array(z.object({ code: z.string(), message: z.string() })).meta({ description: 'Every reason against' }),
    session: z.enum(['met', 'unmet', 'unknown']).meta({
      description:
        "Whether the token's session meets the organization's sign-in policy; unknown: it asks for something, and no token was sent",
    }),
    signInAgain: z
      .object({ kc_idp_hint: z.string().nullable(), login_hint: z.string().nullable(), prompt: z.literal('login') })
      .nullable()
      .meta({ description: 'What to send to Keycloak so that the next session meets it; null = nothing to do' }),
    member: z
      .object({ id: uuid, status: z.string(), role: z.string(), teams: z.array(z.string()) })
      .nullable()
      .meta({ description: 'What was found' }),
  })
  .meta({ id: 'AccessAnswer' });

type Question = z.output<typeof question>;
type Who = { readonly personId: string } | { readonly memberId: string };
type Subject = { readonly who: Who; readonly session: SessionFacts | undefined };

export function accessRoutes(deps: Deps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/v1/access/check',
      summary: 'May this person act in this organization, with this permission, in this team?',
      tag: 'Access',
      access: 'principal',
      body: question,
      responses: { 200: { description: 'The decision', schema: answer } },
      handle: async ({ principal, body }) => {
        const subject = await subjectOf(deps, principal, body);
        if (subject === 'token_invalid')
          return { status: 200, body: denied(subject, 'The subject token is not valid.') };
        const orgId = await placeOf(deps, principal, subject.who, body.organization);
        const facts = orgId === undefined ? undefined : await findAccessFacts(deps.db, orgId, subject.who);
        const judged = await judgeSession(deps, orgId, facts, subject.session);
        const question = { permission: body.permission, team: body.team };
        const reasons = [...reasonsAgainst(facts, question), ...judged.reasons];
        const member = facts
          ? { id: facts.memberId, status: facts.status, role: facts.roleKey, teams: [...facts.teamKeys] }
          : null;
        const { session, signInAgain } = judged;
        return { status: 200, body: { allowed: reasons.length === 0, reasons, session, signInAgain, member } };
      },
    }),
  ];
}

function denied(code: AccessReason['code'], message: string): z.input<typeof answer> {
  return { allowed: false, reasons: [{ code, message }], session: 'unknown', signInAgain: null, member: null };
}

type Judgement = Pick<z.input<typeof answer>, 'session' | 'signInAgain'> & { readonly reasons: AccessReason[] };

/** What the organization asks of the session; without a session it can only say that it asks for something. */
async function judgeSession(
  { db, clock }: Deps,
  orgId: string | undefined,
  facts: AccessFacts | undefined,
  session: SessionFacts | undefined,
): Promise<Judgement> {
  const personId = facts?.personId;
  const demand =
    orgId === undefined || personId === undefined ? undefined : await findSignInDemand(db, orgId, personId);
  if (!demand || !asksForMore(demand)) return { reasons: [], session: 'met', signInAgain: null };
  if (!session) return { reasons: [], session: 'unknown', signInAgain: null };
  const reasons = reasonsAgainstSession(demand, session, clock.now());
  if (reasons.length === 0) return { reasons, session: 'met', signInAgain: null };
  return { reasons, session: 'unmet', signInAgain: wayOf(demand) };
}

/** Both are needed: without the first Keycloak asks nothing of a living session, without the second it asks for a password. */
function wayOf({ connectionIds, organizationKey, address }: SignInDemand): Judgement['signInAgain'] {
  const hint = connectionIds ? providerAlias(organizationKey) : null;
  return { kc_idp_hint: hint, login_hint: address ?? null, prompt: 'login' };
}

/** Exactly one way to say who; a person who says nobody asks about themselves. */
async function subjectOf(deps: Deps, principal: Principal, body: Question): Promise<Subject | 'token_invalid'> {
  const given = [body.personId, body.memberId, body.subjectToken].filter((value) => value !== undefined);
  if (given.length === 0 && principal.kind === 'person') {
    return { who: { personId: principal.personId }, session: principal.session };
  }
  if (given.length !== 1) {
    throw new DomainError('invalid_request', 'Say who by exactly one of personId, memberId and subjectToken.');
  }
  if (body.personId !== undefined) return { who: { personId: body.personId }, session: undefined };
  if (body.memberId !== undefined) return { who: { memberId: body.memberId }, session: undefined };
  if (!deps.verifyAccessToken) return 'token_invalid';
  try {
    const { personId, connectionId, loginAt, authenticatedAt } = await deps.verifyAccessToken(body.subjectToken ?? '');
    return { who: { personId }, session: { connectionId, loginAt, authenticatedAt } };
  } catch (error) {
    if (error instanceof DomainError && error.code === 'unauthenticated') return 'token_invalid';
    throw error;
  }
}

/**
 * The organization, if the caller may ask there about this subject; undefined when a person asks about themselves where
 * they are nobody, which is an answer (not_a_member), not a fault.
 */
async function placeOf(deps: Deps, principal: Principal, who: Who, organization: string): Promise<string | undefined> {
  const self = principal.kind === 'person' && 'personId' in who && who.personId === principal.personId;
  try {
    const place = await findPlace(deps, principal, organization);
    if (!self) requireAccess({ permission: 'member.view' }, principal, place, false);
    return place.orgId;
  } catch (error) {
    if (self && error instanceof DomainError && error.code === 'not_found') return undefined;
    throw error;
  }
}
