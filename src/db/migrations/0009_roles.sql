-- Who may do what: app and worker cannot bypass row-level security; a connection without an organization sees nothing.
--
-- The policy calls uuid_eq instead of writing `=`: every query names its organization too, and the planner would multiply
-- the selectivity of the two equalities and think any index that begins with org_id good enough (measured on an empty
-- database: creates fell from 600 to 70 a second within 9,000 rows). A function call takes no part in that.

-- The connection's organization is read once for each statement: looking it up for each row took three quarters of the
-- time of every statement that reads many rows.
create function isolate_by_organization(variadic p_tables text[]) returns void language plpgsql as $$
declare
  v_table text;
begin
  foreach v_table in array p_tables loop
    execute format($sql$
      alter table %1$I enable row level security;
      create policy of_organization on %1$I to drawbridge_app, drawbridge_worker
        using (uuid_eq(org_id, (select nullif(current_setting('drawbridge.org_id', true), '')::uuid)))
        with check (uuid_eq(org_id, (select nullif(current_setting('drawbridge.org_id', true), '')::uuid)));
      grant select, insert, update, delete on %1$I to drawbridge_app, drawbridge_worker$sql$, v_table);
  end loop;
end $$;
select isolate_by_organization(variadic array_agg(c.relname::text))
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id' and not a.attisdropped
where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
  and c.relname not in ('domain_claim', 'credential', 'organization_key', 'keycloak_id');

revoke update, delete on audit_event, audit_seal from drawbridge_app, drawbridge_worker;
revoke insert on audit_seal from drawbridge_app, drawbridge_worker;
grant select, insert, update, delete on provider_state, signing_key to drawbridge_app;
grant select, insert, update, delete on projection_due, keycloak_id, keycloak_projected, keycloak_quarantine
  to drawbridge_app, drawbridge_worker;
grant usage on sequence projection_seq to drawbridge_app, drawbridge_worker;
grant usage on schema public to drawbridge_app, drawbridge_worker;

do $$
declare
  v_function regprocedure;
begin
  for v_function in select p.oid::regprocedure from pg_proc p
    where p.pronamespace = 'public'::regnamespace
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
  loop
    execute format('revoke execute on function %s from public', v_function);
    execute format('grant execute on function %s to drawbridge_app, drawbridge_worker', v_function);
  end loop;
  revoke execute on function seal_audit(uuid, integer), ensure_partitions(timestamptz), isolate_by_organization(text[]) from drawbridge_app, drawbridge_worker;
end $$;

-- An empty table gives the planner nothing to choose an index by, and what it chooses first stays in the plan cache of a
-- session: creates fell from 600 to 70 a second within 9,000 rows. Until the first ANALYZE replaces them, these figures
-- say that tables are large and that ids and keys are nearly unique, so that the index that matches all of a key wins
-- over one that matches its beginning.
select pg_restore_relation_stats('schemaname', 'public', 'relname', c.relname::text, 'relpages', 1, 'reltuples', 100000::real)
from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r';
select pg_restore_attribute_stats('schemaname', 'public', 'relname', c.relname::text, 'attname', a.attname::text,
  'inherited', false, 'null_frac', 0::real, 'avg_width', 20, 'n_distinct', (-1)::real)
from pg_class c join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname in
  ('id', 'member_id', 'user_name_key', 'external_id', 'email_key', 'display_name_key', 'address_key', 'person_id', 'hash');
select pg_restore_attribute_stats('schemaname', 'public', 'relname', c.relname::text, 'attname', a.attname::text,
  'inherited', false, 'null_frac', 0.99::real, 'avg_width', 8, 'n_distinct', (-0.01)::real)
from pg_class c join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname in
  ('deleted_at', 'revoked_at', 'archived_at', 'consumed_at');
