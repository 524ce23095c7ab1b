-- Changes of one directory that come at the same time, made by one statement and one commit: what a statement, its plans
-- and the log's flush cost is paid once for all of them. Each function makes the plain changes only and answers which
-- those were; whatever needs a decision (somebody who returns, an address that is somebody's, a block, a full plan) is
-- left out of the answer, untouched, and goes the long way of 0007 by itself. Who breaks a unique key all the same ends
-- the statement, and then each goes alone.
--
-- Their plans are made once and look every row up by its key: an array whose length is known would have each call planned
-- anew, and a plan that was made while a table was small would read all of it when it is large.

-- What a directory says of one of its users, as one of several in a JSON array. `n` is the caller's, by which the answers are
-- told apart; member and version are those of users it has already.
create type directory_user_asked as (
  n bigint, member_id uuid, version integer, user_name text, external_id text, address text, display_name text, given_name text,
  family_name text, email text, resource jsonb
);

-- Creates and updates run as the owner of the tables, for whom no policy is weighed at every one of them, row by row; so each
-- of them demands first what the policies ask, and names p_org in all that it reads and writes of an organization.
create function demand_organization(p_org uuid) returns void language plpgsql as $$
begin
  if p_org is distinct from nullif(current_setting('drawbridge.org_id', true), '')::uuid then
    raise exception 'the connection is not lent for organization %', p_org using errcode = 'insufficient_privilege';
  end if;
end $$;

-- The door in for several who were nobody here: admit_member (0005) for people without a past, carried from the start by
-- one source. Answers those it let in, active or, where the organization has not proved their domain, pending without a
-- person: admission (0004) for the case that no account has to be looked at. Whom it leaves out (somebody has the address,
-- here or elsewhere) or a plan that counts seats goes through the other door. `n` is the caller's; each has an address. For
-- functions that run as the owner, which alone reach persons.
create function admit_new_members(p_org uuid, p_source text, p_ref uuid, p_ns bigint[], p_addresses text[],
  p_display_names text[], p_given_names text[], p_family_names text[])
  returns table (n bigint, member_id uuid, status text) language sql as $$
  with stranger as materialized (
    select u.*, fold_key(u.address) as address_key, o.default_role,
      -- the function only for whoever has no verified domain of their own: it looks for one above that includes theirs
      case when exists (select from domain_claim c where c.domain = split_part(fold_key(u.address), '@', 2)
        and c.status = 'verified' and c.org_id = p_org) or own_domain_of(p_org, u.address) is not null
        then uuidv7() end as person_id
    from organization o,
      unnest(p_ns, p_addresses, p_display_names, p_given_names, p_family_names) as u (n, address, display_name, given_name, family_name)
    where o.org_id = p_org and o.seat_limit is null
      and (select m.id from member m where m.org_id = p_org and m.address_key = fold_key(u.address)
        and m.status not in ('removed', 'purged')) is null),
  admitted as materialized (
    select s.*, uuidv7() as member_id, case when s.person_id is null then 'pending' else 'active' end as status from stranger s
    where s.person_id is null or (select a.person_id from person_address a where a.address_key = s.address_key) is null),
  newcomer as (
    insert into person (id, given_name, family_name) select a.person_id, a.given_name, a.family_name from admitted a
    where a.person_id is not null),
  place as (
    insert into person_address (address_key, address, person_id, proved_at)
    select a.address_key, a.address, a.person_id, now() from admitted a where a.person_id is not null),
  new_member as (
    insert into member (org_id, id, person_id, status, pending_reason, role_key, address, address_key, display_name,
      given_name, family_name)
    select p_org, a.member_id, a.person_id, a.status, case when a.status = 'pending' then 'address_not_verified' end,
      a.default_role, a.address, a.address_key, a.display_name, a.given_name, a.family_name from admitted a),
  new_carrier as (
    insert into carrier (org_id, member_id, source, ref) select p_org, a.member_id, p_source, p_ref from admitted a),
  mark as (
    -- of persons who are new: there is none to meet
    insert into projection_due (kind, subject_id) select 'person', a.person_id from admitted a where a.person_id is not null)
  select a.n, a.member_id, a.status from admitted a
$$;

create function scim_create_users(p_org uuid, p_directory uuid, p_actor jsonb, p_users jsonb)
  returns table (n bigint, member_id uuid, version integer, created_at timestamptz, modified_at timestamptz) language plpgsql
  security definer set search_path = public, pg_temp
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  perform demand_organization(p_org);
  return query
  -- subqueries of one row each, since the planner may make a scan of the whole directory of an anti-join
  with unknown as materialized (
    select u.*, fold_key(u.user_name) as user_name_key
    from jsonb_populate_recordset(null::directory_user_asked, p_users) u
    where u.address is not null
      and (select d.member_id from directory_user d where d.org_id = p_org and d.directory_id = p_directory
        and d.user_name_key = fold_key(u.user_name) and d.deleted_at is null) is null
      and (select d.member_id from directory_user d where d.org_id = p_org and d.directory_id = p_directory
        and d.external_id = u.external_id and d.deleted_at is null) is null
      and (select d.member_id from directory_user d where d.org_id = p_org and d.directory_id = p_directory
        and d.external_id = u.external_id and d.deleted_at is not null limit 1) is null),
  admitted as materialized (
    select a.*
    from (select array_agg(u.n) as ns, array_agg(u.address) as addresses, array_agg(u.display_name) as display_names,
        array_agg(u.given_name) as given_names, array_agg(u.family_name) as family_names from unknown u) every
      cross join lateral admit_new_members(p_org, 'directory', p_directory, every.ns, every.addresses, every.display_names,
        every.given_names, every.family_names) a),
  event as (
    insert into audit_event (org_id, actor, action, subject_kind, subject_id, data)
    select p_org, p_actor, 'directory_user.created', 'member', a.member_id,
      case a.status when 'pending' then jsonb_build_object('status', 'pending', 'reason', 'address_not_verified')
        else '{"status": "active"}' end from admitted a),
  total as (
    insert into directory_count (org_id, directory_id, slot, users)
    select p_org, p_directory, pg_backend_pid() % 64, count(*)::integer from admitted a having count(*) > 0
    on conflict (org_id, directory_id, slot) do update set users = directory_count.users + excluded.users),
  made as (
    insert into directory_user (org_id, directory_id, member_id, user_name, user_name_key, external_id, display_name_key,
      email_key, given_name_key, family_name_key, active, resource, created_at, modified_at)
    select p_org, p_directory, a.member_id, u.user_name, u.user_name_key, u.external_id, fold_key(u.display_name),
      fold_key(u.email), fold_key(u.given_name), fold_key(u.family_name), true, u.resource, now(), now()
    from admitted a join unknown u on u.n = a.n)
  select a.n, a.member_id, 1, now(), now() from admitted a;
  -- after the inserts, whose foreign key has locked the directory's row already
  perform require_active_directory(p_org, p_directory);
end $$;

-- What is decided of users and their members holds until the commit: whoever changes what a member is, or may do, locks it.
-- Each of them locks in this order.
create function lock_directory_users(p_org uuid, p_directory uuid, p_members uuid[]) returns void language sql as $$
  -- one look-up by its whole key for each: as joins, a large directory would be walked in the order of its ids
  select from (select member_id from unnest(p_members) as u (member_id) order by member_id) a
    cross join lateral (select from directory_user d
      where d.org_id = p_org and d.directory_id = p_directory and d.member_id = a.member_id limit 1 for update) d
    cross join lateral (select from member m where m.org_id = p_org and m.id = a.member_id limit 1 for update) m
$$;

-- Replacements of users who are active and stay so, at the address they have, and whom no other directory states. A version
-- that is not the present one is left out like any other question.
create function scim_update_users(p_org uuid, p_directory uuid, p_actor jsonb, p_members uuid[], p_users jsonb)
  returns table (n bigint, member_id uuid, version integer, created_at timestamptz, modified_at timestamptz) language plpgsql
  security definer set search_path = public, pg_temp
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  perform demand_organization(p_org);
  perform lock_directory_users(p_org, p_directory, p_members);
  return query
  with asked as materialized (
    select * from jsonb_populate_recordset(null::directory_user_asked, p_users) u),
  done as (
    update directory_user d set user_name = a.user_name, user_name_key = fold_key(a.user_name), external_id = a.external_id,
      display_name_key = fold_key(a.display_name), email_key = fold_key(a.email), given_name_key = fold_key(a.given_name),
      family_name_key = fold_key(a.family_name), resource = a.resource, version = d.version + 1,
      modified_at = greatest(now(), d.modified_at)
    from asked a join member m on m.org_id = p_org and m.id = a.member_id
      and m.status = 'active' and m.address_key is not distinct from fold_key(a.address)
    where d.org_id = p_org and d.directory_id = p_directory and d.member_id = a.member_id and d.deleted_at is null
      and d.active and d.adoption is null and d.version = a.version
      and (select o.directory_id from directory_user o where o.org_id = p_org and o.member_id = a.member_id
        and o.directory_id <> p_directory and o.deleted_at is null limit 1) is null
      and (d.user_name, d.external_id, d.resource) is distinct from (a.user_name, a.external_id, a.resource)
    returning a.n, a.member_id, m.person_id, coalesce(a.display_name, m.display_name) as display_name,
      coalesce(a.given_name, m.given_name) as given_name, coalesce(a.family_name, m.family_name) as family_name,
      (m.display_name, m.given_name, m.family_name) is distinct from (coalesce(a.display_name, m.display_name),
        coalesce(a.given_name, m.given_name), coalesce(a.family_name, m.family_name)) as renamed, d.version, d.created_at, d.modified_at),
  profile as (
    update member m set display_name = x.display_name, given_name = x.given_name, family_name = x.family_name, updated_at = now()
    from done x where m.org_id = p_org and m.id = x.member_id and x.renamed),
  event as (
    insert into audit_event (org_id, actor, action, subject_kind, subject_id, data)
    select p_org, p_actor, 'directory_user.updated', 'member', x.member_id, jsonb_build_object('version', x.version) from done x),
  -- write_person_names (0004) for several. Whoever has verified a domain itself is the home of its people: only where nobody
  -- has is home_organization asked, which costs as much as all the rest of a change
  account as (
    update person p set given_name = x.given_name, family_name = x.family_name
    from done x where x.renamed and p.id = x.person_id
      and (p.given_name, p.family_name) is distinct from (x.given_name, x.family_name)
      and coalesce((select c.org_id from person_address a join domain_claim c on c.domain = split_part(a.address_key, '@', 2)
          and c.status = 'verified' where a.person_id = p.id),
        home_organization(p.id)) = p_org
    returning p.id),
  mark as (
    insert into projection_due (kind, subject_id) select 'person', a.id from account a
    on conflict (kind, subject_id) do update set priority = least(projection_due.priority, 1),
      seq = nextval('projection_seq'), due_at = least(projection_due.due_at, now()), attempts = 0)
  select x.n, x.member_id, x.version, x.created_at, x.modified_at from done x;
end $$;

-- Users who become inactive and otherwise stay as they are: plain where no other directory states them and they have no full
-- control.
create function scim_deactivate_users(p_org uuid, p_directory uuid, p_actor jsonb, p_members uuid[], p_users jsonb)
  returns table (n bigint, member_id uuid, version integer, created_at timestamptz, modified_at timestamptz) language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  v_plain uuid[];
begin
  perform lock_directory_users(p_org, p_directory, p_members);
  v_plain := array(
    select a.member_id from jsonb_populate_recordset(null::directory_user_asked, p_users) a
    where (select d.member_id from directory_user d where d.org_id = p_org and d.directory_id = p_directory and d.member_id = a.member_id
        and d.deleted_at is null and d.active and d.adoption is null and d.version = a.version
        and (d.user_name, d.external_id, d.display_name_key, d.email_key, d.given_name_key, d.family_name_key) is not distinct from
          (a.user_name, a.external_id, fold_key(a.display_name), fold_key(a.email), fold_key(a.given_name), fold_key(a.family_name))) is not null
      and (select o.directory_id from directory_user o where o.org_id = p_org and o.member_id = a.member_id
        and o.directory_id <> p_directory and o.deleted_at is null limit 1) is null
      and (select m.id from member m where m.org_id = p_org and m.id = a.member_id and m.status = 'active'
        and m.address_key is not distinct from fold_key(a.address)
        and (select r.full_control from role r where r.org_id = p_org and r.key = m.role_key) = false) is not null);
  if v_plain = '{}' then return; end if;
  perform set_directory_blocks(p_org, p_directory, v_plain, false);
  perform release_members(p_org, v_plain, 'suspended', 'directory', p_actor);
  return query
  with done as (
    update directory_user d set active = false, resource = a.resource, version = d.version + 1,
      modified_at = greatest(now(), d.modified_at)
    from jsonb_populate_recordset(null::directory_user_asked, p_users) a
    where d.org_id = p_org and d.directory_id = p_directory and d.member_id = a.member_id and a.member_id = any (v_plain)
    returning a.n, a.member_id, d.version, d.created_at, d.modified_at),
  event as (
    insert into audit_event (org_id, actor, action, subject_kind, subject_id, data)
    select p_org, p_actor, 'directory_user.updated', 'member', x.member_id, jsonb_build_object('version', x.version) from done x)
  select x.n, x.member_id, x.version, x.created_at, x.modified_at from done x;
end $$;

-- Users whom a directory deletes and whom nothing else holds or has given anything: the member goes with them. Blocks stay
-- as tombstones.
create function scim_delete_users(p_org uuid, p_directory uuid, p_actor jsonb, p_members uuid[])
  returns table (n bigint) language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  v_plain uuid[];
begin
  perform lock_directory_users(p_org, p_directory, p_members);
  v_plain := array(
    select a.member_id from unnest(p_members) as a (member_id)
    where (select d.member_id from directory_user d where d.org_id = p_org and d.directory_id = p_directory
        and d.member_id = a.member_id and d.deleted_at is null and d.adoption is null) is not null
      and (select o.directory_id from directory_user o where o.org_id = p_org and o.member_id = a.member_id
        and o.directory_id <> p_directory and o.deleted_at is null limit 1) is null
      and (select m.id from member m where m.org_id = p_org and m.id = a.member_id and m.status in ('active', 'suspended', 'pending')
        and (select r.full_control from role r where r.org_id = p_org and r.key = m.role_key) = false) is not null
      and (select c.ref from carrier c where c.org_id = p_org and c.member_id = a.member_id
        and (c.source, c.ref) <> ('directory', p_directory) limit 1) is null
      and (select g.target from access_grant g where g.org_id = p_org and g.member_id = a.member_id limit 1) is null
      and (select t.team_id from team_member t where t.org_id = p_org and t.member_id = a.member_id limit 1) is null
      and (select i.id from invitation i where i.org_id = p_org and i.member_id = a.member_id limit 1) is null
      and (select i.subject from connection c join identity i on i.org_id = c.org_id and i.connection_id = c.id
        where c.org_id = p_org and i.member_id = a.member_id limit 1) is null);
  if v_plain = '{}' then return; end if;
  perform release_members(p_org, v_plain, 'removed', 'directory_delete', p_actor);
  return query
  with gone as (
    update directory_user d set deleted_at = now(), version = d.version + 1
    where d.org_id = p_org and d.directory_id = p_directory and d.member_id = any (v_plain)),
  left_groups as (delete from group_member gm where gm.org_id = p_org and gm.member_id = any (v_plain)),
  event as (
    insert into audit_event (org_id, actor, action, subject_kind, subject_id, data)
    select p_org, p_actor, 'directory_user.deleted', 'member', m, '{}' from unnest(v_plain) m),
  total as (
    insert into directory_count (org_id, directory_id, slot, users)
    select p_org, p_directory, pg_backend_pid() % 64, -cardinality(v_plain)
    on conflict (org_id, directory_id, slot) do update set users = directory_count.users + excluded.users)
  select a.n from unnest(p_members) with ordinality as a (member_id, n) where a.member_id = any (v_plain);
end $$;

-- Changes of members of several groups, each by difference: `n` of a pair is the change it belongs to. One pair of group and
-- member must not stand in two changes. A group that is not there, and a member to add who is no user, leave a change out.
create function scim_change_members(p_org uuid, p_directory uuid, p_actor jsonb, p_groups uuid[],
  p_pair_changes bigint[], p_pair_members uuid[], p_pair_adds boolean[])
  returns table (n bigint, changed integer) language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  v_locked uuid[];
  v_known bigint[];
  v_changes bigint[];
  v_touched uuid[];
begin
  -- in one order, so that two of these never wait for each other
  v_locked := array(select g.id from directory_group g
    where g.org_id = p_org and g.id = any (p_groups) and g.directory_id is not distinct from p_directory
    order by g.id for no key update);
  v_known := array(
    select c.n from generate_subscripts(p_groups, 1) as c (n) where p_groups[c.n] = any (v_locked)
    except
    select p.n from unnest(p_pair_changes, p_pair_members, p_pair_adds) as p (n, member_id, is_add)
    where p.is_add and (select d.member_id from directory_user d where d.org_id = p_org and d.directory_id = p_directory
      and d.member_id = p.member_id and d.deleted_at is null) is null);
  if v_known = '{}' then return; end if;

  -- each pair is looked up by its whole key, so that no figure of the planner's makes a walk through the group of it; while
  -- the groups are locked, nobody else changes who is in them
  with pair as materialized (
    select p.n, p_groups[p.n] as group_id, p.member_id, p.is_add, found.place
    from unnest(p_pair_changes, p_pair_members, p_pair_adds) as p (n, member_id, is_add)
    left join lateral (select gm.ctid as place from group_member gm
      where gm.org_id = p_org and gm.group_id = p_groups[p.n] and gm.member_id = p.member_id limit 1) found on true
    where p.n = any (v_known)),
  effect as materialized (select * from pair where is_add = (place is null)),
  removed as (
    delete from group_member where ctid = any (array(select e.place from effect e where not e.is_add))),
  added as (
    insert into group_member (org_id, group_id, member_id) select p_org, e.group_id, e.member_id from effect e where e.is_add
    on conflict do nothing)
  select array_agg(e.n), array_agg(e.member_id) into v_changes, v_touched from effect e;

  if v_changes is not null then
    with event as (
      insert into audit_event (org_id, actor, action, subject_kind, subject_id, data)
      select p_org, p_actor, 'group.updated', 'group', p_groups[e.n],
        jsonb_build_object('members_changed', count(*), 'renamed', false) from unnest(v_changes) as e (n) group by e.n)
    update directory_group g set modified_at = greatest(now(), g.modified_at),
      version = g.version + (select count(distinct e.n)::integer from unnest(v_changes) as e (n) where p_groups[e.n] = g.id)
    where g.org_id = p_org and g.id = any (array(select p_groups[e.n] from unnest(v_changes) as e (n)));
    -- a group that no rule matches changes nobody's access
    if groups_are_mapped(p_org, p_groups) then
      perform reconcile_grants(p_org, array(select distinct t from unnest(v_touched) t), p_actor);
    end if;
  end if;
  return query select k.n, (select count(*)::integer from unnest(v_changes) as e (n) where e.n = k.n)
    from unnest(v_known) as k (n);
end $$;

do $$
declare
  v_function regprocedure;
begin
  for v_function in select p.oid::regprocedure from pg_proc p where p.pronamespace = 'public'::regnamespace
    and p.proname in ('demand_organization', 'admit_new_members', 'lock_directory_users', 'scim_create_users', 'scim_update_users',
      'scim_change_members', 'scim_deactivate_users', 'scim_delete_users')
  loop
    execute format('revoke execute on function %s from public', v_function);
    execute format('grant execute on function %s to drawbridge_app, drawbridge_worker', v_function);
  end loop;
  -- whoever calls it must run as the owner
  revoke execute on function admit_new_members from drawbridge_app, drawbridge_worker;
end $$;
