-- When the tokens of a directory were last used: credentials are a realm table, so a listed function reads it.

create function credential_last_used(p_kind text, p_org uuid, p_subject uuid) returns timestamptz
  language sql stable security definer set search_path = public, pg_temp as $$
  select max(last_used_at) from credential where kind = p_kind and org_id = p_org and subject_id = p_subject
$$;
revoke execute on function credential_last_used(text, uuid, uuid) from public;
grant execute on function credential_last_used(text, uuid, uuid) to drawbridge_app, drawbridge_worker;

create index directory_token_by_directory on directory_token (org_id, directory_id);
