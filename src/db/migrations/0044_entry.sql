-- Who may enter by a connection (the access grants of design, sections 2 and 4), and what is kept of each attempt.

create table entry_grant (
  org_id uuid not null,
  id uuid not null default uuidv7(),
  connection_id uuid not null,
  -- null: one of the groups that the sign-in names
  attribute text,
  value text not null,
  value_key text collate "C" not null,
  role_key text,
  created_by jsonb not null,
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  foreign key (org_id, connection_id) references connection on delete cascade,
  foreign key (org_id, role_key) references role (org_id, key),
  constraint entry_grant_taken unique nulls not distinct (org_id, connection_id, attribute, value_key)
);
comment on table entry_grant is 'a group or attribute value that lets people in by a connection, and the role they get; within its author''s rights';

select isolate_by_organization('entry_grant');

-- The roles that access grants gave go at once: an administrator's must not wait for a next sign-in that may never come.
-- Answers how many changes that were.
create function take_back_entry_roles(p_org uuid, p_entry_grants uuid[], p_actor jsonb) returns integer language plpgsql as $$
declare
  v_refs text[] := array(select 'entry:' || id from unnest(p_entry_grants) id);
  v_members uuid[] := array(select distinct member_id from access_grant
    where org_id = p_org and source = 'rule' and ref = any (v_refs));
begin
  perform from member where org_id = p_org and id = any (v_members) order by id for no key update;
  delete from access_grant where org_id = p_org and member_id = any (v_members) and source = 'rule' and ref = any (v_refs);
  return reconcile_grants(p_org, v_members, p_actor);
end $$;
revoke execute on function take_back_entry_roles(uuid, uuid[], jsonb) from public;
grant execute on function take_back_entry_roles(uuid, uuid[], jsonb) to drawbridge_app, drawbridge_worker;

-- The documents of an attempt, kept only where a connection asks for it.
create table sign_in_document (
  org_id uuid not null,
  trace_id uuid not null,
  sealed bytea not null,
  expires_at timestamptz not null,
  primary key (org_id, trace_id),
  foreign key (org_id, trace_id) references sign_in_trace (org_id, id) on delete cascade
);
comment on table sign_in_document is 'what the identity provider sent, encrypted with SECRET_KEY; gone after 72 hours';
create index sign_in_document_by_expiry on sign_in_document (expires_at);

select isolate_by_organization('sign_in_document');
revoke update on sign_in_document from drawbridge_app, drawbridge_worker;

create index sign_in_trace_by_id on sign_in_trace (id);

-- The page of an attempt is asked for by the reference alone.
create function organization_of_trace(p_trace uuid) returns uuid
  language sql stable security definer set search_path = public, pg_temp as $$
  select org_id from sign_in_trace where id = p_trace
$$;
revoke execute on function organization_of_trace(uuid) from public;
grant execute on function organization_of_trace(uuid) to drawbridge_app;

create index sign_in_trace_by_age on sign_in_trace (at);

-- Traces are kept for 30 days, documents for 72 hours. Answers how many traces went.
create function sweep_sign_in_traces(p_now timestamptz) returns integer language plpgsql
  security definer set search_path = public, pg_temp as $$
declare
  v_rows integer;
begin
  delete from sign_in_document where expires_at < p_now;
  delete from sign_in_trace where at < p_now - interval '30 days';
  get diagnostics v_rows = row_count;
  return v_rows;
end $$;
revoke execute on function sweep_sign_in_traces(timestamptz) from public;
grant execute on function sweep_sign_in_traces(timestamptz) to drawbridge_app, drawbridge_worker;
