-- The listed functions that cross organizations (law 5). Each is SECURITY DEFINER with a pinned search path; 0009 revokes
-- them from everybody and grants them to app and worker by name.

-- How names and addresses are compared everywhere: Unicode NFC, lower case. Most are ASCII, where each character is a
-- byte and NFC changes nothing: normalizing those took a tenth of a create.
-- The dotted capital I is the one letter that lower() folds to another letter's small form: i without the dot that stands
-- above it. To everybody else (JavaScript, Java, IDNA) it keeps the dot, and the two are different addresses.
create function fold_key(p_text text) returns text language sql immutable parallel safe
  return lower(case when octet_length(p_text) = char_length(p_text) then p_text
    else replace(normalize(p_text, nfc), U&'\0130', U&'i\0307') end);

create function mark_projection(p_kind text, p_id uuid, p_priority integer) returns void language sql
  security definer set search_path = public, pg_temp as $$
  insert into projection_due (kind, subject_id, priority) values (p_kind, p_id, p_priority)
  on conflict (kind, subject_id) do update set priority = least(projection_due.priority, excluded.priority),
    seq = nextval('projection_seq'), due_at = least(projection_due.due_at, excluded.due_at), attempts = 0
$$;

create function find_credential(p_hash bytea)
  returns table (kind text, org_id uuid, subject_id uuid, expires_at timestamptz, revoked_at timestamptz)
  language sql stable security definer set search_path = public, pg_temp as $$
  select kind, org_id, subject_id, expires_at, revoked_at from credential where hash = p_hash
$$;

create function issue_credential(p_hash bytea, p_kind text, p_org uuid, p_subject uuid, p_expires timestamptz) returns void
  language sql security definer set search_path = public, pg_temp as $$
  insert into credential (hash, kind, org_id, subject_id, expires_at) values (p_hash, p_kind, p_org, p_subject, p_expires)
$$;

-- Ends every credential of a subject, here and in every process that remembers one.
create function revoke_credentials(p_kind text, p_org uuid, p_subject uuid) returns integer
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_hash bytea;
  v_count integer := 0;
begin
  for v_hash in update credential set revoked_at = now()
    where kind = p_kind and org_id is not distinct from p_org and subject_id = p_subject and revoked_at is null returning hash
  loop
    perform pg_notify('credential_revoked', encode(v_hash, 'hex'));
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;

create function touch_credentials(p_hashes bytea[], p_at timestamptz) returns void
  language sql security definer set search_path = public, pg_temp as $$
  update credential set last_used_at = greatest(last_used_at, p_at) where hash = any (p_hashes)
$$;

create function organization_of_key(p_key text) returns uuid
  language sql stable security definer set search_path = public, pg_temp as $$
  select org_id from organization_key where key = p_key
$$;

create function claim_organization_key(p_key text, p_org uuid) returns void
  language sql security definer set search_path = public, pg_temp as $$
  insert into organization_key (key, org_id) values (p_key, p_org)
$$;

create function list_organizations() returns table (org_id uuid, key text, display_name text)
  language sql stable security definer set search_path = public, pg_temp as $$
  select o.org_id, o.key, o.display_name from organization o where o.status = 'active' order by o.key
$$;

create function organization_of_connection(p_connection uuid) returns uuid
  language sql stable security definer set search_path = public, pg_temp as $$
  select org_id from connection where id = p_connection
$$;

-- The domains above one: `b.c` and `c` for `a.b.c`.
create function domains_above(p_domain text) returns text[] language sql immutable parallel safe
  return array(select array_to_string(l[i:], '.') from (select string_to_array(p_domain, '.') as l) t,
    generate_series(2, array_length(l, 1)) i);

-- The verified claim that a domain belongs to: its own, else the nearest one above that includes its subdomains.
create function covering_claim(p_domain text, out domain text, out org_id uuid)
  language sql stable security definer set search_path = public, pg_temp as $$
  with own as materialized (
    select d.domain, d.org_id from domain_claim d where d.domain = p_domain and d.status = 'verified')
  select own.domain, own.org_id from own
  union all
  (select d.domain, d.org_id from domain_claim d where not exists (select from own)
    and d.domain = any (domains_above(p_domain)) and d.status = 'verified' and d.include_subdomains
    order by length(d.domain) desc limit 1)
$$;

-- Where the people of a domain sign in: its owner, and while its grace lasts also who has lost it to nobody.
create function organization_of_domain(p_domain text) returns uuid
  language sql stable security definer set search_path = public, pg_temp as $$
  select coalesce((select org_id from covering_claim(lower(p_domain))),
    (select org_id from domain_claim where domain = lower(p_domain) and status = 'lost' and ended_at is null
      order by lost_at desc limit 1))
