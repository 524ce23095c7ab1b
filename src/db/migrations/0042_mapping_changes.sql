-- What changes mapping: rules, new groups and names, claims of a sign-in, sources that are switched off, held changes. Each
-- finds exactly the members touched and hands them to reconcile_grants (0041).

-- Members whose last listed claims hold one of these values. The owner's function, because no operator of an inverted index
-- is leakproof, and row-level security would not use it. By any other way each row would be held against each value.
create function members_of_values(p_org uuid, p_values uuid[]) returns setof uuid language sql stable
  security definer set search_path = public, pg_temp set enable_seqscan = off as $$
  select distinct member_id from sso_evidence where uuid_eq(org_id, p_org) and value_ids && p_values
$$;

-- The members whose facts match a rule now.
create function members_matching(p_org uuid, p_rules uuid[]) returns setof uuid language sql stable as $$
  select gm.member_id from rule_match x join group_member gm on gm.org_id = x.org_id and gm.group_id = x.value_id
  where x.org_id = p_org and x.rule_id = any (p_rules)
  union
  select members_of_values(p_org, array(select distinct value_id from rule_match where org_id = p_org and rule_id = any (p_rules)))
$$;

-- The members whom a change of these rules can touch: those who have something by them, and those whom they match.
create function members_of_rules(p_org uuid, p_rules uuid[]) returns setof uuid language sql stable as $$
  select member_id from access_grant where org_id = p_org and rule_id = any (p_rules)
  union
  select members_matching(p_org, p_rules)
$$;

-- Holders of mapped claims that name one of these groups: where a directory decides (directory_denies), what it says of the
-- group decides about them, too.
create function claimants_of_groups(p_org uuid, p_groups uuid[]) returns setof uuid language sql stable as $$
  select members_of_values(p_org, array(
    select v.id from directory_group g
      join claim_value v on v.org_id = g.org_id and v.attribute = '' and v.value = g.external_id
    where g.org_id = p_org and g.id = any (p_groups) and exists (select from rule_match x where x.org_id = p_org and x.value_id = v.id)
    union
    select v.id from directory_group g
      join claim_value v on v.org_id = g.org_id and v.attribute = '' and v.value_key = g.display_name_key
    where g.org_id = p_org and g.id = any (p_groups) and exists (select from rule_match x where x.org_id = p_org and x.value_id = v.id)))
$$;

-- Whether who is in these groups can matter to anybody's access: a rule matches one, or a claim of the same name.
create function groups_are_mapped(p_org uuid, p_groups uuid[]) returns boolean language sql stable as $$
  select exists (select from mapping_rule where org_id = p_org) and (
    exists (select from rule_match where org_id = p_org and value_id = any (p_groups))
    or exists (select from directory_group g
        join claim_value v on v.org_id = g.org_id and v.attribute = '' and v.value = g.external_id
        join rule_match x on x.org_id = v.org_id and x.value_id = v.id
      where g.org_id = p_org and g.id = any (p_groups))
    or exists (select from directory_group g
        join claim_value v on v.org_id = g.org_id and v.attribute = '' and v.value_key = g.display_name_key
        join rule_match x on x.org_id = v.org_id and x.value_id = v.id
      where g.org_id = p_org and g.id = any (p_groups)))
$$;

-- The members whom a group's name, its id or its end can touch.
create function members_of_group_facts(p_org uuid, p_group uuid) returns setof uuid language sql stable as $$
  select gm.member_id from group_member gm where gm.org_id = p_org and gm.group_id = p_group
    and exists (select from rule_match where org_id = p_org and value_id = p_group)
  union
  select claimants_of_groups(p_org, array[p_group])
$$;

-- Teams are new: whom templates lead there has them at once. Not by the rules or values that the caller settles itself.
create function settle_new_teams(p_org uuid, p_keys text[], p_rules uuid[], p_values uuid[], p_actor jsonb) returns integer
  language plpgsql as $$
declare
  v_rules uuid[];
  v_values uuid[];
