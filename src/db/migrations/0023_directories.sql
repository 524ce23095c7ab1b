-- Directories as administrators run them: profile, switching off, tokens that warn before they expire, and the journal's
-- retention, filters and kept bodies (design, section 5).

alter table directory
  add column detected_profile text constraint directory_detected_profile check (detected_profile in ('entra', 'okta')),
  add column detected_at timestamptz,
  add column deactivated_at timestamptz,
  add column journal_days smallint not null default 30 constraint directory_journal_days check (journal_days between 1 and 365),
  add column keep_bodies_until timestamptz;
alter table directory_token add column warned_days smallint;
comment on column directory_token.warned_days is 'how many days before its end the last warning was sent';

alter table scim_journal add column resource_id uuid;
comment on table scim_journal is 'what the directory sent and what came of it, redacted; partitioned by month, kept as long as directory.journal_days says';
create index scim_journal_by_request on scim_journal (org_id, request_id);

create table scim_journal_body (
  org_id uuid not null,
  entry_id uuid not null,
  directory_id uuid not null,
  at timestamptz not null,
  sealed bytea not null,
  primary key (org_id, entry_id)
);
comment on table scim_journal_body is 'whole requests, encrypted, secrets removed, kept 72 hours, only while directory.keep_bodies_until lies ahead';
create index scim_journal_body_by_time on scim_journal_body (at);
select isolate_by_organization('scim_journal_body');

-- What a process remembers of a directory's tokens is read again: tells all of them at the commit.
create function forget_directory_tokens(p_org uuid, p_directory uuid) returns void language sql
  security definer set search_path = public, pg_temp as $$
  select pg_notify('credential_revoked', encode(c.hash, 'hex')) from directory_token t
    join credential c on c.kind = 'scim_token' and c.org_id = t.org_id and c.subject_id = t.id
  where t.org_id = p_org and t.directory_id = p_directory and t.revoked_at is null
$$;

-- Members whom nothing carries but directories that are switched off with release. They are suspended by a policy block
-- of this directory, so that everything is there when it is switched on again.
create function rest_members_of_directory(p_org uuid, p_directory uuid, p_actor jsonb) returns integer language plpgsql as $$
declare
  v_member uuid;
  v_count integer := 0;
begin
  for v_member in
    insert into block (org_id, member_id, source, ref, reason)
    select c.org_id, c.member_id, 'policy', p_directory, 'its directory is switched off' from carrier c
    where c.org_id = p_org and c.source = 'directory' and c.ref = p_directory
      and not exists (select from carrier o where o.org_id = c.org_id and o.member_id = c.member_id
        and not (o.source = 'directory' and exists (select from directory d
          where d.org_id = o.org_id and d.id = o.ref and d.released)))
    on conflict do nothing returning member_id
  loop
    perform settle_member(p_org, v_member, 'directory_switched_off', p_actor);
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;

-- The members of a directory's groups, and those of whom a sign-in spoke for which it decides, get or lose what rules make
-- of that. Answers how many changed.
create function reconcile_directory(p_org uuid, p_directory uuid, p_actor jsonb) returns integer language plpgsql as $$
begin
  return reconcile_grants(p_org, array(
    select gm.member_id from directory_group g join group_member gm on gm.org_id = g.org_id and gm.group_id = g.id
    where g.org_id = p_org and g.directory_id = p_directory
    union
    select e.member_id from connection c join sso_evidence e on e.org_id = c.org_id and e.connection_id = c.id
    where c.org_id = p_org and c.directory_id = p_directory), p_actor, true);
end $$;

-- Switches a directory off: its tokens open nothing. Released, what it gave rests; kept, members stay as they are.
create function deactivate_directory(p_org uuid, p_directory uuid, p_release boolean, p_actor jsonb)
  returns table (suspended integer, regranted integer) language plpgsql as $$
declare
  v_status text;
begin
  select status into v_status from directory where org_id = p_org and id = p_directory for update;
  if not found then return; end if;
  if v_status = 'inactive' then perform refuse('directory_inactive', 'The directory is switched off already.'); end if;
  update directory set status = 'inactive', released = p_release, deactivated_at = now()
  where org_id = p_org and id = p_directory;
  suspended := 0;
  regranted := 0;
  if p_release then
    suspended := rest_members_of_directory(p_org, p_directory, p_actor);
    regranted := reconcile_directory(p_org, p_directory, p_actor);
  end if;
  perform forget_directory_tokens(p_org, p_directory);
  perform record_audit(p_org, p_actor, 'directory.deactivated', 'directory', p_directory,
    jsonb_build_object('grants', case when p_release then 'release' else 'keep' end, 'suspended', suspended));
  return next;