$$;

create function domains_of_organization(p_org uuid) returns setof domain_claim
  language sql stable security definer set search_path = public, pg_temp as $$
  select * from domain_claim where org_id = p_org and status <> 'released' order by domain
$$;

-- Writes the organization's claim. A domain that another organization has verified fails on domain_claim_one_owner.
create function claim_domain(p_org uuid, p_domain text, p_token text, p_status text, p_method text, p_by jsonb,
  p_now timestamptz) returns void language sql security definer set search_path = public, pg_temp as $$
  insert into domain_claim (domain, org_id, status, dns_token, method, decided_by, verified_at, last_check, last_checked_at,
    next_check_at)
  values (p_domain, p_org, p_status, p_token, p_method, p_by, case when p_status = 'verified' then p_now end,
    case when p_method = 'dns' then 'found' end, case when p_method = 'dns' then p_now end,
    case when p_method = 'dns' and p_status = 'verified' then p_now + interval '7 days' end)
  on conflict (domain, org_id) do update set status = excluded.status, method = excluded.method,
    decided_by = excluded.decided_by, verified_at = excluded.verified_at,
    last_check = coalesce(excluded.last_check, domain_claim.last_check),
    last_checked_at = coalesce(excluded.last_checked_at, domain_claim.last_checked_at),
    next_check_at = excluded.next_check_at, missing_since = null, lost_at = null,
    ended_at = case when excluded.status <> 'verified' then domain_claim.ended_at end
$$;

-- Which of the organization's verified claims covers an address; null = none.
create function own_domain_of(p_org uuid, p_address text) returns text
  language sql stable security definer set search_path = public, pg_temp as $$
  select domain from covering_claim(split_part(fold_key(p_address), '@', 2)) where org_id = p_org
$$;

create function owns_domain_of(p_org uuid, p_address text) returns boolean
  language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from domain_claim d where d.domain = split_part(fold_key(p_address), '@', 2)
    and d.org_id = p_org and d.status = 'verified') or own_domain_of(p_org, p_address) is not null
$$;

create function home_organization(p_person uuid) returns uuid
  language sql stable security definer set search_path = public, pg_temp as $$
  select c.org_id from person_address a, covering_claim(split_part(a.address_key, '@', 2)) c where a.person_id = p_person
$$;

-- Who somebody with this address would be here: the person that the organization may take for an address of its verified
-- domain (a new one, or one that nobody has a hold on: no credential, no link, no other membership), or why not yet.
create function admission(p_org uuid, p_address text, p_given text, p_family text, out person_id uuid, out reason text)
  language plpgsql security definer set search_path = public, pg_temp as $$
#variable_conflict use_column
declare
  v_key text := fold_key(p_address);
  v_owned boolean;
  v_person person;
begin
  if p_address is null then
    reason := 'no_address'; return;
  end if;
  select owns_domain_of(p_org, p_address),
    (select a.person_id from person_address a where a.address_key = v_key)
  into v_owned, person_id;
  if not v_owned then
    reason := 'address_not_verified'; person_id := null; return;
  end if;
  if person_id is not null then
    select * into v_person from person where id = person_id for update;
    person_id := null;
    if v_person.locked_at is not null or exists (select from member m where m.person_id = v_person.id
        and (m.status not in ('removed', 'purged') or m.org_id <> p_org)) then
      reason := 'address_taken'; return;
    end if;
    if not exists (select from member m where m.person_id = v_person.id) then
      if v_person.has_credential then reason := 'address_taken'; else person_id := v_person.id; end if;
      return;
    end if;
    -- the address was somebody's who has left: the old account gives it up, whatever it signs in with, and a new person
    -- takes it
    delete from person_address where address_key = v_key;
    perform mark_projection('person', v_person.id, 0);
  end if;
  person_id := uuidv7();
  with newcomer as (insert into person (id, given_name, family_name) values (person_id, p_given, p_family))
  insert into person_address (address_key, address, person_id, proved_at) values (v_key, p_address, person_id, now());
end $$;

-- The person behind an address that was proved by a mailed link: an existing one or a new one.
create function person_by_proved_address(p_address text, p_given text, p_family text) returns uuid
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_key text := fold_key(p_address);
  v_person uuid;
begin
  select person_id into v_person from person_address where address_key = v_key;
  if found then return v_person; end if;
  insert into person (given_name, family_name, sets_password) values (p_given, p_family, true) returning id into v_person;
  insert into person_address (address_key, address, person_id, proved_at) values (v_key, p_address, v_person, now());
  return v_person;
