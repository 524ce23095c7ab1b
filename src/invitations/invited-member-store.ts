// The member row behind an invitation: who has the address already, and the place that waits for the acceptance.
import type { RequestContext } from '../context.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { newId } from '../ids.ts';
import { releaseMember } from '../members/release-member.ts';

type Candidate = {
  id: string;
  status: string;
  blocked: boolean;
  from_directory: boolean;
  same_person: boolean;
  pending_invitation: string | null;
};

/**
 * The id of the member that an invitation to `address` is for, locked if it exists. Throws what speaks against inviting:
 * `already_member`, `invitation_pending`, or `conflict` with `outcome` and `advice` for somebody suspended or blocked.
 */
export async function placeForInvited(
  tx: Tx,
  address: string,
  now: Date,
): Promise<{ memberId: string; exists: boolean }> {
  const candidates = await tx.query<Candidate>({
    text: `select m.id, m.status, (m.person_id is null or m.person_id = s.person_id) as same_person,
        exists (select from block b where b.org_id = m.org_id and b.member_id = m.id) as blocked,
        exists (select from directory_user d where d.org_id = m.org_id and d.member_id = m.id and d.adoption is null)
          and not exists (select from directory_user d where d.org_id = m.org_id and d.member_id = m.id
            and d.adoption is null and d.deleted_at is null) as from_directory,
        (select i.id from invitation i where i.org_id = m.org_id and i.member_id = m.id
          and i.status = 'pending' and i.expires_at > $3) as pending_invitation
      from member m left join person_standing($2) s on true
      where m.org_id = $1 and m.status <> 'purged' and (m.address_key = fold_key($2) or m.person_id = s.person_id)
      order by m.status = 'active' desc, m.status <> 'removed' desc, m.updated_at desc
      for update of m`,
    values: [tx.orgId, address, now],
  });
  const blocked = candidates.find((candidate) => candidate.blocked);
  const [first] = candidates;
  if (first?.status === 'active') {
    throw new DomainError('already_member', 'This address belongs to an active member.', {
      data: { outcome: 'active', memberId: first.id },
    });
  }
  if (blocked) throw suspended(blocked);
  if (!first) return { memberId: newId(), exists: false };
  if (first.pending_invitation !== null) {
    throw new DomainError('invitation_pending', 'This address has an open invitation. Resend or cancel it.', {
      data: { outcome: 'invited', memberId: first.id, invitationId: first.pending_invitation },
    });
  }
  if (first.status === 'suspended') throw suspended(first);
  if (first.status !== 'removed') return { memberId: first.id, exists: true };
  // A removed member comes back as the same one only where nobody else could stand behind the address by now: after a
  // directory's DELETE only its externalId brings the member back (design, section 3).
  const returning = candidates.find((candidate) => candidate.same_person && !candidate.from_directory);
  return returning ? { memberId: returning.id, exists: true } : { memberId: newId(), exists: false };
}

function suspended(member: Candidate): DomainError {
  const detail =
    member.status === 'removed'
      ? 'A directory deactivated this person before it let go of them. Reactivate them there; an invitation does not lift that.'
      : 'This person is a suspended member. Reactivate them instead of inviting them again.';
  return new DomainError('conflict', detail, {
    data: { outcome: member.status, advice: 'reactivate', memberId: member.id },
  });
}

/**
 * Locks the member that an invitation is for, before anything is written to the invitation: acceptance, cancelling,
 * resending and removal all do, so that one of them comes first. Answers its id; throws `not_found`.
 */
export async function lockInvitedMember(tx: Tx, invitationId: string): Promise<string> {
  const [row] = await tx.query<{ id: string }>({
    text: `select m.id from invitation i join member m on m.org_id = i.org_id and m.id = i.member_id
      where i.org_id = $1 and i.id = $2 for update of m`,
    values: [tx.orgId, invitationId],
  });
  if (!row) throw new DomainError('not_found', 'There is no such invitation.');
  return row.id;
}

export type InvitedNames = {
  readonly givenName: string | undefined;
  readonly familyName: string | undefined;
};

/** A new member row that waits, with the organization's default role: the offered one comes with the acceptance. */
export async function insertInvitedMember(tx: Tx, id: string, address: string, names: InvitedNames): Promise<void> {
  await tx.query({
    text: `insert into member (org_id, id, status, role_key, address, address_key, display_name, given_name, family_name)
      select org_id, $2, 'invited', default_role, $3, fold_key($3), nullif(concat_ws(' ', $4::text, $5::text), ''), $4, $5
      from organization where org_id = $1`,
    values: [tx.orgId, id, address, names.givenName ?? null, names.familyName ?? null],
  });
}

/** A row that is there already waits again; a directory's member stays pending, released for this mail. */
export async function reopenInvitedMember(
  tx: Tx,
  id: string,
  address: string,
  names: InvitedNames,
  now: Date,
): Promise<void> {
  await tx.query({
    text: `update member m set address = $3, address_key = fold_key($3), updated_at = now(),
        status = case when m.status = 'removed' then 'invited' else m.status end,
        person_id = case when m.status = 'removed' then null else m.person_id end,
        role_key = case when m.status = 'removed' then o.default_role else m.role_key end,
        released_at = case when m.status = 'pending' then $6 else m.released_at end,
        given_name = coalesce(m.given_name, $4), family_name = coalesce(m.family_name, $5),
        display_name = coalesce(m.display_name, nullif(concat_ws(' ', $4::text, $5::text), ''))
      from organization o where o.org_id = $1 and m.org_id = $1 and m.id = $2`,
    values: [tx.orgId, id, address, names.givenName ?? null, names.familyName ?? null, now],
  });
}

/** Throws `seat_limit` when the plan has no seat for this member. A new row is not there yet: its id is enough. */
export async function requireSeat(tx: Tx, memberId: string): Promise<void> {
  await tx.query({ text: 'select guard_seat($1, $2)', values: [tx.orgId, memberId] });
}

/** Lets go of a member who was only waiting for an invitation that is not coming. */
export async function dropInvitedMember(tx: Tx, memberId: string, ctx: RequestContext): Promise<void> {
  const waiting = await tx.query({
    text: `select from member m where m.org_id = $1 and m.id = $2 and m.status in ('invited', 'suspended')
      and not exists (select from carrier c where c.org_id = $1 and c.member_id = $2)`,
    values: [tx.orgId, memberId],
  });
  if (waiting.length > 0) await releaseMember(tx, ctx, { memberId, to: 'removed', reason: 'invitation_cancelled' });
}

/** How somebody is named to the person they invite. */
export async function displayNameOf(tx: Tx, memberId: string): Promise<string | undefined> {
  const [row] = await tx.query<{ name: string | null }>({
    text: `select coalesce(nullif(concat_ws(' ', given_name, family_name), ''), display_name, address) as name
      from member where org_id = $1 and id = $2`,
    values: [tx.orgId, memberId],
  });
  return row?.name ?? undefined;
}
