-- How an organization's people must sign in (design, section 4): through the company or not, how long a session counts,
-- with a second factor or not; and the owners who stay able to come in by password when the company's provider fails.

alter table organization
  add column sso_enforcement text not null default 'off'
    constraint organization_sso_enforcement check (sso_enforcement in ('off', 'enforced')),
  add column sso_guests text not null default 'exempt'
    constraint organization_sso_guests check (sso_guests in ('exempt', 'held')),
  add column sso_enforced_at timestamptz,
  add column max_session_seconds integer
    constraint organization_max_session check (max_session_seconds between 300 and 31536000),
  add column second_factor text not null default 'off'
    constraint organization_second_factor check (second_factor in ('off', 'required')),
  add constraint organization_enforced_since check ((sso_enforcement = 'enforced') = (sso_enforced_at is not null));
comment on column organization.sso_guests is 'whether enforcement holds people whose address is in none of the verified domains';

create table break_glass (
  org_id uuid not null,
  member_id uuid not null,
  named_by jsonb not null,
  named_at timestamptz not null,
  -- Keycloak demands the second factor and every earlier session is ended: a sign-in by password from here on proves
  ready_at timestamptz,
  proved_at timestamptz,
  last_used_at timestamptz,
  last_session text,
  primary key (org_id, member_id),
  foreign key (org_id, member_id) references member on delete cascade,
  constraint break_glass_proved_when_ready check (proved_at is null or ready_at is not null)
);
comment on table break_glass is 'owners who sign in by password and second factor whatever the policy; nothing else may hold them';

select isolate_by_organization('break_glass');

-- Whether a member is let in by password whatever the policy: named, and still an owner who may come in.
create function is_break_glass(p_org uuid, p_member uuid) returns boolean language sql stable as $$
  select exists (select from break_glass b join member m on m.org_id = b.org_id and m.id = b.member_id
      join role r on r.org_id = m.org_id and r.key = m.role_key
    where b.org_id = p_org and b.member_id = p_member and m.status = 'active' and m.kind = 'human' and r.full_control)
$$;

-- Whether another organization has a say in how a person signs in: it owns the domain of their address, or its company
-- signs them in.
create function signs_in_elsewhere(p_org uuid, p_person uuid) returns boolean language sql stable
  security definer set search_path = public, pg_temp as $$
  select coalesce(organization_of_domain(split_part(address_of_person(p_person), '@', 2)) <> p_org, false)
    or exists (select from member m join connection c on c.org_id = m.org_id and c.status = 'active'
      where m.person_id = p_person and m.org_id <> p_org and m.status = 'active' and not is_break_glass(m.org_id, m.id))
$$;

