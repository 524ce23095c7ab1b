-- Audit: append-only events, personal values in an erasable side table, sealed into a chain of hashes by a job (law 6).

create table audit_event (
  org_id uuid not null,
  id bigint generated always as identity,
  at timestamptz not null default now(),
  txid xid8 not null default pg_current_xact_id(),
  actor jsonb not null,
  action text not null,
  subject_kind text not null,
  subject_id uuid not null,
  data jsonb not null default '{}',
  personal_hash bytea,
  primary key (org_id, at, id)
) partition by range (at);
comment on table audit_event is 'what happened; refuses UPDATE and DELETE';
create index audit_event_by_order on audit_event (org_id, txid, id);
create index audit_event_by_subject on audit_event (org_id, subject_id, at desc);

create table audit_personal (
  org_id uuid not null,
  event_id bigint not null,
  salt bytea not null,
  personal jsonb not null,
  primary key (org_id, event_id)
);
comment on table audit_personal is 'personal values of an event; may be erased, the chain holds their salted hash only';

create table audit_seal (
  org_id uuid not null,
  epoch integer not null,
  seq bigint not null,
  event_id bigint not null,
  event_txid xid8 not null,
  hash bytea not null,
  sealed_at timestamptz not null default now(),
  primary key (org_id, epoch, seq)
);
comment on table audit_seal is 'one hash per event, each over the one before it; a restore begins a new epoch';

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'append_only: % on % is refused', tg_op, tg_table_name using errcode = 'integrity_constraint_violation';
end $$;
create trigger audit_event_append_only before update or delete on audit_event
  for each row execute function refuse_change();
create trigger audit_event_no_truncate before truncate on audit_event execute function refuse_change();
create trigger audit_seal_append_only before update or delete on audit_seal
  for each row execute function refuse_change();
create trigger audit_seal_no_truncate before truncate on audit_seal execute function refuse_change();

-- Writes one event; personal values go to the side table, their salted hash into the event.
create function record_audit(p_org uuid, p_actor jsonb, p_action text, p_subject_kind text, p_subject uuid,
  p_data jsonb default '{}', p_personal jsonb default null) returns void language plpgsql as $$
declare
  v_salt bytea;
  v_id bigint;
begin
  if p_personal is null then
    insert into audit_event (org_id, actor, action, subject_kind, subject_id, data)
    values (p_org, p_actor, p_action, p_subject_kind, p_subject, p_data);
  else
    v_salt := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
    insert into audit_event (org_id, actor, action, subject_kind, subject_id, data, personal_hash)
    values (p_org, p_actor, p_action, p_subject_kind, p_subject, p_data, sha256(v_salt || convert_to(p_personal::text, 'UTF8')))
    returning id into v_id;
    insert into audit_personal (org_id, event_id, salt, personal) values (p_org, v_id, v_salt, p_personal);
  end if;
end $$;

-- What the chain hashes of an event: every column that may never change.
create function audit_canonical(e audit_event) returns bytea language sql immutable as $$
  select convert_to(jsonb_build_object('org', e.org_id, 'id', e.id, 'at', extract(epoch from e.at), 'txid', e.txid::text,
    'actor', e.actor, 'action', e.action, 'kind', e.subject_kind, 'subject', e.subject_id, 'data', e.data,
    'personal', encode(e.personal_hash, 'hex'))::text, 'UTF8')
$$;

-- Seals what is older than every running transaction, in the order (transaction id, id). Answers how many were sealed.
create function seal_audit(p_org uuid, p_limit integer default 5000) returns integer language plpgsql
  security definer set search_path = public, pg_temp as $$
declare
  v_head audit_seal;
  v_event audit_event;
  v_hash bytea;
  v_count integer := 0;
begin
  perform pg_advisory_xact_lock(hashtextextended('seal ' || p_org::text, 0));
  select * into v_head from audit_seal where org_id = p_org order by epoch desc, seq desc limit 1;
  v_hash := coalesce(v_head.hash, sha256(convert_to(p_org::text, 'UTF8')));
  for v_event in
    select * from audit_event where org_id = p_org
      and txid < pg_snapshot_xmin(pg_current_snapshot())
      and (v_head.hash is null or (txid, id) > (v_head.event_txid, v_head.event_id))
    order by txid, id limit p_limit
  loop
    v_count := v_count + 1;
    v_hash := sha256(v_hash || audit_canonical(v_event));
    insert into audit_seal (org_id, epoch, seq, event_id, event_txid, hash)
    values (p_org, coalesce(v_head.epoch, 1), coalesce(v_head.seq, 0) + v_count, v_event.id, v_event.txid, v_hash);
  end loop;
  return v_count;
end $$;

-- The first seal whose hash does not follow from the events as they stand now, or null when the chain holds.
create function verify_audit(p_org uuid) returns bigint language plpgsql
  security definer set search_path = public, pg_temp as $$
declare
  v_row record;
  v_hash bytea := sha256(convert_to(p_org::text, 'UTF8'));
begin
  for v_row in
    select s.seq, s.hash, e as event from audit_seal s
    left join audit_event e on e.org_id = s.org_id and e.txid = s.event_txid and e.id = s.event_id
    where s.org_id = p_org order by s.epoch, s.seq
  loop
    if v_row.event is null then return v_row.seq; end if;
    v_hash := sha256(v_hash || audit_canonical(v_row.event));
    if v_hash <> v_row.hash then return v_row.seq; end if;
  end loop;
  return null;
end $$;

-- Organizations with events that no seal covers yet.
create function organizations_to_seal() returns setof uuid language sql stable
  security definer set search_path = public, pg_temp as $$
  select o.org_id from organization o where exists (
    select from audit_event e where e.org_id = o.org_id and (e.txid, e.id) > (
      coalesce((select (s.event_txid) from audit_seal s where s.org_id = o.org_id order by epoch desc, seq desc limit 1), '0'::xid8),
      coalesce((select (s.event_id) from audit_seal s where s.org_id = o.org_id order by epoch desc, seq desc limit 1), 0)))
$$;

-- Makes the partitions of this month and the next for the tables that grow without bound.
create function ensure_partitions(p_now timestamptz default now()) returns void language plpgsql
  security definer set search_path = public, pg_temp as $$
declare
  v_table text;
  v_from date;
begin
  foreach v_table in array array['audit_event', 'scim_journal'] loop
    for i in 0..1 loop
      v_from := (date_trunc('month', p_now at time zone 'UTC') + make_interval(months => i))::date;
      execute format('create table if not exists %I partition of %I for values from (%L) to (%L)',
        v_table || '_' || to_char(v_from, 'YYYYMM'), v_table, v_from::text || ' 00:00+00',
        (v_from + interval '1 month')::date::text || ' 00:00+00');
    end loop;
  end loop;
end $$;
select ensure_partitions();
create table audit_event_default partition of audit_event default;
create table scim_journal_default partition of scim_journal default;