end $$;

-- Lifts the blocks that rest_members_of_directory set on members whom this directory carries.
create function wake_members_of_directory(p_org uuid, p_directory uuid, p_actor jsonb) returns integer language plpgsql as $$
declare
  v_member uuid;
  v_count integer := 0;
begin
  for v_member in
    delete from block b using carrier c
    where b.org_id = p_org and b.source = 'policy' and c.org_id = b.org_id and c.member_id = b.member_id
      and c.source = 'directory' and c.ref = p_directory
      and exists (select from directory d where d.org_id = b.org_id and d.id = b.ref)
    returning b.member_id
  loop
    perform settle_member(p_org, v_member, 'directory_switched_on', p_actor);
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;

create function activate_directory(p_org uuid, p_directory uuid, p_actor jsonb)
  returns table (resumed integer, regranted integer) language plpgsql as $$
declare
  v_status text;
begin
  select status into v_status from directory where org_id = p_org and id = p_directory for update;
  if not found then return; end if;
  if v_status = 'active' then perform refuse('directory_active', 'The directory is switched on already.'); end if;
  update directory set status = 'active', released = false, deactivated_at = null where org_id = p_org and id = p_directory;
  resumed := wake_members_of_directory(p_org, p_directory, p_actor);
  regranted := reconcile_directory(p_org, p_directory, p_actor);
  perform forget_directory_tokens(p_org, p_directory);
  perform record_audit(p_org, p_actor, 'directory.activated', 'directory', p_directory, jsonb_build_object('resumed', resumed));
  return next;
end $$;

-- Ends a directory that is switched off, as was chosen then. Released, its carriers go, and with them who has no other;
-- kept, its members and what its groups gave them are from now on theirs by hand. Blocks stay: whom the company had
-- called inactive stays out.
create function delete_directory(p_org uuid, p_directory uuid, p_actor jsonb)
  returns table (members integer, removed integer) language plpgsql as $$
#variable_conflict use_column
declare
  v_status text;
  v_released boolean;
  v_members uuid[];
  v_in_groups uuid[];
  v_token uuid;
begin
  select status, released into v_status, v_released from directory where org_id = p_org and id = p_directory for update;
  if not found then return; end if;
  if v_status = 'active' then perform refuse('directory_active', 'Switch the directory off before it is deleted.'); end if;
  if exists (select from connection where org_id = p_org and directory_id = p_directory) then
    perform refuse('directory_paired', 'A connection is paired with this directory. Pair it with another one, or with none, first.');
  end if;
  v_members := array(select member_id from carrier where org_id = p_org and source = 'directory' and ref = p_directory
    order by member_id);
  v_in_groups := array(select distinct gm.member_id from directory_group g
    join group_member gm on gm.org_id = g.org_id and gm.group_id = g.id
    where g.org_id = p_org and g.directory_id = p_directory order by gm.member_id);
  if not v_released then
    insert into access_grant (org_id, member_id, target_kind, target, source, ref)
    select distinct a.org_id, a.member_id, a.target_kind, a.target, 'manual', 'directory:' || p_directory
    from access_grant a join directory_group g on g.org_id = a.org_id and g.directory_id = p_directory
      and a.ref like '%:' || g.id
    where a.org_id = p_org and a.source = 'scim' and a.member_id = any (v_in_groups)
    on conflict do nothing;
    insert into carrier (org_id, member_id, source, ref) select p_org, m, 'manual', p_directory from unnest(v_members) m
    on conflict do nothing;
  end if;
  for v_token in select id from directory_token where org_id = p_org and directory_id = p_directory and revoked_at is null loop
    perform revoke_credentials('scim_token', p_org, v_token);
  end loop;
  delete from carrier where org_id = p_org and source = 'directory' and ref = p_directory;
  delete from block where org_id = p_org and source = 'policy' and ref = p_directory;
  delete from scim_journal_body where org_id = p_org and directory_id = p_directory;
  delete from directory_count where org_id = p_org and directory_id = p_directory;
  delete from directory where org_id = p_org and id = p_directory;
  perform reconcile_grants(p_org, v_in_groups, p_actor);
  perform settle_member(p_org, m, 'directory_deleted', p_actor) from unnest(v_members) m;
  members := cardinality(v_members);
  removed := (select count(*) from member m where m.org_id = p_org and m.id = any (v_members) and m.status = 'removed');
  perform record_audit(p_org, p_actor, 'directory.deleted', 'directory', p_directory, jsonb_build_object(
    'grants', case when v_released then 'release' else 'keep' end, 'members', members, 'removed', removed));
  return next;
