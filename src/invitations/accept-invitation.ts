// The acceptance: one transaction spends the invitation, makes or finds the person, and admits the member with role and
// teams (laws 1, 2 and 4). Afterwards Keycloak is made equal within a time limit; the mark stays if that fails.
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { reconcileGrants } from '../grants/grants-store.ts';
import { admitMember, settleMember } from '../members/admit-member.ts';
import type { MemberStatus } from '../members/member.ts';
import { mayGrant } from '../roles/rights.ts';
import type { Inviter } from './invitation.ts';
import { recordInvitationEvent } from './invitation-store.ts';
import { lockInvitedMember } from './invited-member-store.ts';

export type AcceptInput = {
  readonly orgId: string;
  readonly invitationId: string;
  /** The hash of the browser's cookie: an invitation is taken by the browser that it is bound to. */
  readonly browserHash: Buffer;
  /** Who signed in and owns the address; `link` = nobody yet, the mailed link alone proves it. */
  readonly by: { readonly personId: string } | 'link';
};

type Spent = {
  member_id: string;
  address: string;
  role_key: string;
  team_ids: string[];
  inviter: Inviter & { memberId?: string };
  ceiling: string[];
  ceiling_full_control: boolean;
  confirms_address: boolean;
};

/**
 * Answers the person. Throws `invitation_used`, `invitation_expired`, `invitation_cancelled`, `role_ceiling`,
 * `seat_limit`, `already_member`, and `conflict` with `reason` `other_browser`, `sign_in_first`,
 * `taken` or `blocked`.
 */
export async function acceptInvitation(deps: CoreDeps, ctx: RequestContext, input: AcceptInput): Promise<string> {
  const now = deps.clock.now();
  const personId = await deps.db.inOrg(input.orgId, async (tx) => {
    await lockInvitedMember(tx, input.invitationId);
    const spent = await spend(tx, input, now);
    if (!spent.confirms_address) await requireCeilingStill(tx, spent);
    const person =
      input.by === 'link' ? await personByLink(tx, spent) : await requireOwner(tx, input.by.personId, spent);
    const asPerson: RequestContext = { ...ctx, actor: { kind: 'person', id: person, memberId: spent.member_id } };
    await admit(tx, asPerson, input.invitationId, spent, person);
    await recordInvitationEvent(tx, asPerson, {
      action: 'invitation.accepted',
      invitationId: input.invitationId,
      data: { memberId: spent.member_id, by: input.by === 'link' ? 'link' : 'sign_in' },
    });
    return person;
  });
  ctx.log.info({ orgId: input.orgId, invitationId: input.invitationId, personId }, 'invitation accepted');
  return personId;
}

/** The one conditional UPDATE: of two who try, one gets the row. */
async function spend(tx: Tx, input: AcceptInput, now: Date): Promise<Spent> {
  const [row] = await tx.query<Spent>({
    text: `update invitation i set status = 'accepted', accepted_at = $4
      from organization o
      where i.org_id = $1 and i.id = $2 and i.status = 'pending' and i.expires_at > $4 and i.browser_hash = $3
        and o.org_id = i.org_id and o.status = 'active'
      returning i.member_id, i.address, i.role_key, i.team_ids, i.inviter, i.ceiling, i.ceiling_full_control,
        i.confirms_address`,
    values: [tx.orgId, input.invitationId, input.browserHash, now],
  });
  if (row) return row;
  const [found] = await tx.query<{ status: string; over: boolean }>({
    text: 'select status, expires_at <= $3 as over from invitation where org_id = $1 and id = $2',
    values: [tx.orgId, input.invitationId, now],
  });
  if (found?.status === 'accepted') throw new DomainError('invitation_used', 'This invitation was used.');
  if (found?.status === 'cancelled') throw new DomainError('invitation_cancelled', 'This invitation was cancelled.');
  if (found?.over) throw new DomainError('invitation_expired', 'This invitation has expired.');
  throw new DomainError('conflict', 'The link was opened in another browser meanwhile.', {
    data: { reason: 'other_browser' },
  });
}

