// The door in (law 2), as TypeScript: a carrier is recorded, then the database decides whether the member is active.
// Whoever calls it is in a transaction of the organization; audit event and Keycloak mark are written there too.
import { actorJson } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { Tx } from '../db/database.ts';
import type { MemberStatus } from './member.ts';

type Carrier = {
  readonly source: 'directory' | 'invitation' | 'sign_in' | 'manual';
  /** The directory, invitation or connection; for `manual` the organization. */
  readonly ref: string;
};

export type AdmitInput = {
  readonly memberId: string;
  readonly carrier: Carrier;
  /** The person, where something other than a verified domain has proved who it is. */
  readonly personId?: string | undefined;
};

/**
 * Adds the carrier and opens the door if nothing holds it shut. Answers the status that follows: `active`, or `pending`
 * or `suspended` with the reason on the member. Throws `seat_limit`.
 */
export async function admitMember(tx: Tx, ctx: RequestContext, input: AdmitInput): Promise<MemberStatus> {
  if (input.personId !== undefined) {
    await tx.query({
      text: 'update member set person_id = $3 where org_id = $1 and id = $2 and person_id is null',
      values: [tx.orgId, input.memberId, input.personId],
    });
  }
  await tx.query({
    text: 'insert into carrier (org_id, member_id, source, ref) values ($1, $2, $3, $4) on conflict do nothing',
    values: [tx.orgId, input.memberId, input.carrier.source, input.carrier.ref],
  });
  return settleMember(tx, ctx, { memberId: input.memberId, reason: input.carrier.source });
}

/** Brings a member's status to what carriers and blocks say, through the two doors. */
export async function settleMember(
  tx: Tx,
  ctx: RequestContext,
  input: { readonly memberId: string; readonly reason: string },
): Promise<MemberStatus> {
  const [row] = await tx.query<{ status: MemberStatus }>({
    name: 'settle_member',
    text: 'select settle_member($1, $2, $3, $4) as status',
    values: [tx.orgId, input.memberId, input.reason, actorJson(ctx)],
  });
  if (!row) throw new Error('settle_member answers one row');
  return row.status;
}
