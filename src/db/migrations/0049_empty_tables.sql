-- What the planner is told of tables that are still empty.
--
-- A plan that is made once and kept (0012) may be made when nobody has pushed anybody yet. 0009 says that such tables are large,
-- but of a table without a page the planner knows that it has no rows, whatever the figures say, and every index made
-- later sets the figures back: all indexes then look alike, and one was taken that reads a whole organization to find
-- one user. In a new installation the first 8,000 users took 22 s, until autovacuum came by.

-- Gives every table that was never analyzed with rows in it the figures of a large one, and a first page: a row is put
-- into it and taken back, and the page stays. A row that a foreign key refuses leaves its page as well; one that a check
-- refuses does not.
create function expect_many_rows() returns void language plpgsql set search_path = public, pg_temp as $$
declare
  v_table record;
begin
  for v_table in
    select t.oid, t.relname::text as name, n.columns, n.sample
    from pg_class t left join lateral (
      select string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns, string_agg(
        case
          when a.atttypid = 'uuid'::regtype then 'uuidv7()'
          when y.typcategory = 'D' then 'now()'
          when y.typcategory = 'B' then 'false'
          when y.typcategory = 'N' or a.atttypid = 'xid8'::regtype then quote_literal('1')
          when y.typcategory = 'S' then quote_literal(coalesce((select (regexp_match(pg_get_constraintdef(c.oid), 'ARRAY\[''([^'']*)'''))[1]
            from pg_constraint c where c.conrelid = t.oid and c.contype = 'c' and c.conkey = array[a.attnum] limit 1), 'x'))
          when a.atttypid = 'bytea'::regtype then quote_literal('')
          else quote_literal('{}')
        end, ', ' order by a.attnum) as sample
      from pg_attribute a join pg_type y on y.oid = a.atttypid
      where a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped and a.attnotnull and not a.atthasdef and a.attidentity = '') n on true
    where t.relnamespace = 'public'::regnamespace and t.relkind = 'r' and not t.relispartition
      and (t.reltuples <= 0 or pg_relation_size(t.oid) = 0)
  loop
    perform pg_restore_relation_stats('schemaname', 'public', 'relname', v_table.name, 'relpages', 1, 'reltuples', 100000::real);
    continue when pg_relation_size(v_table.oid) > 0 or v_table.columns is null;
    begin
      execute format('insert into %I (%s) values (%s)', v_table.name, v_table.columns, v_table.sample);
      raise exception 'only for its page';
    exception when raise_exception or integrity_constraint_violation then null;
    end;
  end loop;
end $$;
revoke execute on function expect_many_rows() from public;
