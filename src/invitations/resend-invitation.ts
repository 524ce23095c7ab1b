// Mails an invitation again: a new link, the old one dead, a full new lifetime, also for one that had expired.
import type { RequestContext } from '../context.ts';
import { DomainError } from '../errors.ts';
import type { Rights } from '../roles/rights.ts';
import { expiryOf, inviterOf, requireCeiling } from './create-invitation.ts';
import type { InvitationDeps } from './deps.ts';
import type { Invitation } from './invitation.ts';
import { findInvitation } from './invitation-queries.ts';
import {
  expireInvitations,
  lockAddress,
  recordInvitationEvent,
  renewInvitation,
  requireMailAllowance,
  sendLink,
} from './invitation-store.ts';
import { invitationToken } from './invitation-token.ts';
import { lockInvitedMember, placeForInvited, requireSeat } from './invited-member-store.ts';
import { getAssignableRole } from './offer-queries.ts';

export type ResendInvitationInput = {
  readonly orgId: string;
  readonly invitationId: string;
  readonly lifetimeHours: number | undefined;
  readonly rights: Rights;
};

/**
 * The offer is made anew by whoever resends it, so their rights are its ceiling. Throws `not_found`, `role_ceiling`,
 * `too_many_requests` (`retryAfterSeconds`), `seat_limit`, `conflict` for one that was accepted or cancelled.
 */
export async function resendInvitation(
  deps: InvitationDeps,
  ctx: RequestContext,
  input: ResendInvitationInput,
): Promise<Invitation> {
  const { orgId, invitationId, rights } = input;
  const now = deps.clock.now();
  const invitation = await deps.db.inOrg(orgId, async (tx) => {
    const before = await findInvitation(tx, orgId, invitationId, now);
    if (!before) throw new DomainError('not_found', 'There is no such invitation.');
    await lockAddress(tx, before.address);
    await lockInvitedMember(tx, invitationId);
    const current = (await findInvitation(tx, orgId, invitationId, now))!;
    requireResendable(current);
    requireCeiling(rights, await getAssignableRole(tx, current.role.key));
    await requireMailAllowance(tx, current.address, now);
    if (current.state === 'expired') {
      // its place may have been taken meanwhile: by another invitation, a directory, the last seat
      const place = await placeForInvited(tx, current.address, now);
      if (place.memberId !== current.memberId) throw new DomainError('conflict', 'Invite this address anew.');
      await expireInvitations(tx, now);
      await requireSeat(tx, place.memberId);
    }
    const expiresAt = await expiryOf(tx, now, input.lifetimeHours);
    await renewInvitation(tx, invitationId, { inviter: await inviterOf(tx, ctx, rights), rights, expiresAt });
    await sendLink(tx, { invitationId, expiresAt, now }, (count) =>
      invitationToken(deps.config.secretKey, invitationId, count),
    );
    await recordInvitationEvent(tx, ctx, {
      action: 'invitation.resent',
      invitationId,
      data: { sentCount: current.sentCount + 1, expiresAt },
    });
    return findInvitation(tx, orgId, invitationId, now);
  });
  return invitation!;
}

function requireResendable(invitation: Invitation): void {
  if (invitation.state === 'accepted') {
    throw new DomainError('conflict', 'This invitation was accepted: its person is a member.', {
      data: { state: 'accepted', memberId: invitation.memberId },
    });
  }
  if (invitation.state === 'cancelled') {
    throw new DomainError('conflict', 'This invitation was cancelled. Make a new one.', {
      data: { state: 'cancelled' },
    });
  }
}
