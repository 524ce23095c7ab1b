-- What sign-in needs beyond the tables of 0002: OIDC answers are found by their state, traces are read by time.

alter table sign_in_request add column state text collate "C";
comment on column sign_in_request.state is 'OIDC: the state that the answer brings back; SAML answers bring the id as RelayState';
create unique index sign_in_request_by_state on sign_in_request (org_id, connection_id, state) where state is not null;
create index assertion_seen_by_expiry on assertion_seen (expires_at);
create index sign_in_trace_by_time on sign_in_trace (org_id, at desc);

-- Outstanding requests, remembered assertions and upstream sessions (0032) of every organization whose time is over; a
-- session in Keycloak lasts ten hours at most. Answers how many rows went.
create function sweep_sign_ins(p_now timestamptz) returns integer language plpgsql
  security definer set search_path = public, pg_temp as $$
declare
  v_requests integer;
  v_assertions integer;
  v_sessions integer;
  v_logouts integer;
begin
  delete from sign_in_request where expires_at < p_now;
  get diagnostics v_requests = row_count;
  delete from assertion_seen where expires_at < p_now;
  get diagnostics v_assertions = row_count;
  delete from upstream_session where started_at < p_now - interval '10 hours';
  get diagnostics v_sessions = row_count;
  delete from logout_request where expires_at < p_now;
  get diagnostics v_logouts = row_count;
  return v_requests + v_assertions + v_sessions + v_logouts;
end $$;

-- Whether anything but this organization holds a person: a credential, a link or a membership elsewhere. Such a person is
-- linked only by an organization that has proved the address (design, section 3), or after a sign-in of their own.
create function person_held_elsewhere(p_org uuid, p_person uuid) returns boolean language sql stable
  security definer set search_path = public, pg_temp as $$
  select exists (select from member m where m.person_id = p_person and m.org_id <> p_org and m.status not in ('removed', 'purged'))
$$;

revoke execute on function sweep_sign_ins(timestamptz), person_held_elsewhere(uuid, uuid) from public;
grant execute on function sweep_sign_ins(timestamptz), person_held_elsewhere(uuid, uuid) to drawbridge_app, drawbridge_worker;