end $$;

-- Warns whoever may manage directories before a token ends: once at each step that lies within the token's life. Runs as
-- the owner, by the queue. Answers how many tokens were warned of.
create function warn_expiring_tokens(p_now timestamptz) returns integer language plpgsql as $$
declare
  t record;
  v_count integer := 0;
begin
  for t in
    select k.org_id, k.id, k.directory_id, k.expires_at, min(s.days) as days from directory_token k
      join directory d on d.org_id = k.org_id and d.id = k.directory_id and d.status = 'active'
      join organization o on o.org_id = k.org_id and o.status = 'active'
      cross join (values (60), (30), (14), (7), (1)) as s (days)
    where k.revoked_at is null and k.expires_at > p_now and k.expires_at <= p_now + make_interval(days => s.days)
      and k.created_at < k.expires_at - make_interval(days => s.days)
      and (k.warned_days is null or s.days < k.warned_days)
    group by k.org_id, k.id, k.directory_id, k.expires_at
  loop
    update directory_token set warned_days = t.days where org_id = t.org_id and id = t.id;
    perform record_audit(t.org_id, '{"kind":"system","id":"warn_expiring_tokens"}', 'directory.token_expiring', 'directory',
      t.directory_id, jsonb_build_object('tokenId', t.id, 'expiresAt', t.expires_at, 'days', t.days));
    perform enqueue_job('send_mail', jsonb_build_object('template', 'token_expiry', 'orgId', t.org_id, 'tokenId', t.id,
      'memberId', m.id, 'days', t.days), format('token_expiry:%s:%s:%s', t.id, t.days, m.id), null)
    from member m join role r on r.org_id = m.org_id and r.key = m.role_key
    where m.org_id = t.org_id and m.status = 'active' and m.kind = 'human' and m.address is not null
      and 'directory.manage' = any (r.permissions);
    v_count := v_count + 1;
  end loop;
  return v_count;
end $$;

-- Deletes what the journal has kept long enough: whole months by their partition where no directory wants them longer,
-- the rest entry by entry. Answers how many partitions and entries went.
create function drop_old_journal(p_now timestamptz) returns integer language plpgsql as $$
declare
  v_partition record;
  v_directory record;
  v_longest integer := (select coalesce(max(journal_days), 30) from directory);
  v_rows integer;
  v_count integer := 0;
begin
  for v_partition in
    select c.relname, to_date(substring(c.relname from '\d{6}$'), 'YYYYMM') as month
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'scim_journal'::regclass and c.relname ~ '^scim_journal_\d{6}$'
  loop
    if ((v_partition.month + interval '1 month') at time zone 'UTC') < p_now - make_interval(days => greatest(v_longest, 30)) then
      execute format('drop table %I', v_partition.relname);
      v_count := v_count + 1;
    end if;
  end loop;
  for v_directory in select org_id, id, journal_days from directory loop
    delete from scim_journal where org_id = v_directory.org_id and directory_id = v_directory.id
      and at < p_now - make_interval(days => v_directory.journal_days);
    get diagnostics v_rows = row_count;
    v_count := v_count + v_rows;
  end loop;
  -- of directories that are no more
  delete from scim_journal j where at < p_now - interval '30 days'
    and not exists (select from directory d where d.org_id = j.org_id and d.id = j.directory_id);
  get diagnostics v_rows = row_count;
  return v_count + v_rows;
end $$;

-- Kept bodies live three days, whatever their directory says later. Answers how many went.
create function drop_old_journal_bodies(p_now timestamptz) returns integer language plpgsql as $$
declare
  v_rows integer;
begin
  delete from scim_journal_body where at < p_now - interval '72 hours';
  get diagnostics v_rows = row_count;
  return v_rows;
end $$;

do $$
declare
  v_function regprocedure;
begin
  foreach v_function in array array['forget_directory_tokens(uuid, uuid)', 'rest_members_of_directory(uuid, uuid, jsonb)',
    'reconcile_directory(uuid, uuid, jsonb)', 'deactivate_directory(uuid, uuid, boolean, jsonb)',
    'wake_members_of_directory(uuid, uuid, jsonb)', 'activate_directory(uuid, uuid, jsonb)',
    'delete_directory(uuid, uuid, jsonb)']::regprocedure[]
  loop
    execute format('revoke execute on function %s from public', v_function);
    execute format('grant execute on function %s to drawbridge_app, drawbridge_worker', v_function);
  end loop;
end $$;
revoke execute on function warn_expiring_tokens(timestamptz), drop_old_journal(timestamptz), drop_old_journal_bodies(timestamptz)
  from public;