begin
  select array_agg(distinct rule_id), array_agg(distinct value_id) into v_rules, v_values from rule_match
  where org_id = p_org and team_key = any (p_keys)
    and (p_rules is null or rule_id <> all (p_rules)) and (p_values is null or value_id <> all (p_values));
  if v_rules is null then return 0; end if;
  return reconcile_grants(p_org, array(
    select member_id from group_member where org_id = p_org and group_id = any (v_values)
    union select members_of_values(p_org, v_values)), p_actor, true, v_rules);
end $$;

-- The teams that templates name and that are not there: made within each rule's prefix and limit. Of rules, or of values.
create function make_template_teams(p_org uuid, p_rules uuid[], p_values uuid[], p_actor jsonb) returns integer
  language plpgsql as $$
declare
  v_wanted record;
  v_team uuid;
  v_made text[] := '{}';
begin
  for v_wanted in
    select r.id as rule_id, r.create_limit, x.team_key, min(x.team_name) as team_name
    from mapping_rule r join rule_match x on x.org_id = r.org_id and x.rule_id = r.id
    where r.org_id = p_org and r.create_missing and r.enabled and r.mode <> 'shadow'
      and (p_rules is null or r.id = any (p_rules)) and (p_values is null or x.value_id = any (p_values))
      and not exists (select from team t where t.org_id = p_org and t.key = x.team_key)
    group by r.priority, r.id, r.create_limit, x.team_key order by r.priority desc, r.id, x.team_key
  loop
    continue when (select count(*) from team where org_id = p_org and made_by_rule = v_wanted.rule_id) >= v_wanted.create_limit;
    insert into team (org_id, key, display_name, made_by_rule)
    values (p_org, v_wanted.team_key, v_wanted.team_name, v_wanted.rule_id) on conflict do nothing returning id into v_team;
    continue when v_team is null;
    v_made := v_made || v_wanted.team_key;
    perform record_audit(p_org, p_actor, 'team.created', 'team', v_team,
      jsonb_build_object('key', v_wanted.team_key, 'rule', v_wanted.rule_id));
  end loop;
  if v_made <> '{}' then
    perform mark_projection('organization', p_org, 1);
    perform settle_new_teams(p_org, v_made, p_rules, p_values, p_actor);
  end if;
  return cardinality(v_made);
end $$;

-- What patterns matched, as the engine found it: [{ruleId, valueId, teamKey, teamName}].
create function store_pattern_matches(p_org uuid, p_matches jsonb) returns void language sql as $$
  insert into rule_match (org_id, rule_id, value_id, team_key, team_name)
  select p_org, m."ruleId", m."valueId", m."teamKey", m."teamName"
  from jsonb_to_recordset(p_matches) as m ("ruleId" uuid, "valueId" uuid, "teamKey" text, "teamName" text)
  on conflict do nothing
$$;

-- Exact rules for everything that was seen so far; what patterns match is stored beside it.
create function match_rules(p_org uuid, p_rules uuid[], p_patterns jsonb) returns void language sql as $$
  delete from rule_match where org_id = p_org and rule_id = any (p_rules);
  insert into rule_match (org_id, rule_id, value_id)
  select r.org_id, r.id, g.id from mapping_rule r join directory_group g on g.org_id = r.org_id and g.display_name_key = r.value_key
  where r.org_id = p_org and r.id = any (p_rules) and r.source = 'scim.group' and r.match = 'display_name'
  union all
  select r.org_id, r.id, g.id from mapping_rule r join directory_group g on g.org_id = r.org_id and g.external_id = r.value
  where r.org_id = p_org and r.id = any (p_rules) and r.source = 'scim.group' and r.match = 'external_id'
  union all
  select r.org_id, r.id, v.id from mapping_rule r
    join claim_value v on v.org_id = r.org_id and v.attribute = r.attribute and v.value_key = r.value_key
  where r.org_id = p_org and r.id = any (p_rules) and r.source <> 'scim.group'
    and (r.match = 'display_name' or r.match = 'external_id' and r.value = v.value);
  select store_pattern_matches(p_org, p_patterns);
$$;

