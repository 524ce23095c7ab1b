// REST: releasing the mail to directory users who wait because their address is not of a verified domain.
import { z } from 'zod';
import { type Endpoint, endpoint } from '../http/endpoint.ts';
import { idParam } from '../http/parse-request.ts';
import { uuid } from '../http/wire.ts';
import type { InvitationDeps } from './deps.ts';
import { releaseAllWaiting, releaseWaiting } from './release-waiting.ts';

const TAG = 'Members';
const INVITE = { permission: 'member.invite' } as const;

const releases = z
  .object({
    released: z.int(),
    refused: z.array(z.object({ memberId: uuid, code: z.string(), message: z.string() })),
    more: z.boolean().meta({ description: 'More wait than one call takes: call again' }),
  })
  .meta({ id: 'Releases' });

const released = z.object({ memberId: uuid, invitationId: uuid }).meta({ id: 'Release' });

export function releaseRoutes(deps: InvitationDeps): Endpoint[] {
  return [
    endpoint({
      method: 'post',
      path: '/v1/organizations/{org}/members/{member}/release',
      summary: 'Release a waiting member: the person gets a link to confirm the address, and then is active',
      tag: TAG,
      access: INVITE,
      params: z.object({ member: idParam }),
      responses: {
        200: { description: 'The mail is on the way; resend or cancel it as an invitation', schema: released },
      },
      idempotent: true,
      handle: async ({ orgId, rights, ctx, params: { member: memberId } }) => {
        const { id: invitationId } = await releaseWaiting(deps, ctx, { orgId, rights, memberId });
        return { status: 200, body: { memberId, invitationId } };
      },
    }),
    endpoint({
      method: 'post',
      path: '/v1/organizations/{org}/members/release',
      summary: 'Release all waiting members who were never released, up to 200 at once',
      tag: TAG,
      access: INVITE,
      responses: { 200: { description: 'How many, and who could not be', schema: releases } },
      handle: async ({ orgId, rights, ctx }) => ({
        status: 200,
        body: await releaseAllWaiting(deps, ctx, { orgId, rights }),
      }),
    }),
  ];
}
