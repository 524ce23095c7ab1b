-- The one door in and the one door out (law 2). Everything that can make somebody a member, or end it, passes here.
-- Refusals carry a constraint name, which is the key of the error table in src/db/errors.ts.
-- The organization is locked "for no key update": a new member's foreign key holds "for key share" on the same row, and
-- two transactions that both hold that and ask for "for update" would wait for each other.

create function refuse(p_rule text, p_detail text) returns void language plpgsql as $$
begin
  raise exception '%', p_detail using errcode = 'check_violation', constraint = p_rule;
end $$;

-- Law 3: where one of these members has full control, locks the organization, then refuses when nobody else keeps it. Counted
-- are active humans with no end date.
create function guard_full_control(p_org uuid, p_members uuid[]) returns void language plpgsql as $$
begin
  if not exists (select from member m join role r on r.org_id = m.org_id and r.key = m.role_key and r.full_control
    where m.org_id = p_org and m.id = any (p_members) and m.status = 'active' and m.kind = 'human' and m.ends_at is null) then
    return;
  end if;
  perform from organization where org_id = p_org for no key update;
  if not exists (select from member m join role r on r.org_id = m.org_id and r.key = m.role_key and r.full_control
    where m.org_id = p_org and m.id <> all (p_members) and m.status = 'active' and m.kind = 'human' and m.ends_at is null) then
    perform refuse('last_owner', 'This is the last member with full control of the organization. Give somebody else full control first.');
  end if;
end $$;

-- Seats are counted only where the plan limits them; a pending invitation holds one.
create function guard_seat(p_org uuid, p_member uuid) returns void language plpgsql as $$
declare
  v_limit integer;
  v_used integer;
begin
  select seat_limit into v_limit from organization where org_id = p_org;
  if v_limit is null then return; end if;
  perform from organization where org_id = p_org for no key update;
  select count(*) into v_used from member m where m.org_id = p_org and m.id <> p_member and (m.status = 'active'
    or m.status = 'invited' and exists (select from invitation i where i.org_id = p_org and i.member_id = m.id and i.status = 'pending'));
  if v_used >= v_limit then
    perform refuse('seat_limit', format('All %s seats of the plan are taken. Free a seat or raise the plan''s limit.', v_limit));
  end if;
end $$;

create function admit_member(p_org uuid, p_member uuid, p_actor jsonb) returns text language plpgsql as $$
declare
  m member;
  v_person uuid;
  v_reason text;
begin
  select * into m from member where org_id = p_org and id = p_member for update;
  if m.status = 'active' then return 'active'; end if;
  if exists (select from block where org_id = p_org and member_id = p_member)
    or not exists (select from carrier where org_id = p_org and member_id = p_member) then
    return m.status;
  end if;
  v_person := m.person_id;
  if m.kind = 'human' then
    if v_person is null then
      select a.person_id, a.reason into v_person, v_reason from admission(p_org, m.address, m.given_name, m.family_name) a;
    elsif address_of_person(v_person) is null and not move_person_address(p_org, v_person, m.address) then
      -- somebody who returns, and whose address went to another person meanwhile
      v_reason := case when m.address is null then 'no_address'
        when owns_domain_of(p_org, m.address) then 'address_taken' else 'address_not_verified' end;
    end if;
    if v_reason is not null then
      update member set status = 'pending', pending_reason = v_reason, updated_at = now()
      where org_id = p_org and id = p_member and (status, pending_reason) is distinct from ('pending', v_reason);
      if found then
        perform record_audit(p_org, p_actor, 'member.pending', 'member', p_member, jsonb_build_object('reason', v_reason));
      end if;
      return 'pending';
    end if;
  end if;
  perform guard_seat(p_org, p_member);
  update member set status = 'active', pending_reason = null, person_id = v_person, updated_at = now()
  where org_id = p_org and id = p_member;
  if v_person is not null then perform mark_projection('person', v_person, 1); end if;
  perform record_audit(p_org, p_actor, 'member.admitted', 'member', p_member, jsonb_build_object('from', m.status));
  if exists (select from role where org_id = p_org and key = m.role_key and full_control) then
    perform release_retained_control(p_org, p_actor);
  end if;
  return 'active';
end $$;

