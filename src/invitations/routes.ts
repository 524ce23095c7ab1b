// REST of invitations: make, list, read, resend, cancel. The wire shape stands here and nowhere else.
import { z } from 'zod';
import { DomainError } from '../errors.ts';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { dateTime, pageOf, pageQuery, readIdCursor, toPage, uuid } from '../http/wire.ts';
import { cancelInvitation } from './cancel-invitation.ts';
import { createInvitation } from './create-invitation.ts';
import type { InvitationDeps } from './deps.ts';
import { INVITATION_STATES, type Invitation, LONGEST_LIFETIME_HOURS } from './invitation.ts';
import { findInvitation, listInvitations, readerOf } from './invitation-queries.ts';
import { releaseRoutes } from './release-routes.ts';
import { resendInvitation } from './resend-invitation.ts';

const TAG = 'Invitations';
const PATH = '/v1/organizations/{org}/invitations';

const lifetime = z
  .int()
  .min(1)
  .max(LONGEST_LIFETIME_HOURS)
  .optional()
  .describe(
    `Hours until the link is dead, at most ${LONGEST_LIFETIME_HOURS}; the organization's policy says how many unless this does.`,
  );
const name = z.string().trim().min(1).max(100);

const newInvitation = z.strictObject({
  email: z.string().max(320),
  role: z.string().min(1).max(40).describe('Key of the role that the person gets on acceptance.'),
  teamIds: z.array(uuid).max(50).optional(),
  teams: z.array(z.string().min(1).max(60)).max(50).optional().describe('Keys of teams, as another way to name them.'),
  message: z.string().trim().max(2000).optional().describe('A personal message, shown in the mail.'),
  expiresInHours: lifetime,
  givenName: name.optional(),
  familyName: name.optional(),
});

const repetition = z.strictObject({ expiresInHours: lifetime }).optional();

const invitationView = z
  .object({
    id: uuid,
    email: z.string(),
    state: z.enum(INVITATION_STATES),
    role: z.string(),
    teams: z.array(z.object({ id: uuid, key: z.string(), displayName: z.string() })),
    message: z.string().nullable(),
    memberId: uuid.describe('The member that waits for the acceptance, or came of it.'),
    inviter: z.object({ kind: z.string(), id: z.string(), name: z.string().optional() }),
    sentCount: z.int().describe('How many mails were made for it; only the link of the last one lives.'),
    lastSentAt: dateTime.nullable(),
    delivery: z.enum(['queued', 'sent', 'failed']).describe('Of the last mail: whether the mail server took it.'),
    deliveryError: z.string().nullable(),
    expiresAt: dateTime,
    acceptedAt: dateTime.nullable(),
    createdAt: dateTime,
  })
  .meta({ id: 'Invitation' });

const listQuery = pageQuery.extend({ state: z.enum(INVITATION_STATES).optional() });
const oneParams = z.object({ invitation: uuid });
const one = (description: string) => ({ description, schema: invitationView });

/** The operations of invitations. */
export function invitationRoutes(deps: InvitationDeps): Endpoint[] {
  return [makeOne(deps), listAll(deps), readOne(deps), resendOne(deps), cancelOne(deps), ...releaseRoutes(deps)];
}

function makeOne(deps: InvitationDeps): Endpoint {
  return endpoint({
    method: 'post',
    path: PATH,
    summary: 'Invite an address',
    tag: TAG,
    access: { permission: 'member.invite' },
    idempotent: true,
    body: newInvitation,
    responses: { 201: one('The invitation; its mail is on the way.') },
    handle: async ({ orgId, rights, ctx, body }) => {
      const invitation = await createInvitation(deps, ctx, {
        orgId,
        rights,
        address: body.email,
        roleKey: body.role,
        teams: [...(body.teamIds ?? []), ...(body.teams ?? [])],
        message: body.message || undefined,
        lifetimeHours: body.expiresInHours,
        givenName: body.givenName,
        familyName: body.familyName,
      });
      const location = `/v1/organizations/${orgId}/invitations/${invitation.id}`;
      return { status: 201, body: toView(invitation), location };
    },
  });
}

function listAll(deps: InvitationDeps): Endpoint {
  return endpoint({
    method: 'get',
    path: PATH,
    summary: 'List invitations, the newest first',
    tag: TAG,
    access: { permission: 'member.view' },
    query: listQuery,
    responses: { 200: { description: 'One page.', schema: pageOf(invitationView) } },
    handle: async ({ orgId, query }) => {
      const before = readIdCursor(query.cursor);
      const found = await listInvitations(readerOf(deps.db, orgId), orgId, {
        now: deps.clock.now(),
        limit: query.limit + 1,
        ...(query.state && { state: query.state }),
        ...(before && { before }),
      });
      return { status: 200, body: toPage(found, query.limit, toView, (invitation) => [invitation.id]) };
    },
  });
}

function readOne(deps: InvitationDeps): Endpoint {
  return endpoint({
    method: 'get',
    path: `${PATH}/{invitation}`,
    summary: 'Read an invitation',
    tag: TAG,
    access: { permission: 'member.view' },
    params: oneParams,
    responses: { 200: one('The invitation.') },
    handle: async ({ orgId, params }) => {
      const invitation = await findInvitation(readerOf(deps.db, orgId), orgId, params.invitation, deps.clock.now());
      if (!invitation) throw new DomainError('not_found', 'There is no such invitation.');
      return { status: 200, body: toView(invitation) };
    },
  });
}

function resendOne(deps: InvitationDeps): Endpoint {
  return endpoint({
    method: 'post',
    path: `${PATH}/{invitation}/resend`,
    summary: 'Mail an invitation again: the old link dies, an expired one lives again',
    tag: TAG,
    access: { permission: 'member.invite' },
    idempotent: true,
    params: oneParams,
    body: repetition,
    responses: { 200: one('The invitation; its new mail is on the way.') },
    handle: async ({ orgId, rights, ctx, params, body }) => {
      const input = { orgId, rights, invitationId: params.invitation, lifetimeHours: body?.expiresInHours };
      return { status: 200, body: toView(await resendInvitation(deps, ctx, input)) };
    },
  });
}

function cancelOne(deps: InvitationDeps): Endpoint {
  return endpoint({
    method: 'post',
    path: `${PATH}/{invitation}/cancel`,
    summary: 'Cancel an invitation: its link is dead at once',
    tag: TAG,
    access: { permission: 'member.invite' },
    params: oneParams,
    responses: { 200: one('The cancelled invitation.') },
    handle: async ({ orgId, ctx, params }) => {
      const invitation = await cancelInvitation(deps, ctx, { orgId, invitationId: params.invitation });
      return { status: 200, body: toView(invitation) };
    },
  });
}

function toView(invitation: Invitation): z.input<typeof invitationView> {
  return {
    id: invitation.id,
    email: invitation.address,
    state: invitation.state,
    role: invitation.role.key,
    teams: [...invitation.teams],
    message: invitation.message ?? null,
    memberId: invitation.memberId,
    inviter: invitation.inviter,
    sentCount: invitation.sentCount,
    lastSentAt: invitation.lastSentAt?.toISOString() ?? null,
    delivery: invitation.delivery,
    deliveryError: invitation.deliveryError ?? null,
    expiresAt: invitation.expiresAt.toISOString(),
    acceptedAt: invitation.acceptedAt?.toISOString() ?? null,
    createdAt: invitation.createdAt.toISOString(),
  };
}
