// Invites one address: invitation, waiting member, audit event and mail job in one transaction (laws 1 and 4).
import type { RequestContext } from '../context.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { reconcileGrants } from '../grants/grants-store.ts';
import { newId } from '../ids.ts';
import { readPolicy } from '../orgs/organizations-queries.ts';
import { mayGrant, type Rights } from '../roles/rights.ts';
import type { InvitationDeps } from './deps.ts';
import { HOUR_MS, type Invitation, type Inviter, parseAddress } from './invitation.ts';
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
import {
  displayNameOf,
  insertInvitedMember,
  placeForInvited,
  reopenInvitedMember,
  requireSeat,
} from './invited-member-store.ts';
import { getAssignableRole, getTeams, type OfferedRole } from './offer-queries.ts';

export type CreateInvitationInput = {
  readonly orgId: string;
  readonly address: string;
  readonly roleKey: string;
  /** Ids or keys. */
  readonly teams: readonly string[];
  readonly message: string | undefined;
  readonly lifetimeHours: number | undefined;
  readonly givenName: string | undefined;
  readonly familyName: string | undefined;
  /** What the inviter may do in this organization. */
  readonly rights: Rights;
};

/**
 * Throws `invalid_value`, `role_ceiling`, `already_member`, `invitation_pending`, `conflict` (suspended: `advice` says
 * reactivate), `seat_limit`, `too_many_requests`.
 */
export async function createInvitation(
  deps: InvitationDeps,
  ctx: RequestContext,
  input: CreateInvitationInput,
): Promise<Invitation> {
  const address = parseAddress(input.address);
  const now = deps.clock.now();
  const invitation = await deps.db.inOrg(input.orgId, async (tx) => {
    const expiresAt = await expiryOf(tx, now, input.lifetimeHours);
    const role = await getAssignableRole(tx, input.roleKey);
    requireCeiling(input.rights, role);
    const teams = await getTeams(tx, input.teams);
    await lockAddress(tx, address);
    await requireMailAllowance(tx, address, now);
    const { memberId, exists } = await placeForInvited(tx, address, now);
    await expireInvitations(tx, now);
    await requireSeat(tx, memberId);
    if (exists) {
      await reopenInvitedMember(tx, memberId, address, input, now);
      await reconcileGrants(tx, ctx, [memberId]);
    } else await insertInvitedMember(tx, memberId, address, input);
    const id = newId();
    const inviter = await inviterOf(tx, ctx, input.rights);
    const teamIds = teams.map((team) => team.id);
    const { message, roleKey, rights } = input;
    await insertInvitation(tx, { id, memberId, address, roleKey, teamIds, message, inviter, rights, expiresAt, now });
    await sendLink(tx, { invitationId: id, expiresAt, now }, (count) =>
      invitationToken(deps.config.secretKey, id, count),
    );
    await recordInvitationEvent(tx, ctx, {
      action: 'invitation.created',
      invitationId: id,
      data: { memberId, role: role.key, teamIds, expiresAt },
      address,
    });
    return findInvitation(tx, input.orgId, id, now);
  });
  ctx.log.info({ orgId: input.orgId, invitationId: invitation!.id }, 'invitation created');
  return invitation!;
}

/** Law 4: nobody grants what they don't hold. Throws `role_ceiling`. */
export function requireCeiling(rights: Rights, role: OfferedRole): void {
  if (mayGrant(rights, role)) return;
  const missing = role.permissions.filter((permission) => !rights.permissions.has(permission));
  throw new DomainError(
    'role_ceiling',
    role.fullControl
      ? 'Only somebody with full control can offer a role with full control.'
      : `The role holds permissions that the inviter does not: ${missing.join(', ')}.`,
    { data: { role: role.key, missing } },
  );
}

/** The inviter as mail and page name them. */
export async function inviterOf(tx: Tx, ctx: RequestContext, rights: Rights): Promise<Inviter> {
  const name = rights.memberId === undefined ? undefined : await displayNameOf(tx, rights.memberId);
  return { kind: ctx.actor.kind, id: ctx.actor.id, ...(name === undefined ? {} : { name }) };
}

/** When the link dies: after the time asked for, else after the organization's policy. */
export async function expiryOf(tx: Tx, now: Date, lifetimeHours: number | undefined): Promise<Date> {
  const lifetimeMs =
    lifetimeHours === undefined
      ? (await readPolicy(tx, tx.orgId)).inviteLifetimeSeconds * 1000
      : lifetimeHours * HOUR_MS;
  return new Date(now.getTime() + lifetimeMs);
}
