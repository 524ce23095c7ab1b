// Reads of invitations. A pending one whose time is over reads as expired, whether or not the clean-up has been there.
import type { QueryResultRow } from 'pg';
import type { Database, Queryable, Statement } from '../db/database.ts';
import type { Invitation, InvitationState, InvitedTeam, Inviter } from './invitation.ts';

type Row = {
  id: string;
  org_id: string;
  organization_name: string;
  member_id: string;
  address: string;
  role_key: string;
  role_name: string;
  teams: InvitedTeam[];
  message: string | null;
  state: InvitationState;
  inviter: Inviter;
  sent_count: number;
  last_sent_at: Date | null;
  delivery: Invitation['delivery'];
  delivery_error: string | null;
  expires_at: Date;
  accepted_at: Date | null;
  created_at: Date;
};

/** Single statements for one organization, where a transaction is not needed. */
export function readerOf(db: Database, orgId: string): Queryable {
  return { query: <R extends QueryResultRow>(statement: Statement) => db.query<R>(orgId, statement) };
}

const STATE = `case when i.status = 'pending' and i.expires_at <= $2 then 'expired' else i.status end`;

const SELECT = `select i.id, i.org_id, o.display_name as organization_name, i.member_id, i.address, i.role_key,
    r.display_name as role_name, i.message, ${STATE} as state, i.inviter, i.sent_count, i.last_sent_at, i.delivery,
    i.delivery_error, i.expires_at, i.accepted_at, i.created_at,
    coalesce((select jsonb_agg(jsonb_build_object('id', t.id, 'key', t.key, 'displayName', t.display_name) order by t.key)
      from team t where t.org_id = i.org_id and t.id = any (i.team_ids) and t.archived_at is null), '[]') as teams
  from invitation i
    join organization o on o.org_id = i.org_id
    join role r on r.org_id = i.org_id and r.key = i.role_key
  where i.org_id = $1`;

/** One invitation as of `now`. */
export async function findInvitation(
  reader: Queryable,
  orgId: string,
  invitationId: string,
  now: Date,
): Promise<Invitation | undefined> {
  const [row] = await reader.query<Row>({
    name: 'invitation_find',
    text: `${SELECT} and i.id = $3`,
    values: [orgId, now, invitationId],
  });
  return row && toInvitation(row);
}

/** The newest first, after the one named `before`; at most `limit`. */
export async function listInvitations(
  reader: Queryable,
  orgId: string,
  page: { readonly now: Date; readonly state?: InvitationState; readonly before?: string; readonly limit: number },
): Promise<Invitation[]> {
  const statement: Statement = {
    name: 'invitation_list',
    text: `${SELECT} and ($3::text is null or ${STATE} = $3) and ($4::uuid is null or i.id < $4) order by i.id desc limit $5`,
    values: [orgId, page.now, page.state ?? null, page.before ?? null, page.limit],
  };
  return (await reader.query<Row>(statement)).map(toInvitation);
}

function toInvitation(row: Row): Invitation {
  return {
    id: row.id,
    orgId: row.org_id,
    organizationName: row.organization_name,
    memberId: row.member_id,
    address: row.address,
    role: { key: row.role_key, displayName: row.role_name },
    teams: row.teams,
    message: row.message ?? undefined,
    state: row.state,
    inviter: row.inviter,
    sentCount: row.sent_count,
    lastSentAt: row.last_sent_at ?? undefined,
    delivery: row.delivery,
    deliveryError: row.delivery_error ?? undefined,
    expiresAt: row.expires_at,
    acceptedAt: row.accepted_at ?? undefined,
    createdAt: row.created_at,
  };
}
