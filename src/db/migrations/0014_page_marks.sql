-- Pages by index: where each page ended, so that the next one goes on behind it (src/directory/page-marks.ts).
-- Unlogged: it is written while lists are read, and what a crash takes only makes pages be counted off from the start.

create unlogged table page_mark (
  org_id uuid not null,
  directory_id uuid not null,
  list uuid not null,
  next_index integer not null,
  last_id uuid not null,
  last_key text collate "C",
  marked_at timestamptz not null,
  primary key (org_id, directory_id, list, next_index)
) with (fillfactor = 70);
comment on table page_mark is 'where the page before the one at next_index of a list ended; swept after an hour';
create index page_mark_by_time on page_mark using brin (marked_at);

alter table page_mark enable row level security;
create policy of_organization on page_mark to drawbridge_app, drawbridge_worker
  using (uuid_eq(org_id, nullif(current_setting('drawbridge.org_id', true), '')::uuid))
  with check (uuid_eq(org_id, nullif(current_setting('drawbridge.org_id', true), '')::uuid));
grant select, insert, update, delete on page_mark to drawbridge_app, drawbridge_worker;

-- Run by the queue, as the owner. Answers how many marks went.
create function sweep_page_marks(p_now timestamptz) returns integer language plpgsql as $$
declare
  v_rows integer;
begin
  delete from page_mark where marked_at < p_now - interval '1 hour';
  get diagnostics v_rows = row_count;
  return v_rows;
end $$;
revoke execute on function sweep_page_marks(timestamptz) from public;

-- The directory users that a person has: in which directory of which organization they stand, for the person's own
-- requests (/Me). One row for each; the person is proved by an access token, so no organization is set yet. The
-- organizations are those the token names, or all of the person's where it names none.
create function directory_users_of_person(p_person uuid, p_org_keys text[])
  returns table (org_id uuid, directory_id uuid, member_id uuid)
  language sql stable security definer set search_path = public, pg_temp as $$
  select d.org_id, d.directory_id, d.member_id
  from member m
  join organization o on o.org_id = m.org_id and o.status = 'active'
  join directory_user d on d.org_id = m.org_id and d.member_id = m.id and d.deleted_at is null
  where m.person_id = p_person and m.status = 'active' and (p_org_keys is null or o.key = any (p_org_keys))
  order by d.active desc, d.created_at, d.directory_id
$$;
revoke execute on function directory_users_of_person(uuid, text[]) from public;
grant execute on function directory_users_of_person(uuid, text[]) to drawbridge_app;
