-- What a size of a million rows asks for: the organization of the connection is read once for each statement, not once
-- for each row. Looking it up took three quarters of the time of every statement that reads many rows: the ids of a group
-- of 100,000, the total of a filter, a page far from the start.
do $$
declare
  v_table text;
begin
  for v_table in select tablename from pg_policies where schemaname = 'public' and policyname = 'of_organization'
  loop
    execute format($policy$alter policy of_organization on %I
      using (uuid_eq(org_id, (select nullif(current_setting('drawbridge.org_id', true), '')::uuid)))
      with check (uuid_eq(org_id, (select nullif(current_setting('drawbridge.org_id', true), '')::uuid)))$policy$, v_table);
  end loop;
end $$;
