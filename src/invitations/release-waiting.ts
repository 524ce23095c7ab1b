// A directory's user with an address that its organization has not proved waits, and no mail goes out, until an
// administrator releases it: then the person proves the address by the mailed link, as with an invitation, which offers
// nothing (no role, no team, no carrier): the directory is who wants them here (design, section 3).
import type { RequestContext } from '../context.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Rights } from '../roles/rights.ts';
import { expiryOf, inviterOf } from './create-invitation.ts';
import type { InvitationDeps } from './deps.ts';
import { type Invitation, parseAddress } from './invitation.ts';
import { findInvitation } from './invitation-queries.ts';
import {
  expireInvitations,
  insertInvitation,
  lockAddress,
  recordInvitationEvent,
  requireMailAllowance,
  sendLink,
} from './invitation-store.ts';
import { invitationToken } from './invitation-token.ts';
import { requireSeat } from './invited-member-store.ts';
import { listUnreleased, lockWaiting, markReleased } from './waiting-member-store.ts';

type Releaser = { readonly orgId: string; readonly rights: Rights };

/**
 * Throws `not_found`, `conflict` (does not wait, is blocked, has no address), `invitation_pending` (released before; resend that one),
 * `invalid_value`, `seat_limit`, `too_many_requests`.
 */
export async function releaseWaiting(
  deps: InvitationDeps,
  ctx: RequestContext,
  input: Releaser & { readonly memberId: string },
): Promise<Invitation> {
  const { orgId, memberId, rights } = input;
  const now = deps.clock.now();
  const id = newId();
  const released = await deps.db.inOrg(orgId, async (tx) => {
    const waiting = await lockWaiting(tx, memberId);
    const address = parseAddress(waiting.address);
    await lockAddress(tx, address);
    await requireMailAllowance(tx, address, now);
    await expireInvitations(tx, now);
    await requireSeat(tx, memberId);
    await markReleased(tx, memberId, now);
    const expiresAt = await expiryOf(tx, now, undefined);
    const inviter = await inviterOf(tx, ctx, rights);
    const offer = { roleKey: waiting.defaultRole, teamIds: [], message: undefined, confirmsAddress: true };
    await insertInvitation(tx, { id, memberId, address, ...offer, inviter, rights, expiresAt, now });
    await sendLink(tx, { invitationId: id, expiresAt, now }, (count) =>
      invitationToken(deps.config.secretKey, id, count),
    );
    await recordInvitationEvent(tx, ctx, {
      action: 'member.released_to_confirm',
      invitationId: id,
      data: { memberId, expiresAt },
      address,
    });
    return findInvitation(tx, orgId, id, now);
  });
  ctx.log.info({ orgId, memberId, invitationId: id }, 'a waiting member was released');
  return released!;
}

const AT_ONCE = 200;

export type Releases = {
  readonly released: number;
  readonly refused: readonly { readonly memberId: string; readonly code: string; readonly message: string }[];
  /** More wait than were tried: call again. */
  readonly more: boolean;
};

/** Releases those who wait and never were released, the longest waiting first; each in a transaction of its own. */
export async function releaseAllWaiting(deps: InvitationDeps, ctx: RequestContext, input: Releaser): Promise<Releases> {
  const waiting = await deps.db.inOrg(input.orgId, (tx: Tx) => listUnreleased(tx, AT_ONCE + 1));
  const refused: { memberId: string; code: string; message: string }[] = [];
  let released = 0;
  for (const memberId of waiting.slice(0, AT_ONCE)) {
    try {
      await releaseWaiting(deps, ctx, { ...input, memberId });
      released += 1;
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      refused.push({ memberId, code: error.code, message: error.message });
    }
  }
  return { released, refused, more: waiting.length > AT_ONCE };
}
