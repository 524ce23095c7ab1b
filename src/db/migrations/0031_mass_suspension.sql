-- A directory that suspends a great part of an organization at once may be a mistake at its source (design section 5).
-- Asked by the clock and not by the write, which must stay cheap.

-- Alerts where directories suspended more than 20 members, and more than a tenth of those who were active, within the last
-- hour; once an hour for each organization. Runs as the owner, by the queue. Answers how many alerts were given.
create function alert_mass_suspensions(p_now timestamptz) returns integer language plpgsql as $$
declare
  v_wave record;
  v_active integer;
  v_count integer := 0;
begin
  for v_wave in
    select o.org_id, w.suspended from organization o, lateral (
      select count(distinct e.subject_id) filter (where e.action = 'member.suspended' and e.data ->> 'reason' = 'directory') as suspended,
        bool_or(e.action = 'alert.mass_suspension') as alerted
      from audit_event e where e.org_id = o.org_id and e.at > p_now - interval '1 hour' and e.at <= p_now) w
    where o.status = 'active' and w.suspended > 20 and not w.alerted
  loop
    select count(*) into v_active from member where org_id = v_wave.org_id and status = 'active';
    continue when v_wave.suspended <= (v_active + v_wave.suspended) * 0.1;
    perform record_audit(v_wave.org_id, '{"kind":"system","id":"alert_mass_suspensions"}', 'alert.mass_suspension', 'organization',
      v_wave.org_id, jsonb_build_object('suspended', v_wave.suspended, 'active', v_active));
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;
revoke execute on function alert_mass_suspensions(timestamptz) from public;
