// Reads of members: who they are, what they hold, and why.
import { sql } from 'kysely';
import type { Database, Queryable } from '../db/database.ts';
import { build, statementOf } from '../db/query-builder.ts';
import { DomainError } from '../errors.ts';
import type { Rights } from '../roles/rights.ts';
import type { ExplainedGrant, Explanation, Member, MemberStatus } from './member.ts';

type Row = {
  id: string;
  person_id: string | null;
  kind: Member['kind'];
  status: MemberStatus;
  pending_reason: string | null;
  role_key: string;
  address: string | null;
  display_name: string | null;
  given_name: string | null;
  family_name: string | null;
  ends_at: Date | null;
  created_at: Date;
  updated_at: Date;
};

const LISTED = [
  'm.id',
  'm.person_id',
  'm.kind',
  'm.status',
  'm.pending_reason',
  'm.role_key',
  'm.address',
  'm.display_name',
  'm.given_name',
  'm.family_name',
  'm.ends_at',
  'm.created_at',
  'm.updated_at',
] as const;
const COLUMNS = LISTED.join(', ');

/** What a person may do in an organization: the rights of their active membership, or undefined. */
export async function findRightsOfPerson(db: Database, orgId: string, personId: string): Promise<Rights | undefined> {
  const [row] = await db.query<{ id: string; permissions: string[]; full_control: boolean }>(orgId, {
    name: 'rights_of_person',
    text: `select m.id, r.permissions, r.full_control from member m
      join role r on r.org_id = m.org_id and r.key = m.role_key
      where m.org_id = $1 and m.person_id = $2 and m.status = 'active'`,
    values: [orgId, personId],
  });
  return row && { permissions: new Set(row.permissions), fullControl: row.full_control, memberId: row.id };
}

export type MemberFilter = {
  readonly status: MemberStatus | undefined;
  /** Part of an address or name, any case. */
  readonly text: string | undefined;
  readonly afterId: string | undefined;
  readonly limit: number;
};

/** A page in the order of creation; removed ones only when asked for. A text filter scans the organization. */
export async function listMembers(db: Database, orgId: string, filter: MemberFilter): Promise<Member[]> {
  const { status, text, afterId } = filter;
  let query = build
    .selectFrom('member as m')
    .select(LISTED)
    .where('m.org_id', '=', orgId)
    .orderBy('m.id')
    .limit(filter.limit);
  query =
    status === undefined
      ? query.where('m.status', 'not in', ['removed', 'purged'])
      : query.where('m.status', '=', status);
  if (afterId !== undefined) query = query.where('m.id', '>', afterId);
  if (text !== undefined) {
    query = query.where(
      sql<boolean>`(position(fold_key(${text}) in coalesce(m.address_key, '')) > 0
        or position(fold_key(${text}) in fold_key(coalesce(m.display_name, ''))) > 0)`,
    );
  }
  return (await db.query<Row>(orgId, statementOf(query))).map(asMember);
}

/** Throws `not_found`. `lock` orders changes of this member. */
export async function getMember(tx: Queryable, orgId: string, id: string, lock?: 'lock'): Promise<Member> {
  const [row] = await tx.query<Row>({
    text: `select ${COLUMNS} from member m where m.org_id = $1 and m.id = $2${lock ? ' for update' : ''}`,
    values: [orgId, id],
  });
  if (!row) throw new DomainError('not_found', 'The organization has no such member.');
  return asMember(row);
}