-- The rules that match a group under its present name and id. Patterns are matched outside: p_patterns as above, without
-- valueId.
create function match_group(p_org uuid, p_group uuid, p_patterns jsonb, p_actor jsonb) returns void language plpgsql as $$
begin
  delete from rule_match where org_id = p_org and value_id = p_group;
  insert into rule_match (org_id, rule_id, value_id)
  select r.org_id, r.id, g.id from directory_group g
    join mapping_rule r on r.org_id = g.org_id and r.source = 'scim.group'
      and r.value_key = any (array[g.display_name_key, fold_key(g.external_id)])
      and (r.match = 'display_name' and r.value_key = g.display_name_key or r.match = 'external_id' and r.value = g.external_id)
  where g.org_id = p_org and g.id = p_group;
  if p_patterns <> '[]' then
    insert into rule_match (org_id, rule_id, value_id, team_key, team_name)
    select p_org, m."ruleId", p_group, m."teamKey", m."teamName"
    from jsonb_to_recordset(p_patterns) as m ("ruleId" uuid, "teamKey" text, "teamName" text);
    perform make_template_teams(p_org, null, array[p_group], p_actor);
  end if;
end $$;

-- Whether names of groups have to be held against patterns.
create function has_group_patterns(p_org uuid) returns boolean language sql stable as $$
  select exists (select from mapping_rule where org_id = p_org and source = 'scim.group' and attribute = ''
    and match in ('prefix', 'glob', 'regex'))
$$;

create function forget_matches_of_groups() returns trigger language plpgsql as $$
begin
  delete from rule_match m using gone where m.org_id = gone.org_id and m.value_id = gone.id;
  return null;
end $$;
create trigger directory_group_forgets_matches after delete on directory_group referencing old table as gone
  for each statement execute function forget_matches_of_groups();

-- What a sign-in said in one claim. Only a list, also an empty one, replaces what was known (p_replaces). Too many groups to
-- send (overage) are looked up in the paired directory, which adds to what is known and takes nothing away. Answers how many
-- groups that were (null: not looked up), the values never seen before, where patterns have to be held against them, and, if
-- what is known has changed, the rules that match a value that came or went (null: nothing has).
create function record_claim(p_org uuid, p_connection uuid, p_member uuid, p_attribute text, p_state text, p_replaces boolean,
  p_values text[], p_at timestamptz, p_trace uuid, out resolved integer, out fresh jsonb, out rules uuid[])
  language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  v_source text := case when p_attribute = '' then 'sso.groups' else 'sso.attribute' end;
  v_known uuid[] := coalesce((select value_ids from sso_evidence
    where org_id = p_org and member_id = p_member and connection_id = p_connection and attribute = p_attribute for update), '{}');
  v_ids uuid[];
  v_new uuid[];
  v_gone uuid[];
  v_unknown text[];
  v_came uuid[];
