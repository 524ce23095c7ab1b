-- Grants: facts and rules in, effective teams and role out, for exactly the members touched (design, section 6).
-- reconcile_grants is the one place that computes them.
--
-- Who may run at the same time: a change of rules takes the organization's mapping lock alone; what brings a new group, a
-- new name or a claim shares it, before it locks anything else. A change of a group's members locks the group's row, which
-- a change of rules shares. So a rule and a fact that come together always see one another.

create function lock_mapping(p_org uuid, p_alone boolean) returns void language sql as $$
  select case when p_alone then pg_advisory_xact_lock(k.key) else pg_advisory_xact_lock_shared(k.key) end
  from (select hashtextextended('mapping ' || p_org::text, 0)) as k (key)
$$;

-- The policy 'directory-first': of a group that a live directory manages, and for a member whom it states, the directory's
-- word counts. Whether it says that the member is in no such group.
create function directory_denies(p_org uuid, p_directory uuid, p_member uuid, p_value uuid) returns boolean language sql stable as $$
  select exists (select from organization where org_id = p_org and mapping_conflicts = 'directory-first')
    and exists (select from directory where org_id = p_org and id = p_directory and status = 'active')
    and exists (select from directory_user where org_id = p_org and directory_id = p_directory and member_id = p_member
      and deleted_at is null and adoption is null)
    and (select count(g.id) > 0 and count(gm.member_id) = 0 from claim_value v
        join directory_group g on g.org_id = v.org_id and g.directory_id = p_directory
          and (g.external_id = v.value or g.display_name_key = v.value_key)
        left join group_member gm on gm.org_id = g.org_id and gm.group_id = g.id and gm.member_id = p_member
      where v.org_id = p_org and v.id = p_value)
$$;

-- What the rules make of members' facts: of the rules in effect, or of those in shadow mode; of all, or of some (p_rules).
create function rule_grants(p_org uuid, p_members uuid[], p_rules uuid[], p_shadow boolean default false)
  returns table (member_id uuid, target_kind text, target text, source text, ref text, rule_id uuid) language sql stable as $$
  with reason as (
    select gm.member_id, x.team_key, r.target_kind, r.target, r.ceiling, 'scim' as source, r.id || ':' || g.id as ref, r.id as rule_id
    from group_member gm
      join rule_match x on x.org_id = gm.org_id and x.value_id = gm.group_id
      join mapping_rule r on r.org_id = x.org_id and r.id = x.rule_id and r.enabled and (r.mode = 'shadow') = p_shadow
      join directory_group g on g.org_id = gm.org_id and g.id = gm.group_id
        and (r.directory_id is null or r.directory_id = g.directory_id)
    where gm.org_id = p_org and gm.member_id = any (p_members) and (p_rules is null or r.id in (select unnest(p_rules)))
      and not exists (select from directory_user u where u.org_id = g.org_id and u.directory_id = g.directory_id
        and u.member_id = gm.member_id and u.adoption is not null)
      and not exists (select from directory d where d.org_id = g.org_id and d.id = g.directory_id and d.released)
    union all
    select e.member_id, x.team_key, r.target_kind, r.target, r.ceiling, 'sso', r.id || ':' || e.connection_id, r.id
    from sso_evidence e
      join connection c on c.org_id = e.org_id and c.id = e.connection_id and not c.released
      cross join lateral (select m.rule_id, m.value_id, m.team_key from rule_match m
        where m.org_id = p_org and m.value_id = any (e.value_ids) and (p_rules is null or m.rule_id in (select unnest(p_rules)))) x
      join mapping_rule r on r.org_id = e.org_id and r.id = x.rule_id and r.enabled and (r.mode = 'shadow') = p_shadow
        and (r.connection_id is null or r.connection_id = e.connection_id)
    where e.org_id = p_org and e.member_id = any (p_members)
      and (e.attribute <> '' or c.directory_id is null or not directory_denies(p_org, c.directory_id, e.member_id, x.value_id)))
  select distinct w.member_id, case when w.target_kind = 'role' then 'role' else 'team' end,
    coalesce(t.id::text, w.target), w.source, w.ref, w.rule_id
  from reason w
    left join team t on t.org_id = p_org and t.key = w.team_key and t.archived_at is null
  where case w.target_kind
    when 'team_template' then t.id is not null
    when 'role' then w.ceiling is null or exists (select from role o where o.org_id = p_org and o.key = w.target
      and not o.full_control and o.permissions <@ w.ceiling)
    else true end