-- What Keycloak must look like for one person (design, section 9). The home organization alone decides how a person signs
-- in, also while it has a domain's proof to find again: whoever takes a record out of the DNS must not open a door. One without a home is held only where everybody who has them holds guests: what one demands must not shut the other's
-- door, its own stands at the access check. A second factor shuts no door, so whoever demands it gets it.
create function person_projection(p_person uuid) returns jsonb
  language sql stable security definer set search_path = public, pg_temp as $$
  with place as materialized (
    select m.org_id, m.id, m.role_key, o.key, o.second_factor, is_break_glass(m.org_id, m.id) as break_glass,
      o.sso_enforcement = 'enforced' and o.sso_guests = 'held' as holds_guests
    from member m join organization o on o.org_id = m.org_id and o.status = 'active'
    where m.person_id = p_person and m.status = 'active'),
  home as materialized (
    select organization_of_domain(split_part(address_of_person(p_person), '@', 2)) as org_id),
  demand as materialized (
    select case when home.org_id is null then coalesce((select bool_and(holds_guests and not break_glass) from place), false)
        else exists (select from organization o where o.org_id = home.org_id and o.sso_enforcement = 'enforced')
          and not exists (select from place where place.org_id = home.org_id and break_glass) end as by_company,
      exists (select from place where break_glass or second_factor = 'required') as second_factor,
      exists (select from place where break_glass) as break_glass
    from home)
  select jsonb_build_object(
    'personId', p.id, 'address', a.address, 'givenName', p.given_name, 'familyName', p.family_name,
    'enabled', p.locked_at is null and a.address is not null and exists (select from place),
    'setPassword', p.sets_password and not demand.by_company, 'invitationLink', p.sets_password and not demand.by_company,
    'roles', array_remove(array[case when demand.second_factor then 'mfa-required' end,
      case when demand.by_company then 'sso-enforced' end], null),
    'breakGlass', demand.break_glass,
    'organizations', coalesce((select jsonb_agg(jsonb_build_object(
        'orgId', place.org_id, 'alias', place.key, 'role', place.role_key,
        'teams', coalesce((select jsonb_agg(t.key order by t.key) from team_member tm
          join team t on t.org_id = tm.org_id and t.id = tm.team_id and t.archived_at is null
          where tm.org_id = place.org_id and tm.member_id = place.id), '[]'),
        'links', case when not place.break_glass
            and exists (select from connection c where c.org_id = place.org_id and c.status = 'active')
          then jsonb_build_array('sso-' || place.key) else '[]'::jsonb end) order by place.key)
      from place), '[]'))
  from person p cross join demand left join person_address a on a.person_id = p.id where p.id = p_person
$$;
-- what was projected before there were roles
update keycloak_projected set desired = jsonb_set(desired, '{account}',
  desired -> 'account' || '{"roles": [], "firstFactors": "any"}');

-- Everybody whose account a policy of this organization touches is due: its members, and whoever has an address of its
-- domains. They do not overtake those who lose their access. Answers how many.
create function mark_people_of_organization(p_org uuid) returns integer language plpgsql
  security definer set search_path = public, pg_temp as $$
declare
  v_count integer;
begin
  insert into projection_due (kind, subject_id, priority)
  select 'person', people.id, 1 from (
    select m.person_id from member m where m.org_id = p_org and m.status = 'active' and m.person_id is not null
    union
    select a.person_id from person_address a
    where exists (select from domain_claim d where d.org_id = p_org
        and (d.domain = split_part(a.address_key, '@', 2) or a.address_key like '%.' || d.domain))
      and exists (select from member m where m.person_id = a.person_id and m.status = 'active')) people (id)
  on conflict (kind, subject_id) do update set seq = nextval('projection_seq'),
    due_at = least(projection_due.due_at, excluded.due_at), attempts = 0;
  get diagnostics v_count = row_count;
  return v_count;
end $$;

-- How many people enforced company sign-in holds by a domain, wherever they are members; 0 where nothing is enforced.
create function people_held_by_domain(p_org uuid, p_domain text) returns integer language sql stable
  security definer set search_path = public, pg_temp as $$
  select count(*)::integer from person_address a, split_part(a.address_key, '@', 2) of_address
  where exists (select from organization o where o.org_id = p_org and o.sso_enforcement = 'enforced')
    and (of_address = p_domain and organization_of_domain(of_address) = p_org
      or of_address like '%.' || p_domain and exists (select from covering_claim(of_address) c
        where c.org_id = p_org and c.domain = p_domain))
    and exists (select from member m where m.person_id = a.person_id and m.status = 'active')
    and not exists (select from member m where m.person_id = a.person_id and m.org_id = p_org and is_break_glass(p_org, m.id))
$$;

-- A domain that comes or goes changes whose home an enforcing organization is.
create function mark_people_of_domain() returns trigger language plpgsql
  security definer set search_path = public, pg_temp as $$
begin
  if exists (select from organization where org_id = coalesce(new.org_id, old.org_id) and sso_enforcement = 'enforced') then
    perform mark_people_of_organization(coalesce(new.org_id, old.org_id));
  end if;
  return null;
end $$;
create trigger domain_claim_changes_home after insert or delete or update of status, include_subdomains, ended_at on domain_claim
  for each row execute function mark_people_of_domain();

