// Reads of teams.
import type { Database, Queryable } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import type { Team, TeamKind } from './team.ts';

type Row = { id: string; key: string; display_name: string; kind: TeamKind; member_count: number; created_at: Date };

const SELECT = `select t.id, t.key, t.display_name, t.kind, t.created_at,
    (select count(*)::integer from team_member tm where tm.org_id = t.org_id and tm.team_id = t.id) as member_count
  from team t where t.org_id = $1 and t.archived_at is null`;

/** A page in the order of keys. */
export async function listTeams(
  db: Database,
  orgId: string,
  page: { afterKey: string | undefined; limit: number },
): Promise<Team[]> {
  const rows = await db.query<Row>(orgId, {
    text: `${SELECT} and t.key > $2 order by t.key limit $3`,
    values: [orgId, page.afterKey ?? '', page.limit],
  });
  return rows.map(asTeam);
}

/** By id or key; throws `not_found` for one that is archived or not of this organization. */
export async function getTeam(tx: Queryable, orgId: string, idOrKey: string): Promise<Team> {
  const [row] = await tx.query<Row>({
    text: `${SELECT} and (t.id::text = lower($2) or t.key = $2) order by t.id::text = lower($2) desc limit 1`,
    values: [orgId, idOrKey],
  });
  if (!row) throw new DomainError('not_found', 'The organization has no such team.');
  return asTeam(row);
}

/** The ids of teams given by id or key; throws `invalid_value` naming the first that is not there. */
export async function resolveTeams(tx: Queryable, orgId: string, idsOrKeys: readonly string[]): Promise<string[]> {
  const rows = await tx.query<{ asked: string; id: string | null }>({
    text: `select asked, (select t.id from team t where t.org_id = $1 and t.archived_at is null
        and (t.id::text = lower(asked) or t.key = asked) order by t.id::text = lower(asked) desc limit 1) as id
      from unnest($2::text[]) asked`,
    values: [orgId, idsOrKeys],
  });
  const missing = rows.find((row) => row.id === null);
  if (missing) throw new DomainError('invalid_value', `The organization has no team ${missing.asked}.`);
  return [...new Set(rows.map((row) => row.id as string))];
}

function asTeam(row: Row): Team {
  return {
    id: row.id,
    key: row.key,
    displayName: row.display_name,
    kind: row.kind,
    memberCount: row.member_count,
    createdAt: row.created_at,
  };
}
