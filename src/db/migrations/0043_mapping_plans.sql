-- Plans: a draft of changes to rules, with the difference it made when it was tried and undone. What a plan would do, and
-- what a rule in shadow mode would, are worked out by the functions that do it (0041).

create table mapping_plan (
  org_id uuid not null references organization on delete cascade,
  id uuid not null,
  changes jsonb not null,
  fingerprint bytea not null,
  created_by jsonb not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  applied_at timestamptz,
  primary key (org_id, id)
);
comment on column mapping_plan.fingerprint is 'hash of the difference and of the rules changed as they were; applied is only what comes to the same';
create index mapping_plan_by_expiry on mapping_plan (expires_at);

create table mapping_plan_change (
  org_id uuid not null,
  plan_id uuid not null,
  position integer not null,
  change jsonb not null,
  primary key (org_id, plan_id, position),
  foreign key (org_id, plan_id) references mapping_plan on delete cascade
);
comment on table mapping_plan_change is 'one member''s or team''s part of what a plan does';

-- What this transaction has done to members by mapping since the event p_after: its audit events, one row for each change,
-- in an order that depends on nothing but the changes. Teams by key, since a team that was only tried has no lasting id.
create function changes_made(p_org uuid, p_after bigint) returns setof jsonb language sql stable as $$
  with event as materialized (
    select action, subject_id, data from audit_event where org_id = p_org and at = now() and id > p_after
      and action in ('member.teams_changed', 'member.role_changed', 'alert.team_change_held', 'alert.last_owner_retained', 'team.created')),
  change as (
    select jsonb_build_object('kind', 'team', 'memberId', e.subject_id, 'team', t.key, 'change', c.change,
      'rules', coalesce(e.data -> 'rules' -> c.team_id, '[]')) as change
    from event e
      cross join lateral (
        select 'added' as change, jsonb_array_elements_text(e.data -> 'added') as team_id
        union all select 'removed', jsonb_array_elements_text(e.data -> 'removed')) c
      join team t on t.org_id = p_org and t.id = c.team_id::uuid
    where e.action = 'member.teams_changed'
    union all
    select jsonb_build_object('kind', 'team', 'memberId', m.id, 'team', t.key, 'change', 'held', 'rules', '[]'::jsonb)
    from event e cross join lateral jsonb_array_elements_text(e.data -> 'members') as m (id)
      join team t on t.org_id = p_org and t.id = e.subject_id
    where e.action = 'alert.team_change_held'
    union all
    select jsonb_build_object('kind', 'role', 'memberId', e.subject_id, 'from', e.data -> 'from', 'to', e.data -> 'to', 'rules', e.data -> 'rules')
    from event e where e.action = 'member.role_changed'
    union all
    select jsonb_build_object('kind', 'owner_kept', 'memberId', e.subject_id, 'from', e.data -> 'role', 'to', e.data -> 'wanted')
    from event e where e.action = 'alert.last_owner_retained'
    union all
    select jsonb_build_object('kind', 'team_made', 'team', e.data -> 'key', 'rules', jsonb_build_array(e.data -> 'rule'))
    from event e where e.action = 'team.created')
  select change from change order by change ->> 'kind', change ->> 'memberId', change ->> 'team', change ->> 'change'
$$;

-- What rules in shadow mode would give that members do not have: all of them, or one. Members, teams and roles by key.
create function would_be_changes(p_org uuid, p_rule uuid)
  returns table (member_id uuid, kind text, target text, role_now text, rules uuid[]) language sql stable as $$
  with shadow as (
    select array(select id from mapping_rule where org_id = p_org and mode = 'shadow' and enabled
      and (p_rule is null or id = p_rule)) as rules),
  would as (
    select g.member_id, g.target_kind, g.target, array_agg(distinct g.rule_id) as rules
    from shadow s cross join lateral rule_grants(p_org, array(select members_matching(p_org, s.rules)), s.rules, true) g
    group by g.member_id, g.target_kind, g.target)
  select w.member_id, w.target_kind, coalesce(t.key, w.target), case when w.target_kind = 'role' then m.role_key end, w.rules
  from would w
    join member m on m.org_id = p_org and m.id = w.member_id and m.status not in ('removed', 'purged')
    left join team t on t.org_id = p_org and t.id = case when w.target_kind = 'team' then w.target::uuid end and t.archived_at is null
    left join role r on w.target_kind = 'role' and r.org_id = p_org and r.key = w.target
    left join lateral (select f.priority, f.source, h.rank from ranked_roles(p_org, w.member_id) f
      join role h on h.org_id = p_org and h.key = f.role_key where f.place = 1) now_first on w.target_kind = 'role'
  where case w.target_kind
    when 'team' then t.id is not null and not exists (select from team_member tm
      where tm.org_id = p_org and tm.team_id = t.id and tm.member_id = w.member_id)
    else w.target <> m.role_key and (now_first.rank is null or (select (max(x.priority), r.rank) > (now_first.priority, now_first.rank)
      from mapping_rule x where x.org_id = p_org and x.id = any (w.rules))) end
$$;

select isolate_by_organization('mapping_plan', 'mapping_plan_change');

do $$
declare
  v_function regprocedure;
begin
  for v_function in select p.oid::regprocedure from pg_proc p where p.pronamespace = 'public'::regnamespace
    and p.proname in ('changes_made', 'would_be_changes')
  loop
    execute format('revoke execute on function %s from public', v_function);
    execute format('grant execute on function %s to drawbridge_app, drawbridge_worker', v_function);
  end loop;
end $$;
