-- What Keycloak says has happened there: read with a cursor and an overlap, each event taken once (design, section 9).

create table keycloak_cursor (
  stream text primary key constraint keycloak_cursor_stream check (stream in ('user', 'admin')),
  -- by Keycloak's clock
  seen_until timestamptz not null,
  polled_at timestamptz not null
);
comment on table keycloak_cursor is 'how far the events of Keycloak were read; open to app and worker';

create table keycloak_event_seen (
  event_id text primary key,
  at timestamptz not null
);
comment on table keycloak_event_seen is 'events taken lately: the overlap of the next poll brings them again; open to worker';
create index keycloak_event_seen_by_time on keycloak_event_seen (at);

grant select on keycloak_cursor to drawbridge_app;
grant select, insert, update, delete on keycloak_cursor, keycloak_event_seen to drawbridge_worker;

-- A sign-in by password and second factor. The first one of a break-glass owner after Keycloak was made ready proves the
-- way in; each later session alerts: audit, and a mail to the other owners. Whom another organization's company signs in,
-- too, proves nothing: a session that goes on in another application looks the same.
create function note_password_sign_in(p_person uuid, p_session text, p_at timestamptz) returns void language plpgsql
  security definer set search_path = public, pg_temp as $$
declare
  v_actor jsonb := jsonb_build_object('kind', 'person', 'id', p_person);
  b break_glass;
begin
  for b in
    select g.* from break_glass g join member m on m.org_id = g.org_id and m.id = g.member_id
    where m.person_id = p_person and is_break_glass(g.org_id, g.member_id) and g.ready_at <= p_at
      and g.last_session is distinct from p_session and not (g.proved_at is null and signs_in_elsewhere(g.org_id, p_person))
    order by g.org_id for update of g
  loop
    update break_glass set last_session = p_session, proved_at = coalesce(proved_at, p_at),
      last_used_at = case when b.proved_at is null then last_used_at else p_at end
    where org_id = b.org_id and member_id = b.member_id;
    if b.proved_at is null then
      perform record_audit(b.org_id, v_actor, 'break_glass.proved', 'member', b.member_id);
      continue;
    end if;
    perform record_audit(b.org_id, v_actor, 'alert.break_glass_used', 'member', b.member_id, jsonb_build_object('at', p_at));
    perform enqueue_job('send_mail', jsonb_build_object('template', 'break_glass_used', 'orgId', b.org_id,
        'ownerId', b.member_id, 'memberId', m.id, 'at', to_jsonb(p_at)),
      format('break_glass_used:%s:%s:%s', b.member_id, p_session, m.id), null)
    from member m join role r on r.org_id = m.org_id and r.key = m.role_key and r.full_control
    where m.org_id = b.org_id and m.id <> b.member_id and m.status = 'active' and m.kind = 'human' and m.address is not null;
  end loop;
end $$;
revoke execute on function note_password_sign_in(uuid, text, timestamptz) from public;
grant execute on function note_password_sign_in(uuid, text, timestamptz) to drawbridge_worker;
