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
