-- Whoever signs in by one company twice within seconds, in two browsers or after a logout, comes to two events of Keycloak
-- that may be read together. An event comes after the sign-in that it tells of: what began later than it, clocks half a
-- second apart allowed for, is looked at only where nothing earlier fits. Before, neither of the two was told.
create or replace function note_company_sign_in(p_person uuid, p_alias text, p_session text, p_at timestamptz) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_found upstream_session;
begin
  with fitting as materialized (
    select s.org_id, s.id, case when s.started_at > p_at + interval '0.5 seconds' then 2
        when s.started_at > p_at - interval '1 minute' then 1 else 3 end as place
    from upstream_session s join organization o on o.org_id = s.org_id
    where s.person_id = p_person and 'sso-' || o.key = p_alias and s.keycloak_session is null
      and s.started_at between p_at - interval '30 minutes' and p_at + interval '10 seconds'),
  nearest as materialized (
    select org_id, id from fitting where place = (select min(place) from fitting))
  update upstream_session s set keycloak_session = p_session from nearest n
  where s.org_id = n.org_id and s.id = n.id and (select count(*) from nearest) = 1
  returning s.* into v_found;
  if v_found.ended_by = 'company' then
    perform enqueue_job('end_keycloak_sessions',
      jsonb_build_object('orgId', v_found.org_id, 'sessionIds', jsonb_build_array(v_found.id)), null, null);
  end if;
end $$;
