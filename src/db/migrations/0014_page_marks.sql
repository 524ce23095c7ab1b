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

select isolate_by_organization('page_mark');

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
