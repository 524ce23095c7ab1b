-- Timed work: what is swept away, and how the last mails went. The sweeping runs as the owner, by the queue only.

create table mail_health (
  one boolean primary key default true constraint mail_health_one_row check (one),
  last_sent_at timestamptz,
  last_failed_at timestamptz,
  last_error text
);
comment on table mail_health is 'whether the mail server takes our mail; one row, read by /readyz of every process; open to app and worker';
insert into mail_health default values;
grant select, update on mail_health to drawbridge_app, drawbridge_worker;

-- Deletes what has served its time. Answers how many rows went.
create function sweep_expired(p_now timestamptz) returns integer language plpgsql as $$
declare
  v_rows integer;
  v_total integer := 0;
begin
  delete from provider_state where expires_at < p_now;
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  v_total := v_total + sweep_sign_ins(p_now) + sweep_connection_tests(p_now);
  delete from invitation_hop where expires_at < p_now;
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  delete from idempotency_key where created_at < p_now - interval '24 hours';
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  return v_total;
end $$;

revoke execute on function sweep_expired(timestamptz) from public;
