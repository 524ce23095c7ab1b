-- A large sign-in, again (0047): what it says is looked up once and written once, and a team that somebody joins is not
-- locked and looked up for it a second time.

-- More keys that hold by construction (decision 0009). Organizations and teams are never deleted: they are frozen and archived.
-- settle_teams, which alone writes memberships and departures, takes each team from its own row (effective_teams) or from a
-- membership; a value is taken up by a sign-in, which holds the organization's connection.
alter table team_member drop constraint team_member_org_id_team_id_fkey,
  add constraint team_member_org_id_team_id_fkey foreign key (org_id, team_id) references team (org_id, id) not enforced;
alter table team_departure drop constraint team_departure_org_id_team_id_fkey,
  add constraint team_departure_org_id_team_id_fkey foreign key (org_id, team_id) references team (org_id, id) not enforced;
alter table claim_value drop constraint claim_value_org_id_fkey,
  add constraint claim_value_org_id_fkey foreign key (org_id) references organization (org_id) not enforced;
create or replace function refuse_delete() returns trigger language plpgsql as $$
begin
  raise exception 'row_is_kept: % on % is refused, since what belongs to its rows would belong to nobody', tg_op, tg_table_name
    using errcode = 'integrity_constraint_violation',
      hint = case tg_table_name when 'organization' then 'Organizations are frozen.' when 'team' then 'Teams are archived.'
        else 'Members end by their status (release_members).' end;
end $$;
create trigger organization_is_kept before delete or truncate on organization for each statement execute function refuse_delete();
create trigger team_is_kept before delete or truncate on team for each statement execute function refuse_delete();

drop function record_claim(uuid, uuid, uuid, text, text, boolean, text[], timestamptz, uuid);
drop function add_claim_values(uuid, text, text[], timestamptz);
create type new_claim_value as (id uuid, value text, value_key text);

-- Takes up what was never seen before, and answers it: what somebody else takes up at this moment is not in the answer, and
-- is left out at the next try. Without on conflict, which costs half as much again for what hardly ever happens.
create function add_claim_values(p_org uuid, p_attribute text, p_values text[], p_at timestamptz) returns new_claim_value[]
  language plpgsql set plan_cache_mode = force_generic_plan as $$
declare
  v_made new_claim_value[];
begin
  loop
    begin
      with made as (
        insert into claim_value (org_id, attribute, value, value_key, first_seen_at, last_seen_at)
        select p_org, p_attribute, v, fold_key(v), p_at, p_at from unnest(p_values) v order by v
        returning id, value, value_key)
      select array_agg(row(m.*)::new_claim_value) into v_made from made m;
      return coalesce(v_made, '{}');
    exception when unique_violation then
      p_values := array(select unnest(p_values)
        except select value from claim_value where org_id = p_org and attribute = p_attribute and value = any (p_values));
    end;
  end loop;
end $$;

-- As before, but nothing is read again that was just written, and the rules are named only to who asks (p_settled: nothing
-- else about the member has changed).
create function record_claim(p_org uuid, p_connection uuid, p_member uuid, p_attribute text, p_state text, p_replaces boolean,
  p_values text[], p_at timestamptz, p_trace uuid, p_settled boolean, out resolved integer, out fresh json, out rules uuid[])
  language plpgsql set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
  v_source text := case when p_attribute = '' then 'sso.groups' else 'sso.attribute' end;
  v_known uuid[] := coalesce((select value_ids from sso_evidence
    where org_id = p_org and member_id = p_member and connection_id = p_connection and attribute = p_attribute for update), '{}');
  v_ids uuid[];
  v_new new_claim_value[];
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
      -- by one look: between two of them somebody else could take up a value, which neither would then have
      with found as materialized (
        select id, value from claim_value where org_id = p_org and attribute = p_attribute and value = any (v_unknown))
      select array(select id from found), case when (select count(*) from found) < cardinality(v_unknown)
        then array(select unnest(v_unknown) except select value from found) else '{}' end
      into v_came, v_unknown;
      if v_unknown <> '{}' then
        v_new := add_claim_values(p_org, p_attribute, v_unknown, p_at);
        v_came := v_came || case when cardinality(v_new) = cardinality(v_unknown) then array(select id from unnest(v_new))
          -- some of them somebody else took up at this moment
          else array(select id from claim_value where org_id = p_org and attribute = p_attribute and value = any (v_unknown)) end;
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
  if v_new <> '{}' then
    insert into rule_match (org_id, rule_id, value_id)
    select r.org_id, r.id, v.id from unnest(v_new) v
      join mapping_rule r on r.org_id = p_org and r.source = v_source and r.value_key = v.value_key and r.attribute = p_attribute
        and (r.match = 'display_name' or r.match = 'external_id' and r.value = v.value);
    if exists (select from mapping_rule r where r.org_id = p_org and r.source = v_source and r.attribute = p_attribute
      and r.match in ('prefix', 'glob', 'regex')) then
      fresh := (select json_agg(json_build_object('id', v.id, 'value', v.value, 'key', v.value_key)) from unnest(v_new) v);
    end if;
  end if;
  if v_gone is not null then insert into claim_value_left (org_id, value_ids, at) values (p_org, v_gone, p_at); end if;
  if p_settled and v_ids is not null then
    rules := array(select distinct rule_id from rule_match where org_id = p_org and value_id = any (v_gone || v_came));
  end if;
end $$;

do $$
declare
  v_function text;
begin
  foreach v_function in array array['add_claim_values(uuid, text, text[], timestamptz)',
    'record_claim(uuid, uuid, uuid, text, text, boolean, text[], timestamptz, uuid, boolean)'] loop
    execute format('revoke execute on function %s from public', v_function);
    execute format('grant execute on function %s to drawbridge_app, drawbridge_worker', v_function);
  end loop;
end $$;

-- As before, but many values are looked for by a hash, whatever the plan: each match of each rule was held against each value.
create or replace function make_template_teams(p_org uuid, p_rules uuid[], p_values uuid[], p_actor jsonb) returns integer
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
      and (p_rules is null or r.id in (select unnest(p_rules))) and (p_values is null or x.value_id in (select unnest(p_values)))
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