$$;

-- What grants come to. By the policy 'manual-first', what somebody was given by hand is what they have. Many grants lead to
-- one team, and somebody may have a thousand: each team is looked up once, by its key. All teams, or some (p_teams).
create function effective_teams(p_org uuid, p_members uuid[], p_teams text[]) returns table (member_id uuid, team_id uuid) language sql stable as $$
  with by_hand as materialized (
    select h.member_id from access_grant h join organization o on o.org_id = h.org_id and o.mapping_conflicts = 'manual-first'
    where h.org_id = p_org and h.member_id = any (p_members) and h.target_kind = 'team' and h.source in ('manual', 'invite')),
  effective as materialized (
    select g.member_id, (select t.id from team t where t.org_id = p_org and t.id = g.target::uuid and t.archived_at is null) as team_id
    from (select distinct a.member_id, a.target from access_grant a
      where a.org_id = p_org and a.member_id = any (p_members) and a.target_kind = 'team'
        and (p_teams is null or a.target in (select unnest(p_teams)))
        and (a.rule_id is null or a.member_id not in (select b.member_id from by_hand b))) g)
  select e.member_id, e.team_id from effective e where e.team_id is not null
$$;

-- A member's roles, the first that counts before the others: what was retained for the last owner, then the rule of highest
-- priority (what comes from elsewhere has 0), then the highest rank.
create function ranked_roles(p_org uuid, p_member uuid)
  returns table (place bigint, role_key text, source text, ref text, rule_id uuid, priority integer) language sql stable as $$
  select row_number() over (order by a.retained desc, (a.source in ('manual', 'invite') and o.mapping_conflicts = 'manual-first') desc,
      coalesce(x.priority, 0) desc, r.rank desc, r.key, x.id), r.key, a.source, a.ref, a.rule_id, coalesce(x.priority, 0)
  from access_grant a
    join organization o on o.org_id = a.org_id
    join role r on r.org_id = a.org_id and r.key = a.target
    left join mapping_rule x on x.org_id = a.org_id and x.id = a.rule_id
  where a.org_id = p_org and a.member_id = p_member and a.target_kind = 'role'
$$;

-- Law 3 for a change of role: locks, and answers whether the change would leave nobody with full control.
create function loses_full_control(p_org uuid, p_member uuid, p_role text) returns boolean language plpgsql as $$
begin
  if exists (select from role where org_id = p_org and key = p_role and full_control) then return false; end if;
  perform guard_full_control(p_org, array[p_member]);
  return false;
exception when check_violation then
  return true;
end $$;

-- Whether what a rule's grant came from (a connection, or a group's directory) was switched off with release.
create function source_is_released(p_org uuid, p_ref text) returns boolean language sql stable as $$
  select exists (select from connection where org_id = p_org and id::text = split_part(p_ref, ':', 2) and released)
    or exists (select from directory_group g join directory d on d.org_id = g.org_id and d.id = g.directory_id and d.released
      where g.org_id = p_org and g.id::text = split_part(p_ref, ':', 2))
$$;

create type rule_grant as (member_id uuid, target_kind text, target text, source text, ref text, rule_id uuid);

-- Brings what rules gave to what they give now, all rules or some: grants of the other sources are nobody's business here.
-- With the brake, a team that would lose more than may go keeps its members (their grants are held); a grant that is given
-- again is held no longer. Answers what went, and what came.
create function settle_rule_grants(p_org uuid, p_members uuid[], p_rules uuid[], p_actor jsonb, p_brake boolean,
  out gone rule_grant[], out given rule_grant[]) language plpgsql as $$
