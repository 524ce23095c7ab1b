-- What the REST API needs beside the domain: keys with full control, and readiness that any role may ask for.

alter table api_key add column full_control boolean not null default false;
comment on column api_key.full_control is 'may grant what needs full control; given only by somebody who has it (law 4)';
create index api_key_by_member on api_key (org_id, member_id) where member_id is not null;

grant select on migration to drawbridge_app, drawbridge_worker;

-- When the keys of one organization were last used, and when they end.
create function api_key_use(p_org uuid) returns table (key_id uuid, expires_at timestamptz, last_used_at timestamptz)
  language sql stable security definer set search_path = public, pg_temp as $$
  select subject_id, expires_at, last_used_at from credential where org_id = p_org and kind = 'api_key'
$$;
revoke execute on function api_key_use(uuid) from public;
grant execute on function api_key_use(uuid) to drawbridge_app, drawbridge_worker;

-- A page of all live organizations, for operators.
create function page_organizations(p_after_key text, p_limit integer) returns setof organization
  language sql stable security definer set search_path = public, pg_temp as $$
  select * from organization where status = 'active' and key > p_after_key order by key limit p_limit
$$;
revoke execute on function page_organizations(text, integer) from public;
grant execute on function page_organizations(text, integer) to drawbridge_app;

-- Out for good takes the member's keys along, whichever door-keeper removed them (law 2).
create function revoke_keys_of_member() returns trigger language plpgsql as $$
begin
  perform revoke_credentials('api_key', k.org_id, k.id) from api_key k
    where k.org_id = new.org_id and k.member_id = new.id and k.revoked_at is null;
  update api_key set revoked_at = now() where org_id = new.org_id and member_id = new.id and revoked_at is null;
  return null;
end $$;
revoke execute on function revoke_keys_of_member() from public;
grant execute on function revoke_keys_of_member() to drawbridge_app, drawbridge_worker;
create trigger member_removed_loses_keys after update of status on member for each row
  when (new.status in ('removed', 'purged') and old.status is distinct from new.status)
  execute function revoke_keys_of_member();
