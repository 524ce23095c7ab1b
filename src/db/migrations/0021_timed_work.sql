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
  v_total := v_total + sweep_sign_ins(p_now);
  delete from invitation_hop where expires_at < p_now;
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  delete from idempotency_key where created_at < p_now - interval '24 hours';
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  return v_total;
end $$;

-- Drops the journal's months that ended more than 30 days ago. Answers how many.
create function drop_old_journal(p_now timestamptz) returns integer language plpgsql as $$
declare
  v_partition record;
  v_count integer := 0;
begin
  for v_partition in
    select c.relname, to_date(substring(c.relname from '\d{6}$'), 'YYYYMM') as month
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'scim_journal'::regclass and c.relname ~ '^scim_journal_\d{6}$'
  loop
    if ((v_partition.month + interval '1 month') at time zone 'UTC') < p_now - interval '30 days' then
      execute format('drop table %I', v_partition.relname);
      v_count := v_count + 1;
    end if;
  end loop;
  delete from scim_journal_default where at < p_now - interval '30 days';
  return v_count;
end $$;

revoke execute on function sweep_expired(timestamptz), drop_old_journal(timestamptz) from public;