begin
  -- most of what is given was given before: only differences are looked at one by one
  with wanted as materialized (select * from rule_grants(p_org, p_members, p_rules)),
  present as materialized (select member_id, target_kind, target, source, ref, rule_id from access_grant
    where org_id = p_org and member_id = any (p_members) and source in ('scim', 'sso') and not retained and held_by is null
      and (p_rules is null or rule_id in (select unnest(p_rules))))
  select array(select row(g.*)::rule_grant from (select * from present except select * from wanted) g
      -- what an additive rule gave stays when its fact ends
      where not exists (select from mapping_rule r where r.org_id = p_org and r.id = g.rule_id and r.enabled and r.mode = 'additive'
        and not source_is_released(p_org, g.ref))),
    array(select row(w.*)::rule_grant from (select * from wanted except select * from present) w)
  into gone, given;
  if p_brake and gone <> '{}' then gone := hold_excess(p_org, gone, given, p_actor); end if;
  if gone <> '{}' then
    delete from access_grant a using unnest(gone) g
    where a.org_id = p_org and a.member_id = g.member_id and a.target_kind = g.target_kind and a.target = g.target
      and a.source = g.source and a.ref = g.ref;
  end if;
  if given <> '{}' then
    with held as materialized (
      select member_id, target_kind, target, source, ref from access_grant where org_id = p_org and held_by is not null),
    regained as (
      update access_grant a set held_by = null
      from (select * from held intersect select member_id, target_kind, target, source, ref from unnest(given)) h
      where a.org_id = p_org and a.member_id = h.member_id and a.target_kind = h.target_kind and a.target = h.target
        and a.source = h.source and a.ref = h.ref
      returning a.member_id, a.target_kind, a.target, a.source, a.ref)
    insert into access_grant (org_id, member_id, target_kind, target, source, ref)
    select p_org, n.* from (
      select member_id, target_kind, target, source, ref from unnest(given) except select * from regained) n;
  end if;
end $$;

-- Whose team one of these differences can change: who loses one reason for it and gets another one keeps it.
create function teams_at_stake(p_gone rule_grant[], p_given rule_grant[]) returns table (member_id uuid, target text)
  language sql immutable as $$
  select x.member_id, x.target from (
    select distinct g.member_id, g.target from unnest(p_gone) g where g.target_kind = 'team'
    union all
    select distinct g.member_id, g.target from unnest(p_given) g where g.target_kind = 'team') x
  group by x.member_id, x.target having count(*) = 1
$$;

-- The brake: when more than max(5, 20 %) of a team would have gone within the hour, what would go now is held. Answers what
-- may go. Somebody may leave hundreds of teams at once: they are judged together, and a team is counted only where it matters.
create function hold_excess(p_org uuid, p_gone rule_grant[], p_given rule_grant[], p_actor jsonb) returns rule_grant[]
  language plpgsql as $$
declare
  v_teams uuid[];
  v_team record;
  v_hold uuid;
begin
  v_teams := array(select distinct s.target::uuid from teams_at_stake(p_gone, p_given) s order by 1);
  if v_teams = '{}' then return p_gone; end if;
  perform pg_advisory_xact_lock(hashtextextended('brake ' || t.id::text, 0)) from unnest(v_teams) t (id);
  for v_team in
    with gone as materialized (
      select x.member_id, x.target, x.target::uuid as team_id, count(*) as grants from (
        select g.member_id, g.target, false as again from unnest(p_gone) g where g.target_kind = 'team'
        union all
        select g.member_id, g.target, true from unnest(p_given) g where g.target_kind = 'team') x
      group by x.member_id, x.target having not bool_or(x.again)),
    leaving as materialized (
      -- who is in the team and loses every reason for it
      select g.team_id, g.member_id from gone g
        join team_member tm on tm.org_id = p_org and tm.team_id = g.team_id and tm.member_id = g.member_id
      where g.grants = (select count(*) from access_grant a where a.org_id = p_org and a.member_id = g.member_id
        and a.target_kind = 'team' and a.target = g.target)),
    team as materialized (
      -- beside whom rules and sign-ins have taken out of it within the hour
      select x.team_id, array_agg(x.member_id order by x.member_id) filter (where x.member_id is not null) as members,
        sum(x.departed) as departed from (
          select l.team_id, l.member_id, 0 as departed from leaving l
          union all
          select d.team_id, null, d.members from team_departure d
          where d.org_id = p_org and d.team_id = any (v_teams) and d.at > now() - interval '1 hour') x
      group by x.team_id having count(x.member_id) > 0)
    select t.team_id, t.members from team t
    where case when cardinality(t.members) + t.departed <= 5 then false
      else cardinality(t.members) + t.departed > 0.2 * (t.departed
        + (select count(*) from team_member tm where tm.org_id = p_org and tm.team_id = t.team_id)) end
    order by t.team_id
  loop
    insert into held_change (org_id, team_id, actor) values (p_org, v_team.team_id, p_actor)
    on conflict (org_id, team_id) do update set actor = excluded.actor, at = now() returning id into v_hold;
    update access_grant a set held_by = v_hold from unnest(p_gone) g
    where a.org_id = p_org and a.member_id = any (v_team.members) and a.member_id = g.member_id and a.target_kind = 'team'
      and a.target = v_team.team_id::text and g.target = a.target and a.source = g.source and a.ref = g.ref;
    p_gone := array(select g::rule_grant from unnest(p_gone) g
      where not (g.target_kind = 'team' and g.target = v_team.team_id::text and g.member_id = any (v_team.members)));
    perform record_audit(p_org, p_actor, 'alert.team_change_held', 'team', v_team.team_id,
      jsonb_build_object('hold', v_hold, 'members', v_team.members));
  end loop;
  return p_gone;