begin
  if p_state = 'overage' and p_attribute = '' then
    select count(distinct g.id), coalesce(array_agg(distinct coalesce(g.external_id, g.display_name)) filter (where g.id is not null), '{}')
    into resolved, p_values
    from connection c
      join directory d on d.org_id = c.org_id and d.id = c.directory_id and d.status = 'active'
      join directory_user u on u.org_id = d.org_id and u.directory_id = d.id and u.member_id = p_member
        and u.deleted_at is null and u.adoption is null
      left join group_member gm on gm.org_id = c.org_id and gm.member_id = p_member
      left join directory_group g on g.org_id = gm.org_id and g.id = gm.group_id and g.directory_id = d.id
    where c.org_id = p_org and c.id = p_connection having count(*) > 0;
  end if;
  if p_replaces or resolved is not null then
    -- what was known is told by its ids, and only the rest looked up by what it says
    select array_agg(k.id) filter (where v.value is null), array_agg(v.value) filter (where k.id is null) into v_gone, v_unknown
    from (select id, value from claim_value where org_id = p_org and id = any (v_known)) k
      full join (select unnest(p_values) as value) v on v.value = k.value;
    if resolved is not null then v_gone := null; end if;
    if v_unknown is not null then
      v_came := array(select id from claim_value where org_id = p_org and attribute = p_attribute and value = any (v_unknown));
      if cardinality(v_came) < cardinality(v_unknown) then
        v_new := add_claim_values(p_org, p_attribute, v_unknown, p_at);
        v_came := array(select id from claim_value where org_id = p_org and attribute = p_attribute and value = any (v_unknown));
      end if;
    end if;
    if v_gone is not null or v_came is not null then
      v_ids := array(select unnest(v_known || v_came) except select unnest(v_gone));
    end if;
  end if;
  insert into sso_evidence as known (org_id, connection_id, member_id, attribute, state, value_ids, at, listed_at, trace_id)
  values (p_org, p_connection, p_member, p_attribute, p_state, coalesce(v_ids, '{}'), p_at, case when p_replaces then p_at end, p_trace)
  on conflict (org_id, member_id, connection_id, attribute) do update set state = excluded.state, at = excluded.at,
    trace_id = excluded.trace_id, listed_at = coalesce(excluded.listed_at, known.listed_at),
    -- the same values are not written again, nor into their index
    value_ids = case when v_ids is null then known.value_ids else excluded.value_ids end;
  if v_new is not null then
    insert into rule_match (org_id, rule_id, value_id)
    select r.org_id, r.id, v.id from claim_value v
      join mapping_rule r on r.org_id = v.org_id and r.source = v_source and r.value_key = v.value_key and r.attribute = v.attribute
        and (r.match = 'display_name' or r.match = 'external_id' and r.value = v.value)
    where v.org_id = p_org and v.id = any (v_new);
    if exists (select from mapping_rule r where r.org_id = p_org and r.source = v_source and r.attribute = p_attribute
      and r.match in ('prefix', 'glob', 'regex')) then
      fresh := (select jsonb_agg(jsonb_build_object('id', v.id, 'value', v.value, 'key', v.value_key)) from claim_value v
        where v.org_id = p_org and v.id = any (v_new));
    end if;
  end if;
  if v_gone is not null then insert into claim_value_left (org_id, value_ids, at) values (p_org, v_gone, p_at); end if;
  if v_ids is not null then
    rules := array(select distinct rule_id from rule_match where org_id = p_org and value_id = any (v_gone || v_came));
  end if;
end $$;

-- Takes up what was never seen before; answers the ids. Somebody else may take up the same at this moment.
create function add_claim_values(p_org uuid, p_attribute text, p_values text[], p_at timestamptz) returns uuid[] language sql as $$
  with made as (
    insert into claim_value (org_id, attribute, value, value_key, first_seen_at, last_seen_at)
    select p_org, p_attribute, n.v, fold_key(n.v), p_at, p_at from (
      select unnest(p_values) as v
      except select value from claim_value where org_id = p_org and attribute = p_attribute and value = any (p_values)) n
    order by n.v
    on conflict do nothing returning id)
  select array_agg(id) from made
$$;

-- Whoever has evidence of a connection gets, or loses, what rules make of it now. Answers how many changed.
create function reconcile_connection(p_org uuid, p_connection uuid, p_actor jsonb) returns integer language sql as $$
  select reconcile_grants(p_org, array(select distinct member_id from sso_evidence
    where org_id = p_org and connection_id = p_connection), p_actor, true)
$$;

-- Switched off with release, what a connection's evidence gave rests; switched on again, it is there again. Roles of access
-- grants (migration 0044) come back with the next sign-in.
create function release_connection(p_org uuid, p_connection uuid, p_release boolean, p_actor jsonb) returns integer
  language plpgsql as $$
begin
  update connection set released = p_release where org_id = p_org and id = p_connection and released <> p_release;
  if not found then return 0; end if;
  if p_release then
    perform take_back_entry_roles(p_org, array(select id from entry_grant where org_id = p_org and connection_id = p_connection), p_actor);
  end if;
  return reconcile_connection(p_org, p_connection, p_actor);
end $$;

-- Another policy: everybody whom rules or claims speak of is computed anew. Null = it was that already.
create function change_mapping_policy(p_org uuid, p_conflicts text, p_actor jsonb) returns integer language plpgsql as $$
declare
  v_before text;