/** The member of a person or by id, with what decides access; undefined when there is none that counts. */
export async function findAccessFacts(
  db: Database,
  orgId: string,
  subject: { readonly personId: string } | { readonly memberId: string },
): Promise<AccessFacts | undefined> {
  const [column, value] = 'personId' in subject ? ['person_id', subject.personId] : ['id', subject.memberId];
  const [row] = await db.query<AccessRow>(orgId, {
    text: `select m.id, m.person_id, m.status, m.pending_reason, m.role_key, r.permissions,
        array(select t.key from team_member tm join team t on t.org_id = tm.org_id and t.id = tm.team_id
          where tm.org_id = m.org_id and tm.member_id = m.id and t.archived_at is null order by t.key) as team_keys,
        array(select tm.team_id::text from team_member tm join team t on t.org_id = tm.org_id and t.id = tm.team_id
          where tm.org_id = m.org_id and tm.member_id = m.id and t.archived_at is null) as team_ids
      from member m join role r on r.org_id = m.org_id and r.key = m.role_key
      where m.org_id = $1 and m.${column} = $2 and m.status not in ('removed', 'purged')`,
    values: [orgId, value],
  });
  if (!row) return undefined;
  return {
    memberId: row.id,
    personId: row.person_id ?? undefined,
    status: row.status,
    pendingReason: row.pending_reason ?? undefined,
    roleKey: row.role_key,
    permissions: new Set(row.permissions),
    teamKeys: row.team_keys,
    teamIds: row.team_ids,
  };
}

export type AccessFacts = {
  readonly memberId: string;
  readonly personId: string | undefined;
  readonly status: MemberStatus;
  readonly pendingReason: string | undefined;
  readonly roleKey: string;
  readonly permissions: ReadonlySet<string>;
  readonly teamKeys: readonly string[];
  readonly teamIds: readonly string[];
};

type AccessRow = {
  id: string;
  person_id: string | null;
  status: MemberStatus;
  pending_reason: string | null;
  role_key: string;
  permissions: string[];
  team_keys: string[];
  team_ids: string[];
};

/** Everything that makes a member's status, role and teams what they are. */
export async function explainMember(tx: Queryable, orgId: string, memberId: string): Promise<Explanation> {
  const values = [orgId, memberId];
  const carriers = await tx.query<{ source: string; ref: string; since: Date }>({
    text: 'select source, ref, since from carrier where org_id = $1 and member_id = $2 order by since, source',
    values,
  });
  const blocks = await tx.query<{ source: string; ref: string; reason: string; since: Date }>({
    text: 'select source, ref, reason, since from block where org_id = $1 and member_id = $2 order by since, source',
    values,
  });
  const grants = await tx.query<GrantRow>({
    text: `select target_kind, target, source, ref, retained, since from access_grant
      where org_id = $1 and member_id = $2 order by target_kind, target, source, ref`,
    values,
  });
  const teams = await tx.query<{ id: string; key: string; display_name: string }>({
    text: `select t.id, t.key, t.display_name from team_member tm join team t on t.org_id = tm.org_id and t.id = tm.team_id
      where tm.org_id = $1 and tm.member_id = $2 and t.archived_at is null order by t.key`,
    values,
  });
  const [role] = await tx.query<{ permissions: string[]; full_control: boolean }>({
    text: `select r.permissions, r.full_control from member m join role r on r.org_id = m.org_id and r.key = m.role_key
      where m.org_id = $1 and m.id = $2`,
    values,
  });
  return {
    carriers,
    blocks,
    grants: grants.map(asGrant),
    teams: teams.map(({ id, key, display_name }) => ({ id, key, displayName: display_name })),
    permissions: role?.permissions ?? [],
    fullControl: role?.full_control ?? false,
  };
}

type GrantRow = {
  target_kind: 'team' | 'role';
  target: string;
  source: string;
  ref: string;
  retained: boolean;
  since: Date;
};

function asGrant(row: GrantRow): ExplainedGrant {
  const { source, ref, retained, since } = row;
  return { target: { kind: row.target_kind, ref: row.target }, source, ref, retained, since };
}

function asMember(row: Row): Member {
  return {
    id: row.id,
    personId: row.person_id ?? undefined,
    kind: row.kind,
    status: row.status,
    pendingReason: row.pending_reason ?? undefined,
    roleKey: row.role_key,
    address: row.address ?? undefined,
    displayName: row.display_name ?? undefined,
    givenName: row.given_name ?? undefined,
    familyName: row.family_name ?? undefined,
    endsAt: row.ends_at ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
