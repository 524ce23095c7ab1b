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
import { type AccessReason, reasonsAgainst } from './check-access.ts';
import { findAccessFacts } from './members-queries.ts';

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
    member: z
      .object({ id: uuid, status: z.string(), role: z.string(), teams: z.array(z.string()) })
      .nullable()
      .meta({ description: 'What was found' }),
  })
  .meta({ id: 'AccessAnswer' });

type Question = z.output<typeof question>;
type Subject = { readonly personId: string } | { readonly memberId: string };

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
        const orgId = await placeOf(deps, principal, subject, body.organization);
        const facts = orgId === undefined ? undefined : await findAccessFacts(deps.db, orgId, subject);
        const reasons = reasonsAgainst(facts, { permission: body.permission, team: body.team });
        const member = facts
          ? { id: facts.memberId, status: facts.status, role: facts.roleKey, teams: [...facts.teamKeys] }
          : null;
        return { status: 200, body: { allowed: reasons.length === 0, reasons, member } };
      },
    }),
  ];
}

function denied(code: AccessReason['code'], message: string): z.input<typeof answer> {
  return { allowed: false, reasons: [{ code, message }], member: null };
}

/** Exactly one way to say who; a person who says nobody asks about themselves. */
async function subjectOf(deps: Deps, principal: Principal, body: Question): Promise<Subject | 'token_invalid'> {
  const given = [body.personId, body.memberId, body.subjectToken].filter((value) => value !== undefined);
  if (given.length === 0 && principal.kind === 'person') return { personId: principal.personId };
  if (given.length !== 1) {
    throw new DomainError('invalid_request', 'Say who by exactly one of personId, memberId and subjectToken.');
  }
  if (body.personId !== undefined) return { personId: body.personId };
  if (body.memberId !== undefined) return { memberId: body.memberId };
  if (!deps.verifyAccessToken) return 'token_invalid';
  try {
    const { personId } = await deps.verifyAccessToken(body.subjectToken ?? '');
    return { personId };
  } catch (error) {
    if (error instanceof DomainError && error.code === 'unauthenticated') return 'token_invalid';
    throw error;
  }
}

/**
 * The organization, if the caller may ask there about this subject; undefined when a person asks about themselves where
 * they are nobody, which is an answer (not_a_member), not a fault.
 */
async function placeOf(
  deps: Deps,
  principal: Principal,
  subject: Subject,
  organization: string,
): Promise<string | undefined> {
  const self = principal.kind === 'person' && 'personId' in subject && subject.personId === principal.personId;
  try {
    const place = await findPlace(deps.db, principal, organization);
    if (!self) requireAccess({ permission: 'member.view' }, principal, place, false);
    return place.orgId;
  } catch (error) {
    if (self && error instanceof DomainError && error.code === 'not_found') return undefined;
    throw error;
  }
}