end $$;

-- Teams, all or some: what grants come to. Answers how many members' teams have changed. The audit event names the rules
-- responsible.
create function settle_teams(p_org uuid, p_members uuid[], p_teams text[], p_gone rule_grant[], p_actor jsonb, p_brake boolean) returns integer
  language plpgsql as $$
declare
  v_changed integer;
begin
  if p_teams = '{}' then return 0; end if;
  with wanted as materialized (select * from effective_teams(p_org, p_members, p_teams)),
  present as materialized (select member_id, team_id from team_member where org_id = p_org and member_id = any (p_members)
    and (p_teams is null or team_id in (select unnest(p_teams)::uuid))),
  change as materialized (
    -- with the key under which grants have it: a cast could not be looked up under row-level security
    select c.*, c.team_id::text as target, true as is_added from (select * from wanted except select * from present) c
    union all select c.*, c.team_id::text, false from (select * from present except select * from wanted) c),
  removed as (
    delete from team_member tm using change c
    where tm.org_id = p_org and tm.team_id = c.team_id and tm.member_id = c.member_id and not c.is_added),
  added as (
    insert into team_member (org_id, team_id, member_id) select p_org, c.team_id, c.member_id from change c where c.is_added),
  departure as (
    insert into team_departure (org_id, team_id, members)
    select p_org, c.team_id, count(*) from change c where p_brake and not c.is_added group by c.team_id),
  because as (
    select c.member_id, c.team_id, jsonb_agg(distinct g.rule_id) as rules from change c
      join unnest(p_gone) g on g.member_id = c.member_id and g.target = c.target
    where not c.is_added group by c.member_id, c.team_id
    union all
    select c.member_id, c.team_id, jsonb_agg(distinct a.rule_id) from change c
      join access_grant a on a.org_id = p_org and a.member_id = c.member_id and a.target_kind = 'team'
        and a.target = c.target and a.rule_id is not null
    where c.is_added group by c.member_id, c.team_id),
  event as (
    insert into audit_event (org_id, actor, action, subject_kind, subject_id, data)
    select p_org, p_actor, 'member.teams_changed', 'member', c.member_id, jsonb_strip_nulls(jsonb_build_object(
      'added', jsonb_agg(c.team_id order by c.team_id) filter (where c.is_added),
      'removed', jsonb_agg(c.team_id order by c.team_id) filter (where not c.is_added),
      'rules', jsonb_object_agg(c.team_id, b.rules) filter (where b.rules is not null)))
    from change c left join because b on b.member_id = c.member_id and b.team_id = c.team_id
    group by c.member_id),
  mark as (
    insert into projection_due (kind, subject_id, priority)
    select 'person', m.person_id, case when c.only_added then 1 else 0 end
    from (select member_id, bool_and(is_added) as only_added from change group by member_id) c
      join member m on m.org_id = p_org and m.id = c.member_id
    where m.person_id is not null order by m.person_id
    on conflict (kind, subject_id) do update set priority = least(projection_due.priority, excluded.priority),
      seq = nextval('projection_seq'), due_at = least(projection_due.due_at, excluded.due_at), attempts = 0)
  select count(distinct c.member_id) into v_changed from change c;
  return v_changed;
end $$;

-- Roles: what grants come to. A bulk fact never takes the last owner's control: the grant is retained, and it alerts.
create function settle_roles(p_org uuid, p_members uuid[], p_gone rule_grant[], p_actor jsonb) returns integer language plpgsql as $$
declare
  v_row record;
  v_changed integer := 0;
  v_gained boolean := false;