-- Every session of a person is to end with the next projection, whatever else it changes.
create function demand_logout(p_person uuid) returns void language plpgsql
  security definer set search_path = public, pg_temp as $$
begin
  update keycloak_projected set logout_due = true where person_id = p_person;
  perform mark_projection('person', p_person, 0);
end $$;

-- Keycloak asks this person for the second factor, and no earlier session is left.
create function note_break_glass_ready(p_person uuid) returns void language sql
  security definer set search_path = public, pg_temp as $$
  update break_glass b set ready_at = clock_timestamp() from member m
  where m.person_id = p_person and b.org_id = m.org_id and b.member_id = m.id and b.ready_at is null
$$;

-- Passwords and passkeys were deleted in Keycloak: nothing but the company proves this person from here on.
create function note_first_factors_deleted(p_person uuid) returns void language sql
  security definer set search_path = public, pg_temp as $$
  update person set has_credential = false where id = p_person;
  select record_audit(m.org_id, '{"kind": "system", "id": "projection"}', 'member.password_deleted', 'member', m.id)
  from member m join organization o on o.org_id = m.org_id and o.sso_enforcement = 'enforced'
  where m.person_id = p_person and m.status = 'active'
$$;

-- No connection may know a break-glass owner, whoever has approved it meanwhile: the company could become them.
create function refuse_break_glass_link() returns trigger language plpgsql as $$
begin
  if exists (select from break_glass where org_id = new.org_id and member_id = new.member_id) then
    perform refuse('break_glass_not_linked', 'This member is a break-glass owner: no company sign-in may be linked to them.');
  end if;
  return new;
end $$;
create trigger identity_breaks_no_glass before insert on identity
  for each row execute function refuse_break_glass_link();
create trigger link_approval_breaks_no_glass before insert on link_approval
  for each row execute function refuse_break_glass_link();

-- Out for good is out of this office, too.
create function end_break_glass() returns trigger language plpgsql as $$
begin
  delete from break_glass where org_id = new.org_id and member_id = new.id;
  return null;
end $$;
create trigger member_removed_breaks_no_glass after update of status on member for each row
  when (new.status in ('removed', 'purged') and old.status is distinct from new.status)
  execute function end_break_glass();

-- Why a directory may not take a member over by itself: the member must be held by nothing else, the address proves
-- nothing here, or the member has, or is offered, rights over others (design, section 4). Null = it may.
create function adoption_hindrance(p_org uuid, p_member uuid) returns text language sql stable as $$
  select case
    when exists (select from break_glass b where b.org_id = p_org and b.member_id = m.id) then 'break_glass'
    when exists (select from role r where r.org_id = p_org and (r.key = m.role_key or r.key in (select i.role_key from invitation i
        where i.org_id = p_org and i.member_id = m.id and i.status = 'pending'))
      and (r.full_control or r.permissions && array['organization.manage', 'member.manage', 'role.assign', 'rule.manage',
        'directory.manage', 'connection.manage', 'key.manage'])) then 'admin_rights'
    when m.address is null or not owns_domain_of(p_org, m.address) then 'address_not_verified'
  end
  from member m where m.org_id = p_org and m.id = p_member
$$;

do $$
declare
  v_function regprocedure;
begin
  foreach v_function in array array['is_break_glass(uuid, uuid)', 'signs_in_elsewhere(uuid, uuid)', 'person_projection(uuid)',
    'mark_people_of_organization(uuid)', 'people_held_by_domain(uuid, text)', 'mark_people_of_domain()',
    'demand_logout(uuid)', 'note_break_glass_ready(uuid)', 'note_first_factors_deleted(uuid)', 'refuse_break_glass_link()',
    'end_break_glass()', 'adoption_hindrance(uuid, uuid)']::regprocedure[]
  loop
    execute format('revoke execute on function %s from public', v_function);
    execute format('grant execute on function %s to drawbridge_app, drawbridge_worker', v_function);
  end loop;
end $$;
