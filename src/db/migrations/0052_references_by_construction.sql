-- Foreign keys of the tables that grow with every user, group and sign-in: stated, and no longer checked row by row (decision
-- 0009), which was a tenth of a create and a quarter of a large first sign-in. They hold by how rows are made: whoever writes
-- one of these rows has made, locked or looked up in the same transaction what it belongs to. Persons and members are never
-- deleted; a directory, which may be, is locked by whoever makes a user of it (require_active_directory, 0007) and takes its
-- users along. Keys to groups, teams and roles stay checked.
alter table person_address drop constraint person_address_person_id_fkey,
  add constraint person_address_person_id_fkey foreign key (person_id) references person (id) not enforced;
do $$
declare
  v_table text;
begin
  foreach v_table in array array['carrier', 'directory_user', 'group_member', 'access_grant', 'team_member'] loop
    execute format('alter table %1$I drop constraint %2$I, add constraint %2$I foreign key (org_id, member_id)
      references member (org_id, id) not enforced', v_table, v_table || '_org_id_member_id_fkey');
  end loop;
end $$;
alter table directory_user drop constraint directory_user_org_id_directory_id_fkey,
  add constraint directory_user_org_id_directory_id_fkey foreign key (org_id, directory_id) references directory (org_id, id) not enforced;

create function delete_directory_users() returns trigger language plpgsql as $$
begin
  delete from directory_user where org_id = old.org_id and directory_id = old.id;
  return null;
end $$;
create trigger directory_takes_its_users after delete on directory for each row execute function delete_directory_users();

create function refuse_delete() returns trigger language plpgsql as $$
begin
  raise exception 'row_is_kept: % on % is refused, since what belongs to its rows would belong to nobody', tg_op, tg_table_name
    using errcode = 'integrity_constraint_violation', hint = 'Members end by their status (release_members).';
end $$;
create trigger person_is_kept before delete or truncate on person for each statement execute function refuse_delete();
create trigger member_is_kept before delete or truncate on member for each statement execute function refuse_delete();

-- How many rows break a foreign key that is stated and not checked; one row for each such key with any. Reads all of their
-- tables. For `drawbridge doctor`.
create function broken_references() returns table (name text, of_table text, rows_broken bigint) language plpgsql
  security definer set search_path = public, pg_temp as $$
declare
  k record;
begin
  for k in
    select c.conname, c.conrelid::regclass as child, c.confrelid::regclass as parent,
      string_agg(format('p.%I = c.%I', pa.attname, ca.attname), ' and ') as same,
      string_agg(format('c.%I is not null', ca.attname), ' and ') as given
    from pg_constraint c cross join lateral unnest(c.conkey, c.confkey) as u (child_column, parent_column)
      join pg_attribute ca on ca.attrelid = c.conrelid and ca.attnum = u.child_column
      join pg_attribute pa on pa.attrelid = c.confrelid and pa.attnum = u.parent_column
    where c.contype = 'f' and not c.conenforced and c.connamespace = 'public'::regnamespace
    group by c.conname, c.conrelid, c.confrelid order by 2, 1
  loop
    execute format('select count(*) from %s c where %s and not exists (select from %s p where %s)', k.child, k.given, k.parent, k.same)
      into rows_broken;
    name := k.conname;
    of_table := k.child;
    if rows_broken > 0 then return next; end if;
  end loop;
end $$;
revoke execute on function broken_references() from public;
grant execute on function broken_references() to drawbridge_worker;
