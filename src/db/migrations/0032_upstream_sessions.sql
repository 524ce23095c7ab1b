-- Sessions at companies' identity providers, for logout in both directions (design, section 4): what a company names when
-- it logs somebody out, and what it must be told when the application does. The row's id is the `sid` of our ID token, so
-- that Keycloak can be told which of its sessions ends (OpenID Connect Back-Channel Logout 1.0).

create table upstream_session (
  org_id uuid not null,
  id uuid not null default uuidv7(),
  connection_id uuid not null,
  member_id uuid not null,
  person_id uuid not null,
  browser_hash bytea not null,
  -- the ID token's `sub`, or the NameID with its format and qualifiers
  subject text not null,
  name_format text,
  name_qualifier text,
  sp_name_qualifier text,
  -- the ID token's `sid`, or the SessionIndex
  session_index text,
  sealed_id_token bytea,
  started_at timestamptz not null,
  ended_at timestamptz,
  -- Keycloak's session, as its event of the sign-in names it; null until that has been read
  keycloak_session text,
  ended_by text constraint upstream_session_ended_by check (ended_by in ('company', 'application')),
  primary key (org_id, id),
  foreign key (org_id, connection_id) references connection on delete cascade,
  foreign key (org_id, member_id) references member on delete cascade,
  constraint upstream_session_ended check ((ended_at is null) = (ended_by is null))
);
comment on table upstream_session is 'one completed sign-in at a company; kept as long as a session in Keycloak can last';
create index upstream_session_by_subject on upstream_session (org_id, connection_id, subject) where ended_at is null;
create index upstream_session_by_index on upstream_session (org_id, connection_id, session_index) where ended_at is null;
create index upstream_session_by_browser on upstream_session (person_id, browser_hash);
create index upstream_session_by_start on upstream_session (started_at);

create table logout_request (
  org_id uuid not null,
  id uuid not null default uuidv7(),
  connection_id uuid not null,
  -- SAML: the ID of our LogoutRequest
  request_id text,
  return_to text not null,
  -- further sessions of the browser that are ended at their companies first: [{orgId, sessionId}]
  onward jsonb not null default '[]',
  expires_at timestamptz not null,
  primary key (org_id, id),
  foreign key (org_id, connection_id) references connection on delete cascade
);
comment on table logout_request is 'a browser that is logging out at the company, and where at Keycloak it goes on; used once';
create index logout_request_by_expiry on logout_request (expires_at);

select isolate_by_organization('upstream_session', 'logout_request');

-- A sign-in that is over, and those of the same person in the same browser that began before it ended, in any
-- organization: Keycloak has one session for a browser and knows it by the `sid` of the sign-in that opened it, whichever
-- company the person came by later. One that began afterwards is another session.
create function sessions_of_browser(p_org uuid, p_session uuid)
  returns table (org_id uuid, id uuid, organization_key text, person_id uuid, keycloak_session text) language sql stable
  security definer set search_path = public, pg_temp as $$
  select other.org_id, other.id, o.key, other.person_id, other.keycloak_session from upstream_session s
    join upstream_session other on other.person_id = s.person_id and other.browser_hash = s.browser_hash
    join organization o on o.org_id = other.org_id
  where s.org_id = p_org and s.id = p_session and other.started_at <= s.ended_at
  order by other.started_at desc limit 50
$$;
revoke execute on function sessions_of_browser(uuid, uuid) from public;
grant execute on function sessions_of_browser(uuid, uuid) to drawbridge_app, drawbridge_worker;

-- Keycloak has opened, or found, a session for somebody whom a company has just signed in: which one it was. It comes
-- within a minute, or after a page of Keycloak (a second factor to be set up). Only the sign-in that it must have been is
-- told; of two at once by one company neither is. One that the company has ended meanwhile ends in Keycloak, too.
create function note_company_sign_in(p_person uuid, p_alias text, p_session text, p_at timestamptz) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_found upstream_session;
begin
  with fitting as materialized (
    select s.org_id, s.id, s.started_at > p_at - interval '1 minute' as just_now from upstream_session s join organization o on o.org_id = s.org_id
    where s.person_id = p_person and 'sso-' || o.key = p_alias and s.keycloak_session is null
      and s.started_at between p_at - interval '30 minutes' and p_at + interval '10 seconds'),
  nearest as materialized (
    select org_id, id from fitting where just_now or not exists (select from fitting where just_now))
  update upstream_session s set keycloak_session = p_session from nearest n
  where s.org_id = n.org_id and s.id = n.id and (select count(*) from nearest) = 1
  returning s.* into v_found;
  if v_found.ended_by = 'company' then
    perform enqueue_job('end_keycloak_sessions',
      jsonb_build_object('orgId', v_found.org_id, 'sessionIds', jsonb_build_array(v_found.id)), null, null);
  end if;
end $$;
revoke execute on function note_company_sign_in(uuid, text, text, timestamptz) from public;
grant execute on function note_company_sign_in(uuid, text, text, timestamptz) to drawbridge_worker;
