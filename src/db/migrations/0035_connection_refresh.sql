-- What a company publishes about its identity provider is read again from time to time, and its certificates are known
-- by their end, so that somebody is told in time. A certificate's end stops no sign-in.

create table connection_refresh (
  org_id uuid not null,
  connection_id uuid not null,
  due_at timestamptz not null,
  -- the last time that somebody or a failed signature asked for it: once a minute at most
  asked_at timestamptz,
  refreshed_at timestamptz,
  failed_at timestamptz,
  last_error text,
  -- what was found and is not taken before somebody accepts it
  pending jsonb,
  pending_since timestamptz,
  -- the hash of the change that was rejected last; the same is not asked about again
  rejected text,
  primary key (org_id, connection_id),
  foreign key (org_id, connection_id) references connection on delete cascade,
  constraint connection_refresh_failure_has_words check ((failed_at is null) = (last_error is null)),
  constraint connection_refresh_pending_has_age check ((pending is null) = (pending_since is null))
);
comment on table connection_refresh is 'when a connection''s metadata or discovery is read again, and what came of it; only connections that are read from an address';
create index connection_refresh_by_due on connection_refresh (due_at);

create table connection_certificate (
  org_id uuid not null,
  connection_id uuid not null,
  fingerprint text not null,
  not_after timestamptz not null,
  -- since when the metadata names it no more; it still serves for a while
  absent_since timestamptz,
  warned_days integer,
  primary key (org_id, connection_id, fingerprint),
  foreign key (org_id, connection_id) references connection on delete cascade
);
comment on table connection_certificate is 'the signing certificates in settings.idp.certificates, by their end';
create index connection_certificate_by_end on connection_certificate (not_after);

select isolate_by_organization('connection_refresh', 'connection_certificate');

-- Warns whoever may manage connections before the last certificate of an active connection ends, once at each step. One
-- that another outlives has its successor already. Runs as the owner, by the queue. Answers how many were warned of.
create function warn_expiring_certificates(p_now timestamptz) returns integer language plpgsql as $$
declare
  k record;
  v_count integer := 0;
begin
  for k in
    select c.org_id, c.connection_id, c.fingerprint, c.not_after, min(s.days) as days from connection_certificate c
      join connection n on n.org_id = c.org_id and n.id = c.connection_id and n.status = 'active'
      join organization o on o.org_id = c.org_id and o.status = 'active'
      cross join (values (60), (30), (14), (7), (1)) as s (days)
    where c.not_after > p_now and c.not_after <= p_now + make_interval(days => s.days)
      and (c.warned_days is null or s.days < c.warned_days)
      and not exists (select from connection_certificate other where other.org_id = c.org_id
        and other.connection_id = c.connection_id and other.absent_since is null and other.not_after > c.not_after)
    group by c.org_id, c.connection_id, c.fingerprint, c.not_after
  loop
    update connection_certificate set warned_days = k.days
    where org_id = k.org_id and connection_id = k.connection_id and fingerprint = k.fingerprint;
    perform record_audit(k.org_id, '{"kind":"system","id":"warn_expiring_certificates"}', 'connection.certificate_expiring',
      'connection', k.connection_id,
      jsonb_build_object('fingerprint', k.fingerprint, 'expiresAt', k.not_after, 'days', k.days));
    perform enqueue_job('send_mail', jsonb_build_object('template', 'certificate_expiry', 'orgId', k.org_id,
      'connectionId', k.connection_id, 'fingerprint', k.fingerprint, 'memberId', m.id, 'days', k.days),
      format('certificate_expiry:%s:%s:%s:%s', k.connection_id, k.fingerprint, k.days, m.id), null)
    from member m join role r on r.org_id = m.org_id and r.key = m.role_key
    where m.org_id = k.org_id and m.status = 'active' and m.kind = 'human' and m.address is not null
      and 'connection.manage' = any (r.permissions);
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;
revoke execute on function warn_expiring_certificates(timestamptz) from public;
