-- Grants: facts and rules in, effective teams and role out, for exactly the members touched (design, section 6).

-- What the rules make of a member's facts now.
create function rule_grants(p_org uuid, p_members uuid[])
  returns table (member_id uuid, target_kind text, target text, source text, ref text) language sql stable as $$
  select distinct gm.member_id, r.target_kind, r.target, 'scim', r.id || ':' || g.id
  from group_member gm
    join directory_group g on g.org_id = gm.org_id and g.id = gm.group_id
    join mapping_rule r on r.org_id = gm.org_id and r.enabled and r.source = 'scim.group'
      and (r.match = 'external_id' and r.value = g.external_id or r.match = 'display_name' and r.value_key = g.display_name_key)
  where gm.org_id = p_org and gm.member_id = any (p_members)
    and not exists (select from directory_user u where u.org_id = g.org_id and u.directory_id = g.directory_id
      and u.member_id = gm.member_id and u.adoption is not null)
    and not exists (select from directory d where d.org_id = g.org_id and d.id = g.directory_id and d.released)
  union
  select distinct e.member_id, r.target_kind, r.target, 'sso', r.id || ':' || e.connection_id
  from sso_evidence e cross join lateral unnest(e.groups) as v (value)
    join mapping_rule r on r.org_id = e.org_id and r.enabled and r.source = 'sso.groups'
      and (r.match = 'external_id' and r.value = v.value or r.match = 'display_name' and r.value_key = fold_key(v.value))
  where e.org_id = p_org and e.member_id = any (p_members)
$$;

-- The role that a member's grants give: the highest rank, else the organization's default.
create function granted_role(p_org uuid, p_member uuid) returns text language sql stable as $$
  select coalesce(
    (select r.key from access_grant a join role r on r.org_id = a.org_id and r.key = a.target
     where a.org_id = p_org and a.member_id = p_member and a.target_kind = 'role' order by r.rank desc, r.key limit 1),
    (select default_role from organization where org_id = p_org))
$$;

-- Law 3 for a change of role: locks, and answers whether the change would leave nobody with full control.
create function loses_full_control(p_org uuid, p_member uuid, p_role text) returns boolean language plpgsql as $$
begin
  if exists (select from role where org_id = p_org and key = p_role and full_control) then return false; end if;
  perform guard_full_control(p_org, p_member);
  return false;
exception when check_violation then
  return true;
end $$;

create function reconcile_grants(p_org uuid, p_members uuid[], p_actor jsonb) returns integer language plpgsql as $$
declare
  v_row record;
  v_changed integer := 0;
  v_gained boolean := false;
begin
  -- facts about somebody who was removed give nothing
  p_members := array(select id from member where org_id = p_org and id = any (p_members) and status not in ('removed', 'purged'));
  delete from access_grant a using (
    select a2.member_id, a2.target_kind, a2.target, a2.source, a2.ref from access_grant a2
    where a2.org_id = p_org and a2.member_id = any (p_members) and a2.source in ('scim', 'sso') and not a2.retained
    except select * from rule_grants(p_org, p_members)) gone
  where a.org_id = p_org and a.member_id = gone.member_id and a.target_kind = gone.target_kind and a.target = gone.target
    and a.source = gone.source and a.ref = gone.ref;
  insert into access_grant (org_id, member_id, target_kind, target, source, ref)
  select p_org, g.member_id, g.target_kind, g.target, g.source, g.ref from rule_grants(p_org, p_members) g
  on conflict do nothing;

  for v_row in
    with wanted as (
      select distinct a.member_id, t.id as team_id from access_grant a
        join team t on t.org_id = a.org_id and t.id::text = a.target and t.archived_at is null
      where a.org_id = p_org and a.member_id = any (p_members) and a.target_kind = 'team'),
    removed as (
      delete from team_member tm where tm.org_id = p_org and tm.member_id = any (p_members)
        and not exists (select from wanted w where w.member_id = tm.member_id and w.team_id = tm.team_id)
      returning tm.member_id, tm.team_id),
    added as (
      insert into team_member (org_id, team_id, member_id) select p_org, w.team_id, w.member_id from wanted w
      on conflict do nothing returning member_id, team_id)
    select member_id, jsonb_agg(team_id) filter (where kind = 'added') as added,
      jsonb_agg(team_id) filter (where kind = 'removed') as removed, bool_or(kind = 'removed') as takes_away
    from (select member_id, team_id, 'added' as kind from added
      union all select member_id, team_id, 'removed' from removed) changes
    group by member_id order by member_id
  loop
    v_changed := v_changed + 1;
    perform record_audit(p_org, p_actor, 'member.teams_changed', 'member', v_row.member_id,
      jsonb_strip_nulls(jsonb_build_object('added', v_row.added, 'removed', v_row.removed)));
    perform mark_projection('person', m.person_id, case when v_row.takes_away then 0 else 1 end)
    from member m where m.org_id = p_org and m.id = v_row.member_id and m.person_id is not null;
  end loop;

  for v_row in
    select m.id, m.person_id, m.status, m.role_key, granted_role(p_org, m.id) as role_after from member m
    where m.org_id = p_org and m.id = any (p_members)
      and m.role_key <> granted_role(p_org, m.id) order by m.id
  loop
    if loses_full_control(p_org, v_row.id, v_row.role_after) then
      -- a bulk fact never takes the last owner's control: the grant is retained, and it alerts
      insert into access_grant (org_id, member_id, target_kind, target, source, ref, retained)
      values (p_org, v_row.id, 'role', v_row.role_key, 'default', 'last_owner', true) on conflict do nothing;
      perform record_audit(p_org, p_actor, 'alert.last_owner_retained', 'member', v_row.id,
        jsonb_build_object('role', v_row.role_key, 'wanted', v_row.role_after));
    else
      v_changed := v_changed + 1;
      update member set role_key = v_row.role_after, updated_at = now() where org_id = p_org and id = v_row.id;
      perform record_audit(p_org, p_actor, 'member.role_changed', 'member', v_row.id,
        jsonb_build_object('from', v_row.role_key, 'to', v_row.role_after));
      if v_row.person_id is not null then perform mark_projection('person', v_row.person_id, 0); end if;
      v_gained := v_gained or v_row.status = 'active'
        and exists (select from role where org_id = p_org and key = v_row.role_after and full_control);
    end if;
  end loop;
  if v_gained then perform release_retained_control(p_org, p_actor); end if;
  return v_changed;
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
