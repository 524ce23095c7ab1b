// Reads everything that bears on one question about one member (explanation.ts).
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import type { Because, ExplainedGrant, Facts, MemberFacts, Question, RuleFacts, SilentRule } from './explanation.ts';

/** Throws `not_found`. */
export async function readFacts(tx: Tx, memberId: string, question: Question): Promise<Facts> {
  const member = await readMember(tx, memberId);
  const all =
    question.kind === 'team' ? await readTeamGrants(tx, memberId, question.team) : await readRoles(tx, memberId);
  const grants: ExplainedGrant[] = [];
  for (const grant of all) grants.push({ ...grant, because: await readFactsOf(tx, memberId, grant) });
  const has = await answerOf(tx, member, question);
  return { member, has, grants, silent: await readSilentRules(tx, memberId, question, grants) };
}

async function answerOf(tx: Tx, member: MemberFacts, question: Question): Promise<boolean> {
  if (question.kind === 'permission') return member.permissions.includes(question.permission);
  if (question.kind === 'role') return question.role === undefined || question.role === member.roleKey;
  const rows = await tx.query({
    text: 'select 1 as one from team_member where org_id = $1 and team_id = $2 and member_id = $3',
    values: [tx.orgId, question.team.id, member.id],
  });
  return rows.length > 0;
}

async function readMember(tx: Tx, id: string): Promise<MemberFacts> {
  const [member] = await tx.query<Omit<MemberFacts, 'blocks'>>({
    text: `select m.id, m.status, m.pending_reason as "pendingReason", m.role_key as "roleKey", r.permissions,
        r.full_control as "fullControl", o.mapping_conflicts as policy
      from member m join organization o on o.org_id = m.org_id join role r on r.org_id = m.org_id and r.key = m.role_key
      where m.org_id = $1 and m.id = $2`,
    values: [tx.orgId, id],
  });
  if (!member) throw new DomainError('not_found', 'The organization has no such member.');
  const blocks = await tx.query<MemberFacts['blocks'][number]>({
    text: 'select source, reason, since from block where org_id = $1 and member_id = $2 order by since, source',
    values: [tx.orgId, id],
  });
  return { ...member, blocks };
}

type Grant = Omit<ExplainedGrant, 'because'>;

const RULE = `case when x.id is not null then jsonb_build_object('id', x.id, 'source', x.source, 'match', x.match,
  'value', x.value, 'mode', x.mode, 'priority', x.priority, 'enabled', x.enabled) end as rule`;

function readTeamGrants(tx: Tx, memberId: string, team: { id: string; key: string }): Promise<Grant[]> {
  return tx.query<Grant>({
    text: `select $4::text as target, a.source, a.ref, a.since, a.held_by is not null as held, a.retained, ${RULE},
        (a.rule_id is null or o.mapping_conflicts <> 'manual-first' or not exists (select from access_grant h
          where h.org_id = a.org_id and h.member_id = a.member_id and h.target_kind = 'team' and h.source in ('manual', 'invite')))
          as effective
      from access_grant a join organization o on o.org_id = a.org_id
        left join mapping_rule x on x.org_id = a.org_id and x.id = a.rule_id
      where a.org_id = $1 and a.member_id = $2 and a.target_kind = 'team' and a.target = $3 order by a.source, a.ref`,
    values: [tx.orgId, memberId, team.id, team.key],
  });
}

/** In the order in which they count; only the first does. */
function readRoles(tx: Tx, memberId: string): Promise<Grant[]> {
  return tx.query<Grant>({
    text: `select f.role_key as target, a.source, a.ref, a.since, a.held_by is not null as held, a.retained, ${RULE},
        f.place = 1 as effective
      from ranked_roles($1, $2) f
        join access_grant a on a.org_id = $1 and a.member_id = $2 and a.target_kind = 'role' and a.target = f.role_key
          and a.source = f.source and a.ref = f.ref
        left join mapping_rule x on x.org_id = a.org_id and x.id = a.rule_id
      order by f.place`,
    values: [tx.orgId, memberId],
  });
}

