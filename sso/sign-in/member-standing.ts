// What a sign-in can change of a member, read before and after, so that its trace can say what it did.
import type { Tx } from '../../src/db/database.ts';

export type Standing = {
  readonly status: string;
  readonly role: string;
  /** Keys, in order. */
  readonly teams: readonly string[];
};

/** From nothing to a member, or what became another: role, status, teams. Empty = nothing changed. */
export type Difference = {
  readonly made?: true;
  readonly status?: readonly [before: string | null, after: string];
  readonly role?: readonly [before: string | null, after: string];
  readonly teamsAdded?: readonly string[];
  readonly teamsRemoved?: readonly string[];
};

export async function getStanding(tx: Tx, memberId: string): Promise<Standing> {
  const [row] = await tx.query<{ status: string; role_key: string; teams: string[] }>({
    name: 'sso_member_standing',
    text: `select status, role_key, array(select t.key from team_member tm
        join team t on t.org_id = tm.org_id and t.id = tm.team_id
        where tm.org_id = m.org_id and tm.member_id = m.id order by t.key) as teams
      from member m where org_id = $1 and id = $2`,
    values: [tx.orgId, memberId],
  });
  if (!row) throw new Error('the member of a sign-in is missing');
  return { status: row.status, role: row.role_key, teams: row.teams };
}

export function differenceBetween(before: Standing | undefined, after: Standing): Difference {
  const had = new Set(before?.teams);
  const has = new Set(after.teams);
  const added = after.teams.filter((team) => !had.has(team));
  const removed = [...had].filter((team) => !has.has(team));
  return {
    ...(before ? {} : { made: true }),
    ...(before?.status === after.status ? {} : { status: [before?.status ?? null, after.status] }),
    ...(before?.role === after.role ? {} : { role: [before?.role ?? null, after.role] }),
    ...(added.length > 0 ? { teamsAdded: added } : {}),
    ...(removed.length > 0 ? { teamsRemoved: removed } : {}),
  };
}

/** Ids of the mapping rules by which this connection's evidence gives the member something. */
export async function listRulesMatched(tx: Tx, memberId: string, connectionId: string): Promise<string[]> {
  const rows = await tx.query<{ rule: string }>({
    name: 'sso_rules_matched',
    text: `select distinct split_part(ref, ':', 1) as rule from access_grant
      where org_id = $1 and member_id = $2 and source = 'sso' and split_part(ref, ':', 2) = $3 order by 1`,
    values: [tx.orgId, memberId, connectionId],
  });
  return rows.map(({ rule }) => rule);
}