/** Law 4 when the offer is taken: neither the role has grown beyond the inviter's rights, nor have those shrunk. */
async function requireCeilingStill(tx: Tx, spent: Spent): Promise<void> {
  const [role] = await tx.query<{ permissions: string[]; full_control: boolean }>({
    text: 'select permissions, full_control from role where org_id = $1 and key = $2',
    values: [tx.orgId, spent.role_key],
  });
  const offer = { permissions: role!.permissions, fullControl: role!.full_control };
  const ceiling = {
    permissions: new Set(spent.ceiling),
    fullControl: spent.ceiling_full_control,
    memberId: undefined,
  };
  const { inviter } = spent;
  const stillHeld = inviter.kind !== 'person' || (await personHolds(tx, inviter.id, offer));
  if (mayGrant(ceiling, offer) && stillHeld) return;
  throw new DomainError(
    'role_ceiling',
    'Whoever invited you may not give this role any more. Ask for a new invitation.',
  );
}

async function personHolds(
  tx: Tx,
  personId: string,
  offer: { readonly permissions: readonly string[]; readonly fullControl: boolean },
): Promise<boolean> {
  const [row] = await tx.query<{ permissions: string[]; full_control: boolean }>({
    text: `select r.permissions, r.full_control from member m join role r on r.org_id = m.org_id and r.key = m.role_key
      where m.org_id = $1 and m.person_id = $2 and m.status = 'active'`,
    values: [tx.orgId, personId],
  });
  if (!row) return false;
  return mayGrant({ permissions: new Set(row.permissions), fullControl: row.full_control, memberId: undefined }, offer);
}

async function personByLink(tx: Tx, spent: Spent): Promise<string> {
  const [row] = await tx.query<{ person_id: string | null }>({
    text: `select person_entering_by_link($3, m.given_name, m.family_name) as person_id
      from member m where m.org_id = $1 and m.id = $2`,
    values: [tx.orgId, spent.member_id, spent.address],
  });
  if (row?.person_id) return row.person_id;
  throw new DomainError('conflict', 'The owner of this address has an account already and signs in first.', {
    data: { reason: 'sign_in_first' },
  });
}

async function requireOwner(tx: Tx, personId: string, spent: Spent): Promise<string> {
  const [row] = await tx.query<{ owns: boolean | null }>({
    text: 'select fold_key(address_of_person($1)) = fold_key($2) as owns',
    values: [personId, spent.address],
  });
  if (row?.owns) return personId;
  throw new DomainError('forbidden', 'The invitation is for another address.');
}

async function admit(tx: Tx, ctx: RequestContext, invitationId: string, spent: Spent, personId: string): Promise<void> {
  const { member_id: memberId } = spent;
  // a second membership of the same person fails on member_one_per_person
  const linked = await tx.query({
    text: `update member set person_id = $3, updated_at = now()
      where org_id = $1 and id = $2 and (person_id is null or person_id = $3) returning id`,
    values: [tx.orgId, memberId, personId],
  });
  if (linked.length === 0) {
    throw new DomainError('conflict', 'This place in the organization belongs to another account by now.', {
      data: { reason: 'taken' },
    });
  }
  const status = spent.confirms_address
    ? await settleMember(tx, ctx, { memberId, reason: 'address_confirmed' })
    : await takeOffer(tx, ctx, invitationId, spent);
  if (status !== 'active') {
    throw new DomainError('conflict', 'Your access to this organization was stopped. Ask its administrator.', {
      data: { reason: 'blocked' },
    });
  }
}

async function takeOffer(tx: Tx, ctx: RequestContext, invitationId: string, spent: Spent): Promise<MemberStatus> {
  const { member_id: memberId } = spent;
  await tx.query({
    text: `insert into access_grant (org_id, member_id, target_kind, target, source, ref)
      select $1::uuid, $2::uuid, 'role', $4::text, 'invite', $3::text
      union all
      select $1::uuid, $2::uuid, 'team', t.id::text, 'invite', $3::text from team t
      where t.org_id = $1::uuid and t.id = any ($5::uuid[]) and t.archived_at is null
      on conflict do nothing`,
    values: [tx.orgId, memberId, invitationId, spent.role_key, spent.team_ids],
  });
  await reconcileGrants(tx, ctx, [memberId]);
  return admitMember(tx, ctx, { memberId, carrier: { source: 'invitation', ref: invitationId } });
}

/** Runs the person's projection, and answers whether it was done within the limit. Never throws. */
export async function projectInTime(
  ctx: RequestContext,
  projectPerson: (personId: string) => Promise<unknown>,
  personId: string,
  withinMs = 10_000,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs);
  });
  const projected = projectPerson(personId).then(
    () => true,
    (error: unknown) => {
      ctx.log.warn({ err: error, personId }, 'the projection after an acceptance failed; its mark stays');
      return false;
    },
  );
  try {
    return await Promise.race([projected, late]);
  } finally {
    clearTimeout(timer);
  }
}