/** The second part of a rule's grant's reference is the group or the connection that the fact came from. */
async function readFactsOf(tx: Tx, memberId: string, { source, ref, rule }: Grant): Promise<Because[]> {
  const [, from] = ref.split(':');
  if (!rule || from === undefined) return [];
  if (source === 'scim') {
    return tx.query<Because>({
      text: `select 'group' as kind, g.id as "groupId", g.display_name as name, g.external_id as "externalId",
          g.directory_id as "directoryId", exists (select from group_member gm
            where gm.org_id = g.org_id and gm.group_id = g.id and gm.member_id = $3) as "isMember"
        from directory_group g where g.org_id = $1 and g.id = $2`,
      values: [tx.orgId, from, memberId],
    });
  }
  return tx.query<Because>({
    text: `select 'claim' as kind, e.connection_id as "connectionId", e.attribute, e.state, e.at, e.listed_at as "listedAt",
        e.trace_id as "traceId", v.values
      from sso_evidence e cross join lateral (select array_agg(c.value order by c.value) as values from rule_match x
        join claim_value c on c.org_id = x.org_id and c.id = x.value_id
        where x.org_id = e.org_id and x.rule_id = $4 and x.value_id = any (e.value_ids)) v
      where e.org_id = $1 and e.connection_id = $2 and e.member_id = $3 and v.values is not null`,
    values: [tx.orgId, from, memberId, rule.id],
  });
}

const SILENT_MOST = 50;

/** Rules that lead there and give it to this member not, with the first thing that stands between. */
async function readSilentRules(
  tx: Tx,
  memberId: string,
  question: Question,
  grants: readonly ExplainedGrant[],
): Promise<SilentRule[]> {
  const targets = await targetsOf(tx, question);
  const rows = await tx.query<{ rule: RuleFacts; reason: SilentRule['reason'] }>({
    text: `select ${RULE}, case when not x.enabled then 'disabled'
        when x.mode = 'shadow' then 'shadow'
        when not exists (select from rule_match m where m.org_id = x.org_id and m.rule_id = x.id) then 'no_match'
        when not exists (select from rule_match m join group_member gm on gm.org_id = m.org_id and gm.group_id = m.value_id
            where m.org_id = x.org_id and m.rule_id = x.id and gm.member_id = $2)
          and not exists (select from rule_match m join sso_evidence e on e.org_id = m.org_id and m.value_id = any (e.value_ids)
            where m.org_id = x.org_id and m.rule_id = x.id and e.member_id = $2) then 'not_in_group'
        when x.target_kind = 'role' and x.ceiling is not null and exists (select from role r where r.org_id = x.org_id
          and r.key = x.target and (r.full_control or not r.permissions <@ x.ceiling)) then 'ceiling'
        else 'directory_decides' end as reason
      from mapping_rule x
      where x.org_id = $1 and x.id <> all ($3::uuid[]) and (x.target_kind, x.target) in (
          select 'team', $4 union all select 'role', unnest($5::text[]))
      order by x.id limit ${SILENT_MOST}`,
    values: [
      tx.orgId,
      memberId,
      grants.flatMap(({ rule }) => (rule ? [rule.id] : [])),
      question.kind === 'team' ? question.team.id : '',
      targets,
    ],
  });
  return rows;
}

/** The roles that would answer the question. */
async function targetsOf(tx: Tx, question: Question): Promise<string[]> {
  if (question.kind === 'team') return [];
  if (question.kind === 'role') return question.role === undefined ? [] : [question.role];
  const rows = await tx.query<{ key: string }>({
    text: 'select key from role where org_id = $1 and $2 = any (permissions)',
    values: [tx.orgId, question.permission],
  });
  return rows.map(({ key }) => key);
}