end $$;

-- What decides how somebody may come in: whether anything holds this person already.
create function person_standing(p_address text)
  returns table (person_id uuid, has_credential boolean, has_link boolean, memberships integer)
  language sql stable security definer set search_path = public, pg_temp as $$
  select p.id, p.has_credential,
    exists (select from identity i join member m on m.org_id = i.org_id and m.id = i.member_id where m.person_id = p.id)
      or exists (select from member m join connection c on c.org_id = m.org_id and c.status = 'active'
        where m.person_id = p.id and m.status = 'active' and owns_domain_of(m.org_id, a.address)),
    (select count(*)::integer from member m where m.person_id = p.id and m.status in ('active', 'suspended'))
  from person_address a join person p on p.id = a.person_id where a.address_key = fold_key(p_address)
$$;

create function address_of_person(p_person uuid) returns text
  language sql stable security definer set search_path = public, pg_temp as $$
  select address from person_address where person_id = p_person
$$;

create function note_credential(p_person uuid, p_has boolean) returns void
  language sql security definer set search_path = public, pg_temp as $$
  update person set has_credential = p_has where id = p_person and has_credential <> p_has
$$;

-- Only the home organization writes account-level fields (design, section 3). Answers whether something changed.
create function write_person_names(p_org uuid, p_person uuid, p_given text, p_family text) returns boolean
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update person set given_name = p_given, family_name = p_family
  where id = p_person and (given_name, family_name) is distinct from (p_given, p_family)
    and home_organization(p_person) = p_org;
  return found;
end $$;

-- Moves a person to another address of the organization's own domains, if nobody has it. Answers whether it did.
create function move_person_address(p_org uuid, p_person uuid, p_address text) returns boolean
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not owns_domain_of(p_org, p_address) then return false; end if;
  if coalesce(home_organization(p_person), p_org) <> p_org then return false; end if;
  if exists (select from person_address where address_key = fold_key(p_address) and person_id <> p_person) then return false; end if;
  delete from person_address where person_id = p_person;
  insert into person_address (address_key, address, person_id, proved_at)
  values (fold_key(p_address), p_address, p_person, now());
  return true;
end $$;

create function person_of_keycloak_id(p_keycloak_id text) returns uuid
  language sql stable security definer set search_path = public, pg_temp as $$
  select id from keycloak_id where kind = 'person' and keycloak_id = p_keycloak_id
$$;

-- What Keycloak must look like for one organization.
create function organization_projection(p_org uuid) returns jsonb
  language sql stable security definer set search_path = public, pg_temp as $$
  select jsonb_build_object(
    'orgId', o.org_id, 'key', o.key, 'displayName', o.display_name, 'deleted', o.status = 'deleted',
    -- where the subdomains count as the domain, Keycloak's page leads by a wildcard as organization_of_domain does: the
    -- most specific wins
    'domains', coalesce((select jsonb_agg(name order by name) from domain_claim d,
        unnest(array[d.domain, case when d.include_subdomains and d.status = 'verified' then '*.' || d.domain end]) name
      where name is not null and d.org_id = o.org_id and (d.status = 'verified' or d.status = 'lost' and d.ended_at is null
        and not exists (select from domain_claim n where n.domain = d.domain and n.org_id <> d.org_id
          and n.status = 'verified'))), '[]'),
    'teams', coalesce((select jsonb_agg(jsonb_build_object('id', t.id, 'key', t.key, 'displayName', t.display_name) order by t.key)
      from team t where t.org_id = o.org_id and t.archived_at is null), '[]'),
    'roles', coalesce((select jsonb_agg(r.key order by r.key) from role r where r.org_id = o.org_id), '[]'),
    -- one provider in Keycloak stands for all of an organization's connections
    'connection', (select jsonb_build_object('id', c.id, 'active', true) from connection c
      where c.org_id = o.org_id and c.status = 'active' order by c.id limit 1))
  from organization o where o.org_id = p_org
$$;

create function persons_of_organization(p_org uuid) returns setof uuid
  language sql stable security definer set search_path = public, pg_temp as $$
  select distinct person_id from member where org_id = p_org and person_id is not null and status = 'active'
$$;

create function persons_with_account() returns setof uuid
  language sql stable security definer set search_path = public, pg_temp as $$
  select p.id from person p where exists (select from keycloak_id k where k.kind = 'person' and k.id = p.id)
    or exists (select from member m where m.person_id = p.id and m.status = 'active') order by p.id
$$;
