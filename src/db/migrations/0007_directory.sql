-- The directory's way in, one round trip a change: SCIM Users and Groups (design, section 5).

create type directory_user_input as (
  user_name text, external_id text, active boolean, address text, display_name text, given_name text, family_name text,
  email text, resource jsonb
);

create function count_directory(p_org uuid, p_directory uuid, p_users integer, p_groups integer) returns void language sql as $$
  insert into directory_count (org_id, directory_id, slot, users, groups)
  values (p_org, p_directory, pg_backend_pid() % 64, p_users, p_groups)
  on conflict (org_id, directory_id, slot) do update
    set users = directory_count.users + excluded.users, groups = directory_count.groups + excluded.groups
$$;

-- Which member a new directory user is: one whom this directory had deleted, by externalId; else the one who has the
-- address here; else a new one. A hindrance means that an administrator must approve first.
create function member_for_directory(p_org uuid, p_directory uuid, p_returning uuid, u directory_user_input,
  out member_id uuid, out hindrance text) language plpgsql as $$
#variable_conflict use_column
declare
  m member;
  d directory_user;
begin
  if p_returning is not null then
    select * into m from member where org_id = p_org and id = p_returning for update;
    member_id := m.id;
    hindrance := case when m.status <> 'removed' then adoption_hindrance(p_org, m.id) end;
    if hindrance = 'address_not_verified' then hindrance := null; end if;
    return;
  end if;
  if u.address is not null then
    select * into m from member where org_id = p_org and address_key = fold_key(u.address)
      and status not in ('removed', 'purged') for update;
    if found then
      select * into d from directory_user where org_id = p_org and directory_id = p_directory and member_id = m.id for update;
      if found and d.deleted_at is null then
        perform refuse('directory_user_shares_member', 'Another user of this directory has this address already.');
      end if;
      if d.adoption = 'declined' then
        perform refuse('adoption_needs_approval', 'A member has this address, and an administrator has declined that this directory takes them over. They can approve it in Drawbridge; then send this user again.');
      end if;
      member_id := m.id;
      hindrance := case when d.adoption = 'approved' then null
        when d.adoption is null and d.external_id <> u.external_id then 'another_external_id'
        else adoption_hindrance(p_org, m.id) end;
      return;
    end if;
  end if;
  insert into member (org_id, status, pending_reason, role_key, address, address_key, display_name, given_name, family_name)
  select p_org, 'pending', 'no_address', default_role, u.address, fold_key(u.address), u.display_name, u.given_name, u.family_name
  from organization where org_id = p_org
  returning id into member_id;
end $$;

create function set_directory_blocks(p_org uuid, p_directory uuid, p_members uuid[], p_active boolean) returns void
  language plpgsql as $$
begin
  if p_active then
    delete from block where org_id = p_org and member_id = any (p_members) and source = 'directory' and ref = p_directory;
  else
    insert into block (org_id, member_id, source, ref, reason)
    select p_org, m, 'directory', p_directory, 'the directory says active=false' from unnest(p_members) m on conflict do nothing;
  end if;
end $$;

-- A removed member who is wanted again waits at the door: with the person and the address they had, unless somebody else
-- here has those by now, and with what the directories' groups give.
create function reopen_member(p_org uuid, p_member uuid, p_actor jsonb) returns void language plpgsql as $$
declare
  m member;
begin
  select * into m from member where org_id = p_org and id = p_member for update;
  if m.status <> 'removed' then return; end if;
  if exists (select from member o where o.org_id = p_org and o.address_key = m.address_key and o.id <> p_member
    and o.status not in ('removed', 'purged')) then
    m.address := null;
  end if;
  if exists (select from member o where o.org_id = p_org and o.person_id = m.person_id and o.id <> p_member
    and o.status not in ('removed', 'purged')) then
    m.person_id := null;
  end if;
  update member set status = 'pending', pending_reason = 'no_address', person_id = m.person_id, address = m.address,
    address_key = fold_key(m.address), updated_at = now()
  where org_id = p_org and id = p_member;
  perform reconcile_grants(p_org, array[p_member], p_actor);
end $$;

-- A member's names: each from the first directory, in the order in which they were added, that states it; what none
-- states stays as it is. The account follows where this organization may say what it is called.
create function settle_profile(p_org uuid, p_member uuid) returns void language plpgsql as $$
declare
  m member;
