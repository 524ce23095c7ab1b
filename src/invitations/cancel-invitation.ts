// Withdraws an invitation: its link is dead from the commit on, and nobody waits for it any more.
import type { RequestContext } from '../context.ts';
import { DomainError } from '../errors.ts';
import type { InvitationDeps } from './deps.ts';
import type { Invitation } from './invitation.ts';
import { findInvitation } from './invitation-queries.ts';
import { recordInvitationEvent, revokeLinks } from './invitation-store.ts';
import { dropInvitedMember, lockInvitedMember } from './invited-member-store.ts';

/** Cancelling twice is once. Throws `not_found`, `conflict` for one that was accepted. */
export async function cancelInvitation(
  deps: InvitationDeps,
  ctx: RequestContext,
  input: { readonly orgId: string; readonly invitationId: string },
): Promise<Invitation> {
  const { orgId, invitationId } = input;
  const now = deps.clock.now();
  const invitation = await deps.db.inOrg(orgId, async (tx) => {
    const memberId = await lockInvitedMember(tx, invitationId);
    const cancelled = await tx.query({
      text: `update invitation set status = 'cancelled', browser_hash = null
        where org_id = $1 and id = $2 and status in ('pending', 'expired') returning id`,
      values: [orgId, invitationId],
    });
    if (cancelled.length > 0) {
      await revokeLinks(tx, invitationId);
      await dropInvitedMember(tx, memberId, ctx);
      await recordInvitationEvent(tx, ctx, { action: 'invitation.cancelled', invitationId });
    }
    return findInvitation(tx, orgId, invitationId, now);
  });
  if (invitation?.state === 'accepted') {
    throw new DomainError('conflict', 'This invitation was accepted. Remove the member instead.', {
      data: { state: 'accepted', memberId: invitation.memberId },
    });
  }
  return invitation!;
}