begin
  for v_row in
    select m.id, m.person_id, m.status, m.role_key, coalesce(f.role_key, o.default_role) as role_after,
      case when f.rule_id is null then '[]' else jsonb_build_array(f.rule_id) end as rules_after,
      exists (select from role r where r.org_id = p_org and r.key = m.role_key and r.full_control) as has_control
    from member m join organization o on o.org_id = m.org_id
      left join lateral (select r.role_key, r.rule_id from ranked_roles(p_org, m.id) r where r.place = 1) f on true
    where m.org_id = p_org and m.id = any (p_members) and m.role_key <> coalesce(f.role_key, o.default_role) order by m.id
  loop
    if v_row.has_control and loses_full_control(p_org, v_row.id, v_row.role_after) then
      insert into access_grant (org_id, member_id, target_kind, target, source, ref, retained)
      values (p_org, v_row.id, 'role', v_row.role_key, 'default', 'last_owner', true) on conflict do nothing;
      perform record_audit(p_org, p_actor, 'alert.last_owner_retained', 'member', v_row.id,
        jsonb_build_object('role', v_row.role_key, 'wanted', v_row.role_after));
    else
      v_changed := v_changed + 1;
      update member set role_key = v_row.role_after, updated_at = now() where org_id = p_org and id = v_row.id;
      perform record_audit(p_org, p_actor, 'member.role_changed', 'member', v_row.id,
        jsonb_build_object('from', v_row.role_key, 'to', v_row.role_after, 'rules', v_row.rules_after
          || coalesce((select jsonb_agg(distinct g.rule_id) from unnest(p_gone) g
            where g.member_id = v_row.id and g.target_kind = 'role' and g.target = v_row.role_key), '[]')));
      if v_row.person_id is not null then perform mark_projection('person', v_row.person_id, 0); end if;
      v_gained := v_gained or v_row.status = 'active'
        and exists (select from role where org_id = p_org and key = v_row.role_after and full_control);
    end if;
  end loop;
  if v_gained then perform release_retained_control(p_org, p_actor); end if;
  return v_changed;
end $$;

-- Computes these members' teams and roles anew and writes the differences. p_brake: the cause is a rule, a source that was
-- switched off or the evidence of a sign-in, and must not empty a team at once (hold_excess). p_rules: nothing has changed but
-- facts that these rules match; what the others give is as it was. Answers how many changes it made. Its plans are made once,
-- which saves a millisecond; one from a time when a table was empty must not read it whole later.
create function reconcile_grants(p_org uuid, p_members uuid[], p_actor jsonb, p_brake boolean default false, p_rules uuid[] default null)
  returns integer language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  v_gone rule_grant[];
  v_given rule_grant[];
  v_teams text[];
begin
  -- whoever computes a member's grants sees all that was computed before; facts about somebody removed give nothing
  perform from member where org_id = p_org and id = any (p_members) order by id for no key update;
  p_members := array(select id from member where org_id = p_org and id = any (p_members) and status not in ('removed', 'purged'));
  if p_members = '{}' then return 0; end if;
  select gone, given into v_gone, v_given from settle_rule_grants(p_org, p_members, p_rules, p_actor, p_brake);
  if p_rules is not null then
    if v_gone = '{}' and v_given = '{}' then return 0; end if;
    v_teams := array(select distinct target from teams_at_stake(v_gone, v_given));
  end if;
  return settle_teams(p_org, p_members, v_teams, v_gone, p_actor, p_brake) + settle_roles(p_org, p_members, v_gone, p_actor);
end $$;

-- Control that was kept for want of another owner goes by itself when there is one: each role is again what grants say.
create function release_retained_control(p_org uuid, p_actor jsonb) returns void language plpgsql as $$
declare
  v_member uuid;
begin
  if not exists (select from access_grant where org_id = p_org and retained) then return; end if;
  perform from organization where org_id = p_org for no key update;
  for v_member in select distinct member_id from access_grant where org_id = p_org and retained order by member_id loop
    if exists (select from member m join role r on r.org_id = m.org_id and r.key = m.role_key and r.full_control
      where m.org_id = p_org and m.id <> v_member and m.status = 'active' and m.kind = 'human' and m.ends_at is null) then
      delete from access_grant where org_id = p_org and member_id = v_member and retained;
      perform record_audit(p_org, p_actor, 'member.retained_role_released', 'member', v_member);
      perform reconcile_grants(p_org, array[v_member], p_actor);
    end if;
  end loop;
end $$;