begin
  perform lock_mapping(p_org, true);
  select mapping_conflicts into v_before from organization where org_id = p_org for no key update;
  if v_before = p_conflicts then return null; end if;
  update organization set mapping_conflicts = p_conflicts where org_id = p_org;
  perform record_audit(p_org, p_actor, 'mapping_policy.changed', 'organization', p_org,
    jsonb_build_object('from', v_before, 'to', p_conflicts));
  return reconcile_grants(p_org, array(
    select member_id from access_grant where org_id = p_org and rule_id is not null
    union select member_id from sso_evidence where org_id = p_org), p_actor, true);
end $$;

-- An administrator decides about a held change: released, the members go; dropped, they stay, from now on by hand. Answers
-- how many members that were; null = there is no such change.
create function decide_held_change(p_org uuid, p_hold uuid, p_release boolean, p_actor jsonb) returns integer language plpgsql as $$
declare
  v_team uuid;
  v_members uuid[];
begin
  delete from held_change where org_id = p_org and id = p_hold returning team_id into v_team;
  if v_team is null then return null; end if;
  v_members := array(select distinct member_id from access_grant where org_id = p_org and held_by = p_hold);
  if not p_release then
    insert into access_grant (org_id, member_id, target_kind, target, source, ref)
    select p_org, m, 'team', v_team::text, 'manual', 'held:' || p_hold from unnest(v_members) m;
  end if;
  delete from access_grant where org_id = p_org and held_by = p_hold;
  perform reconcile_grants(p_org, v_members, p_actor);
  perform record_audit(p_org, p_actor, case when p_release then 'held_change.released' else 'held_change.dropped' end,
    'team', v_team, jsonb_build_object('hold', p_hold, 'members', v_members));
  return cardinality(v_members);
end $$;

-- Deletes what has served its time: departures that the brake looks back on no more, claims that nobody has any more, plans.
-- When a claim was last seen is written down first.
-- Runs as the owner, by the queue. Answers how many rows went.
create function sweep_mapping(p_now timestamptz) returns integer language plpgsql as $$
declare
  v_rows integer;
  v_total integer := 0;
begin
  delete from team_departure where at < p_now - interval '1 day';
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  with gone as (delete from claim_value_left returning org_id, value_ids, at),
  seen as (select g.org_id, v.id, max(g.at) as at from gone g cross join lateral unnest(g.value_ids) as v (id) group by g.org_id, v.id)
  update claim_value c set last_seen_at = s.at from seen s where c.org_id = s.org_id and c.id = s.id and c.last_seen_at < s.at;
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  with gone as (
    delete from claim_value v where v.last_seen_at < p_now - interval '90 days'
      and not exists (select from sso_evidence e where e.value_ids @> array[v.id]) returning v.org_id, v.id)
  delete from rule_match m using gone where m.org_id = gone.org_id and m.value_id = gone.id;
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  delete from mapping_plan where expires_at < p_now - interval '7 days';
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end $$;

do $$
declare
  v_function regprocedure;
begin
  for v_function in select p.oid::regprocedure from pg_proc p where p.pronamespace = 'public'::regnamespace
    and p.proname in ('lock_mapping', 'rule_grants', 'directory_denies', 'effective_teams', 'ranked_roles', 'loses_full_control',
      'source_is_released', 'settle_rule_grants', 'teams_at_stake', 'hold_excess', 'settle_teams', 'settle_roles', 'reconcile_grants',
      'release_retained_control', 'members_of_values', 'members_matching', 'members_of_rules', 'claimants_of_groups', 'members_of_group_facts',
      'groups_are_mapped', 'settle_new_teams', 'make_template_teams', 'store_pattern_matches', 'match_rules', 'match_group', 'has_group_patterns',
      'forget_matches_of_groups', 'record_claim', 'add_claim_values', 'reconcile_connection', 'release_connection', 'change_mapping_policy',
      'decide_held_change')
  loop
    execute format('revoke execute on function %s from public', v_function);
    execute format('grant execute on function %s to drawbridge_app, drawbridge_worker', v_function);
  end loop;
  revoke execute on function sweep_mapping(timestamptz) from public;
end $$;