begin
  update member t set display_name = coalesce(n.display_name, t.display_name), given_name = coalesce(n.given_name, t.given_name),
    family_name = coalesce(n.family_name, t.family_name), updated_at = now()
  from (select
      (array_agg(d.resource ->> 'displayName' order by d.directory_id) filter (where d.resource ? 'displayName'))[1] as display_name,
      (array_agg(d.resource #>> '{name,givenName}' order by d.directory_id)
        filter (where d.resource #>> '{name,givenName}' is not null))[1] as given_name,
      (array_agg(d.resource #>> '{name,familyName}' order by d.directory_id)
        filter (where d.resource #>> '{name,familyName}' is not null))[1] as family_name
    from directory_user d where d.org_id = p_org and d.member_id = p_member and d.deleted_at is null and d.adoption is null) n
  where t.org_id = p_org and t.id = p_member
    and (t.display_name, t.given_name, t.family_name) is distinct from (coalesce(n.display_name, t.display_name),
      coalesce(n.given_name, t.given_name), coalesce(n.family_name, t.family_name));
  select * into m from member where org_id = p_org and id = p_member;
  if m.person_id is not null and write_person_names(p_org, m.person_id, m.given_name, m.family_name) then
    perform mark_projection('person', m.person_id, 1);
  end if;
end $$;

-- What a directory says of a member takes effect. p_wants: it newly wants the member here (made, adopted, back again);
-- otherwise its carrier and its block follow only a change of `active` (p_was_active), so that what an administrator has
-- decided since then holds.
create function apply_directory_user(p_org uuid, p_directory uuid, p_member uuid, p_actor jsonb, p_wants boolean,
  p_was_active boolean, p_address text, p_active boolean) returns void language plpgsql as $$
declare
  m member;
begin
  if p_wants then
    insert into carrier (org_id, member_id, source, ref) values (p_org, p_member, 'directory', p_directory) on conflict do nothing;
    perform reopen_member(p_org, p_member, p_actor);
    -- from now on this directory decides what sign-ins say of its groups (directory_denies)
    if exists (select from sso_evidence where org_id = p_org and member_id = p_member) then
      perform reconcile_grants(p_org, array[p_member], p_actor);
    end if;
  end if;
  if p_wants or p_active <> p_was_active then
    perform set_directory_blocks(p_org, p_directory, array[p_member], p_active);
  end if;
  perform settle_profile(p_org, p_member);
  select * into m from member where org_id = p_org and id = p_member;
  -- the address comes from the first directory, too
  if m.address_key is distinct from fold_key(p_address) and m.status <> 'removed'
    and not exists (select from directory_user d where d.org_id = p_org and d.member_id = p_member
      and d.directory_id < p_directory and d.deleted_at is null and d.adoption is null) then
    perform change_member_address(p_org, p_member, p_address, p_actor);
  end if;
  perform settle_member(p_org, p_member, 'directory', p_actor);
end $$;

create function scim_update_user(p_org uuid, p_directory uuid, p_member uuid, p_actor jsonb, p_version integer, u directory_user_input)
  returns table (member_id uuid, version integer, created_at timestamptz, modified_at timestamptz, outcome text)
  language plpgsql as $$
#variable_conflict use_column
declare
  d directory_user;
  v_version integer;
  v_modified_at timestamptz;
begin
  select * into d from directory_user
  where org_id = p_org and directory_id = p_directory and member_id = p_member and deleted_at is null for update;
  if not found then return; end if;
  if p_version is not null and d.version <> p_version then
    return query select p_member, d.version, d.created_at, d.modified_at, 'version_mismatch'; return;
  end if;
  if (d.user_name, d.external_id, d.active, d.resource) is not distinct from (u.user_name, u.external_id, u.active, u.resource) then
    return query select p_member, d.version, d.created_at, d.modified_at, 'unchanged'; return;
  end if;
  with event as (
    insert into audit_event (org_id, actor, action, subject_kind, subject_id, data)
    values (p_org, p_actor, 'directory_user.updated', 'member', p_member, jsonb_build_object('version', d.version + 1)))
  update directory_user set user_name = u.user_name, user_name_key = fold_key(u.user_name), external_id = u.external_id,
    display_name_key = fold_key(u.display_name), email_key = fold_key(u.email), given_name_key = fold_key(u.given_name),
    family_name_key = fold_key(u.family_name), active = u.active, resource = u.resource, version = d.version + 1,
    modified_at = greatest(now(), d.modified_at), adoption_address = case when d.adoption is null then null else u.address end
  where org_id = p_org and directory_id = p_directory and member_id = p_member
  returning directory_user.version, directory_user.modified_at into v_version, v_modified_at;
  if d.adoption is null then
    perform apply_directory_user(p_org, p_directory, p_member, p_actor, u.active and not d.active, d.active, u.address, u.active);
  end if;
  return query select p_member, v_version, d.created_at, v_modified_at, 'updated';
end $$;

-- A request may still be under way when its directory is switched off, which locks the directory's row (0023): who is
-- made before that is released with everybody else, and nobody is made after it.
create function require_active_directory(p_org uuid, p_directory uuid) returns void language plpgsql as $$
begin
  perform from directory where org_id = p_org and id = p_directory and status = 'active' for key share;
  if not found then
    perform refuse('directory_switched_off', 'This directory is switched off. An administrator can switch it on again.');
  end if;
end $$;

-- The long way of a create; a new user whom nobody knew is mostly made by scim_create_users (0012).
create function scim_create_user(p_org uuid, p_directory uuid, p_actor jsonb, u directory_user_input)
  returns table (member_id uuid, version integer, created_at timestamptz, modified_at timestamptz, outcome text)
  language plpgsql as $$
#variable_conflict use_column
declare
  d directory_user;
  v_live uuid;
  v_member uuid;
  v_hindrance text;
begin
  perform require_active_directory(p_org, p_directory);
  -- a live user of that externalId, else of that name; one deleted of that externalId
  select coalesce(
      (select member_id from directory_user where org_id = p_org and directory_id = p_directory
        and external_id = u.external_id and deleted_at is null),
      (select member_id from directory_user where org_id = p_org and directory_id = p_directory
        and user_name_key = fold_key(u.user_name) and deleted_at is null)),
    (select member_id from directory_user where org_id = p_org and directory_id = p_directory
      and external_id = u.external_id and deleted_at is not null and adoption is null order by deleted_at desc limit 1)
  into v_live, v_member;
  if v_live is not null then
    -- active = taken, inactive = this person returns
    select * into d from directory_user
    where org_id = p_org and directory_id = p_directory and member_id = v_live and deleted_at is null for update;
    if d.active then
      perform refuse('directory_user_taken', format('A user with this userName or externalId exists in this directory: %s.', v_live));
    end if;
    if u.external_id <> d.external_id then
      perform refuse('directory_user_taken', format('An inactive user with this userName and another externalId exists in this directory: %s. Delete or rename that one first.', v_live));
    end if;
    return query select s.member_id, s.version, s.created_at, s.modified_at, 'reactivated'
      from scim_update_user(p_org, p_directory, v_live, p_actor, null, u) s;
    return;
  end if;
  select f.member_id, f.hindrance into v_member, v_hindrance from member_for_directory(p_org, p_directory, v_member, u) f;
  insert into directory_user as du (org_id, directory_id, member_id, user_name, user_name_key, external_id, display_name_key,
    email_key, given_name_key, family_name_key, active, resource, adoption, adoption_reason, adoption_address)
  values (p_org, p_directory, v_member, u.user_name, fold_key(u.user_name), u.external_id, fold_key(u.display_name),
    fold_key(u.email), fold_key(u.given_name), fold_key(u.family_name), u.active, u.resource,
    case when v_hindrance is not null then 'waiting' end, v_hindrance, case when v_hindrance is not null then u.address end)
  on conflict (org_id, directory_id, member_id) do update set user_name = excluded.user_name,
    user_name_key = excluded.user_name_key, external_id = excluded.external_id, display_name_key = excluded.display_name_key,
    email_key = excluded.email_key, given_name_key = excluded.given_name_key, family_name_key = excluded.family_name_key,
    active = excluded.active, resource = excluded.resource, version = du.version + 1, modified_at = now(), deleted_at = null,
    adoption = excluded.adoption, adoption_reason = excluded.adoption_reason, adoption_address = excluded.adoption_address
  returning * into d;
  if v_hindrance is null then
    perform apply_directory_user(p_org, p_directory, v_member, p_actor, true, false, u.address, u.active);
    perform record_audit(p_org, p_actor, 'directory_user.created', 'member', v_member, '{}', null);
  else
    perform record_audit(p_org, p_actor, 'alert.adoption_waits', 'member', v_member, jsonb_build_object('reason', v_hindrance));
  end if;
  perform count_directory(p_org, p_directory, 1, 0);
  return query select d.member_id, d.version, d.created_at, d.modified_at, 'created';
end $$;

-- DELETE: the directory lets go of its carrier; a block stays as a tombstone. Nothing else of the member is this
-- directory's to take. Answers what became of it.
create function scim_delete_user(p_org uuid, p_directory uuid, p_member uuid, p_actor jsonb, p_version integer)
  returns text language plpgsql as $$
declare
  d directory_user;
  v_teams uuid[];
begin
  select * into d from directory_user
  where org_id = p_org and directory_id = p_directory and member_id = p_member and deleted_at is null for update;
  if not found then return 'not_found'; end if;
  if p_version is not null and d.version <> p_version then return 'version_mismatch'; end if;
  update directory_user set deleted_at = now(), version = d.version + 1
  where org_id = p_org and directory_id = p_directory and member_id = p_member;
  delete from group_member gm using directory_group g
  where gm.org_id = p_org and gm.member_id = p_member and g.org_id = p_org and g.id = gm.group_id and g.directory_id = p_directory;
  if d.adoption is null then
    delete from carrier where org_id = p_org and member_id = p_member and source = 'directory' and ref = p_directory;
    perform reconcile_grants(p_org, array[p_member], p_actor);
    perform settle_profile(p_org, p_member);
    perform settle_member(p_org, p_member, 'directory_delete', p_actor);
  end if;
  perform record_audit(p_org, p_actor, 'directory_user.deleted', 'member', p_member);
  perform count_directory(p_org, p_directory, -1, 0);
  return 'deleted';
end $$;

-- Members of a group, by difference: cost follows the change (law 9). A member that is no user of this directory refuses all.
create function change_group_members(p_org uuid, p_directory uuid, p_group uuid, p_replace boolean, p_add uuid[], p_remove uuid[],
  p_actor jsonb) returns integer language plpgsql as $$
declare
  v_unknown uuid;
  v_touched uuid[];
begin
  if p_replace then
    -- who comes and who goes, by one comparison of the two lists: the rest costs what changes
    select coalesce(array_agg(stated.id) filter (where present.id is null), '{}'),
      coalesce(array_agg(present.id) filter (where stated.id is null), '{}')
    into p_add, p_remove
    from (select distinct a.id from unnest(p_add) as a (id)) stated
      full join (select member_id as id from group_member where org_id = p_org and group_id = p_group) present
        on present.id = stated.id
    where stated.id is null or present.id is null;
  end if;
  select a.id into v_unknown from unnest(p_add) as a (id) where not exists (select from directory_user d
    where d.org_id = p_org and d.directory_id = p_directory and d.member_id = a.id and d.deleted_at is null) limit 1;
  if v_unknown is not null then
    if exists (select from directory_group where org_id = p_org and directory_id = p_directory and id = v_unknown) then
      perform refuse('group_member_unknown', format('%s is a group. Groups inside groups are not taken: assign the inner group itself, or its users.', v_unknown));
    end if;
    perform refuse('group_member_unknown', format('%s is no user of this directory.', v_unknown));
  end if;
  with removed as (
    delete from group_member where org_id = p_org and group_id = p_group and member_id = any (p_remove) returning member_id),
  added as (
    insert into group_member (org_id, group_id, member_id) select distinct p_org, p_group, a from unnest(p_add) a
    on conflict do nothing returning member_id)
  select array_agg(member_id) into v_touched from (select * from removed union all select * from added) changes;
  if v_touched is null then return 0; end if;
  -- a group that no rule matches changes nobody's access
  if groups_are_mapped(p_org, array[p_group]) then
    perform reconcile_grants(p_org, v_touched, p_actor);
  end if;
  return cardinality(v_touched);
end $$;

-- Null p_patterns = nobody has held the name against the organization's patterns yet: where there are some, nothing is done,
-- and no row answered (match_group, 0042).
create function scim_create_group(p_org uuid, p_directory uuid, p_actor jsonb, p_display_name text, p_external_id text,
  p_resource jsonb, p_members uuid[], p_patterns jsonb default null)
  returns table (id uuid, version integer, created_at timestamptz, modified_at timestamptz) language plpgsql as $$
#variable_conflict use_column
declare
  g directory_group;
begin
  perform lock_mapping(p_org, false);
  if p_patterns is null and has_group_patterns(p_org) then return; end if;
  insert into directory_group (org_id, directory_id, display_name, display_name_key, external_id, resource)
  values (p_org, p_directory, p_display_name, fold_key(p_display_name), p_external_id, p_resource) returning * into g;
  perform match_group(p_org, g.id, coalesce(p_patterns, '[]'), p_actor);
  perform change_group_members(p_org, p_directory, g.id, false, p_members, '{}', p_actor);
  perform reconcile_grants(p_org, array(select claimants_of_groups(p_org, array[g.id])), p_actor);
  perform record_audit(p_org, p_actor, 'group.created', 'group', g.id, jsonb_build_object('members', cardinality(p_members)));
  perform count_directory(p_org, p_directory, 0, 1);
  return query select g.id, g.version, g.created_at, g.modified_at;
end $$;

-- One change of a group: its attributes (null p_display_name = leave them) and its members, in one version. The outcome
-- 'patterns' = nothing was done, the new name has to be held against patterns first.
create function scim_update_group(p_org uuid, p_directory uuid, p_group uuid, p_actor jsonb, p_version integer,
  p_display_name text, p_external_id text, p_resource jsonb, p_replace boolean, p_add uuid[], p_remove uuid[],
  p_patterns jsonb default null)
  returns table (version integer, modified_at timestamptz, outcome text) language plpgsql as $$
#variable_conflict use_column
declare
  g directory_group;
  v_changed integer;
  v_renamed boolean := false;
  v_described boolean := false;
  v_touched uuid[];
begin
  if p_display_name is not null then perform lock_mapping(p_org, false); end if;
  select * into g from directory_group where org_id = p_org and id = p_group and directory_id = p_directory for update;
  if not found then return; end if;
  if p_version is not null and g.version <> p_version then
    return query select g.version, g.modified_at, 'version_mismatch'; return;
  end if;
  if p_display_name is not null then
    v_renamed := (g.display_name, g.external_id) is distinct from (p_display_name, p_external_id);
    v_described := v_renamed or g.resource is distinct from p_resource;
  end if;
  if v_renamed and p_patterns is null and has_group_patterns(p_org) then
    return query select g.version, g.modified_at, 'patterns'; return;
  end if;
  if v_renamed then v_touched := array(select members_of_group_facts(p_org, p_group)); end if;
  if v_described then
    update directory_group set display_name = p_display_name, display_name_key = fold_key(p_display_name),
      external_id = p_external_id, resource = p_resource where org_id = p_org and id = p_group;
  end if;
  if v_renamed then perform match_group(p_org, p_group, coalesce(p_patterns, '[]'), p_actor); end if;
  v_changed := change_group_members(p_org, p_directory, p_group, p_replace, p_add, p_remove, p_actor);
  if v_renamed then
    perform reconcile_grants(p_org, array(select unnest(v_touched) union select members_of_group_facts(p_org, p_group)), p_actor);
  end if;
  if v_changed = 0 and not v_described then
    return query select g.version, g.modified_at, 'unchanged'; return;
  end if;
  perform record_audit(p_org, p_actor, 'group.updated', 'group', p_group,
    jsonb_build_object('members_changed', v_changed, 'renamed', v_renamed));
  return query update directory_group set version = g.version + 1, modified_at = greatest(now(), g.modified_at)
    where org_id = p_org and id = p_group returning version, modified_at, 'updated';
end $$;

create function scim_delete_group(p_org uuid, p_directory uuid, p_group uuid, p_actor jsonb, p_version integer)
  returns text language plpgsql as $$
declare
  v_version integer;
  v_members integer;
  v_touched uuid[];
begin
  select version into v_version from directory_group where org_id = p_org and id = p_group and directory_id = p_directory for update;
  if not found then return 'not_found'; end if;
  if p_version is not null and v_version <> p_version then return 'version_mismatch'; end if;
  v_touched := array(select members_of_group_facts(p_org, p_group));
  delete from group_member where org_id = p_org and group_id = p_group;
  get diagnostics v_members = row_count;
  delete from directory_group where org_id = p_org and id = p_group;
  perform reconcile_grants(p_org, v_touched, p_actor);
  perform record_audit(p_org, p_actor, 'group.deleted', 'group', p_group, jsonb_build_object('members', v_members));
  perform count_directory(p_org, p_directory, 0, -1);
  return 'deleted';
end $$;