-- Out, for all of these members together and in two steps: 'suspended' at once and reversible, 'removed' for good (the
-- record and its history stay). Somebody whom nothing carries but an offer that is still open goes back to 'invited'. What a
-- directory says of its groups is a fact and stays; it gives a removed member nothing.
create function release_members(p_org uuid, p_members uuid[], p_to text, p_reason text, p_actor jsonb) returns void language plpgsql
  -- as in 0012: an array would have every call planned anew
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  p_members := array(select m.id from member m where m.org_id = p_org and m.id = any (p_members)
    and m.status not in (p_to, 'removed', 'purged') order by m.id for update);
  if p_members = '{}' then return; end if;
  perform guard_full_control(p_org, p_members);
  with released as (
    update member m set status = p_to, pending_reason = null, updated_at = now(), role_key = case
      when p_to = 'removed' then (select o.default_role from organization o where o.org_id = p_org) else m.role_key end
    where m.org_id = p_org and m.id = any (p_members)
    returning m.id, m.person_id, old.status as status_before, old.role_key as role_before),
  event as (
    insert into audit_event (org_id, actor, action, subject_kind, subject_id, data)
    select p_org, p_actor, 'member.' || p_to, 'member', r.id,
      jsonb_build_object('from', r.status_before, 'reason', p_reason, 'role', r.role_before) from released r)
  insert into projection_due (kind, subject_id, priority) select 'person', r.person_id, 0 from released r
  where r.person_id is not null
  on conflict (kind, subject_id) do update set priority = 0, seq = nextval('projection_seq'),
    due_at = least(projection_due.due_at, excluded.due_at), attempts = 0;
  if p_to = 'removed' then
    delete from carrier where org_id = p_org and member_id = any (p_members);
    delete from team_member where org_id = p_org and member_id = any (p_members);
    delete from access_grant where org_id = p_org and member_id = any (p_members);
    -- each by its whole key: an organization has few connections, and no index leads from a member to an identity
    delete from identity where ctid = any (array(
      select found.place from connection c cross join unnest(p_members) as gone (id)
        cross join lateral (select i.ctid as place from identity i
          where i.org_id = p_org and i.connection_id = c.id and i.member_id = gone.id limit 1) found
      where c.org_id = p_org));
    delete from sso_evidence where org_id = p_org and member_id = any (p_members);
    update invitation set status = 'cancelled' where org_id = p_org and member_id = any (p_members) and status = 'pending';
  end if;
end $$;

-- The same for one. Answers the status that the member has then.
create function release_member(p_org uuid, p_member uuid, p_to text, p_reason text, p_actor jsonb) returns text language plpgsql as $$
begin
  perform release_members(p_org, array[p_member], p_to, p_reason, p_actor);
  return (select status from member where org_id = p_org and id = p_member);
end $$;

-- Active = at least one carrier and no block: brings the status to what carriers and blocks say, through the two doors.
create function settle_member(p_org uuid, p_member uuid, p_reason text, p_actor jsonb) returns text language plpgsql as $$
declare
  v_status text;
  v_blocked boolean := exists (select from block where org_id = p_org and member_id = p_member);
begin
  select status into v_status from member where org_id = p_org and id = p_member for update;
  if not exists (select from carrier where org_id = p_org and member_id = p_member) then
    if v_status not in ('active', 'suspended', 'pending') then return v_status; end if;
    return release_member(p_org, p_member, case
      when not exists (select from invitation where org_id = p_org and member_id = p_member and status = 'pending'
        and not confirms_address) then 'removed'
      when v_blocked then 'suspended' else 'invited' end, p_reason, p_actor);
  end if;
  if v_blocked then
    return release_member(p_org, p_member, 'suspended', p_reason, p_actor);
  end if;
  return admit_member(p_org, p_member, p_actor);
end $$;

-- An address the directory or an admin states anew passes the test again, and must be nobody else's here; until then the
-- account keeps the old one.
create function change_member_address(p_org uuid, p_member uuid, p_address text, p_actor jsonb) returns void language plpgsql as $$
declare
  m member;
  v_free boolean := not exists (select from member o where o.org_id = p_org and o.address_key = fold_key(p_address)
    and o.id <> p_member and o.status not in ('removed', 'purged'));
begin
  select * into m from member where org_id = p_org and id = p_member for update;
  if m.address is not distinct from p_address then return; end if;
  if v_free and m.person_id is null then
    update member set address = p_address, address_key = fold_key(p_address), updated_at = now() where org_id = p_org and id = p_member;
    perform settle_member(p_org, p_member, 'address_changed', p_actor);
  elsif v_free and p_address is not null and move_person_address(p_org, m.person_id, p_address) then
    update member set address = p_address, address_key = fold_key(p_address), updated_at = now() where org_id = p_org and id = p_member;
    perform mark_projection('person', m.person_id, 1);
    perform record_audit(p_org, p_actor, 'member.address_changed', 'member', p_member, '{}',
      jsonb_build_object('from', m.address, 'to', p_address));
  else
    perform record_audit(p_org, p_actor, 'member.address_change_waits', 'member', p_member, '{}',
      jsonb_build_object('from', m.address, 'to', p_address));
  end if;
end $$;

-- Verifying a domain admits all who wait for it. Answers how many.
create function admit_waiting(p_org uuid, p_domain text, p_actor jsonb) returns integer language plpgsql as $$
declare
  v_member uuid;
  v_count integer := 0;
begin
  for v_member in select id from member where org_id = p_org and status = 'pending'
    and (split_part(address_key, '@', 2) = lower(p_domain) or split_part(address_key, '@', 2) like '%.' || lower(p_domain))
    order by id
  loop
    if admit_member(p_org, v_member, p_actor) = 'active' then v_count := v_count + 1; end if;
  end loop;
  return v_count;
end $$;
