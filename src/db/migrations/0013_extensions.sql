-- What an organization's directories may state beyond the standard (design, section 5), and the keys by which their users
-- are found without reading all of them.

create table extension_schema (
  org_id uuid not null references organization on delete cascade,
  id uuid not null default uuidv7(),
  urn text not null,
  urn_key text collate "C" not null,
  name text not null,
  description text not null,
  resource_types text[] not null constraint extension_schema_types check (resource_types <@ '{User,Group}' and resource_types <> '{}'),
  attributes jsonb not null,
  created_at timestamptz not null default now(),
  modified_at timestamptz not null default now(),
  primary key (org_id, id),
  constraint extension_schema_urn_taken unique (org_id, urn_key)
);
comment on table extension_schema is 'a SCIM schema of the organization''s own; every directory of the organization has it';

-- One row for each value by which a user is looked up and that has no column: e-mail addresses beyond the primary one, the
-- manager, and what an extension schema declares unique. `key` is a hash of place and value, so that a row and its index
-- are small and of one size, whatever the value; who looks up compares the value itself too.
create table directory_user_key (
  org_id uuid not null,
  directory_id uuid not null,
  key uuid not null,
  member_id uuid not null,
  is_unique boolean not null,
  primary key (org_id, directory_id, key, member_id),
  foreign key (org_id, directory_id) references directory on delete cascade
);
comment on table directory_user_key is 'look-up keys of live users that no column holds; kept by triggers on directory_user';
create unique index directory_user_value_taken on directory_user_key (org_id, directory_id, key) where is_unique;

create index directory_user_by_email on directory_user (org_id, directory_id, email_key)
  where deleted_at is null and email_key is not null;

create function further_key(p_place text, p_value text) returns uuid language sql immutable strict parallel safe as $$
  select encode(substring(sha256(convert_to(p_place || ' ' || p_value, 'UTF8')) for 16), 'hex')::uuid
$$;

-- Most users have one address, no manager and no extension of the organization's own.
create function has_own_extension(p_resource jsonb) returns boolean language sql immutable parallel safe as $$
  select not p_resource -> 'schemas' <@ '["urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]'
$$;
-- Not inlined: as the condition of a trigger it would be compiled by every statement.
create function has_further_keys(p_resource jsonb) returns boolean language plpgsql immutable parallel safe as $$
begin
  return p_resource -> 'emails' -> 1 is not null
    or p_resource #> '{urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,manager}' is not null
    or has_own_extension(p_resource);
end $$;

-- Where a user's manager reference leads, if it can lead anywhere.
create function manager_of(p_resource jsonb) returns uuid language sql stable parallel safe as $$
  select case when pg_input_is_valid(p_resource #>> '{urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,manager,value}', 'uuid')
    then (p_resource #>> '{urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,manager,value}')::uuid end
$$;

create function keys_of_directory_user(p_org uuid, p_email_key text, p_resource jsonb) returns table (key uuid, is_unique boolean)
  language sql stable as $$
  select further_key('emails', fold_key(e ->> 'value')), false
  from jsonb_array_elements(case jsonb_typeof(p_resource -> 'emails') when 'array' then p_resource -> 'emails' end) e
  where fold_key(e ->> 'value') is distinct from p_email_key and e ->> 'value' is not null
  union
  select further_key('manager', p_resource #>> '{urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,manager,value}'), false
  where p_resource #>> '{urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,manager,value}' is not null
  union
  select further_key(s.urn_key || ':' || lower(a ->> 'name'),
      case when (a ->> 'caseExact')::boolean then p_resource #>> array[s.urn, a ->> 'name']
        else fold_key(p_resource #>> array[s.urn, a ->> 'name']) end), true
  from extension_schema s, jsonb_array_elements(s.attributes) a
  where has_own_extension(p_resource) and s.org_id = p_org and a ->> 'uniqueness' = 'server'
    and p_resource #>> array[s.urn, a ->> 'name'] is not null
$$;

-- A change of schemas builds the unique keys of all users anew: no user may change meanwhile by the schemas of before.
create function lock_extension_schemas(p_org uuid, p_change boolean) returns void language sql as $$
  select case when p_change then pg_advisory_xact_lock(hashtextextended('extension_schema ' || p_org, 0))
    else pg_advisory_xact_lock_shared(hashtextextended('extension_schema ' || p_org, 0)) end
$$;

create function write_directory_user_keys() returns trigger language plpgsql as $$
declare
  v_is_live boolean := tg_op <> 'DELETE' and new.deleted_at is null;
begin
  if tg_op = 'UPDATE' and not ((has_further_keys(old.resource) or has_further_keys(new.resource))
    and (has_own_extension(old.resource) or has_own_extension(new.resource)
      or old.deleted_at is distinct from new.deleted_at
      or old.resource -> 'emails' is distinct from new.resource -> 'emails'
      or old.resource #> '{urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,manager}'
        is distinct from new.resource #> '{urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,manager}'))
  then
    return null;
  end if;
  if v_is_live and has_own_extension(new.resource) then perform lock_extension_schemas(new.org_id, false); end if;
  if tg_op <> 'INSERT' then
    delete from directory_user_key k
    where k.org_id = old.org_id and k.directory_id = old.directory_id and k.member_id = old.member_id
      and k.key in (select o.key from keys_of_directory_user(old.org_id, old.email_key, old.resource) o)
      and (not v_is_live or k.key not in (select n.key from keys_of_directory_user(new.org_id, new.email_key, new.resource) n));
  end if;
  if v_is_live then
    insert into directory_user_key (org_id, directory_id, key, member_id, is_unique)
    select new.org_id, new.directory_id, n.key, new.member_id, n.is_unique
    from keys_of_directory_user(new.org_id, new.email_key, new.resource) n
    on conflict on constraint directory_user_key_pkey do nothing;
  end if;
  return null;
end $$;

create trigger directory_user_has_keys after insert on directory_user for each row
  when (has_further_keys(new.resource)) execute function write_directory_user_keys();
-- its condition stands in the function, which keeps it compiled: a `when` of that length is compiled by every statement
create trigger directory_user_changes_keys after update of resource, deleted_at on directory_user for each row
  execute function write_directory_user_keys();
create trigger directory_user_loses_keys after delete on directory_user for each row
  when (has_further_keys(old.resource)) execute function write_directory_user_keys();

-- After a change of schemas, in its transaction.
create function rebuild_unique_keys(p_org uuid) returns void language sql as $$
  delete from directory_user_key where org_id = p_org and is_unique;
  insert into directory_user_key (org_id, directory_id, key, member_id, is_unique)
  select d.org_id, d.directory_id, k.key, d.member_id, true
  from directory_user d, keys_of_directory_user(d.org_id, d.email_key, d.resource) k
  where d.org_id = p_org and d.deleted_at is null and k.is_unique and has_own_extension(d.resource)
$$;

-- How many users and groups state anything under this URN, or under one attribute of it.
create function count_stating(p_org uuid, p_path text[]) returns integer language sql stable as $$
  select (select count(*) from directory_user where org_id = p_org and resource #> p_path is not null)::integer
    + (select count(*) from directory_group where org_id = p_org and resource #> p_path is not null)::integer
$$;

-- Takes what is stated under a URN out of every user and group of the organization. Answers how many there were.
create function remove_extension_values(p_org uuid, p_urn text) returns integer language plpgsql as $$
declare
  v_users integer;
  v_groups integer;
begin
  update directory_user set resource = jsonb_set(resource - p_urn, '{schemas}', (resource -> 'schemas') - p_urn),
    version = version + 1, modified_at = greatest(now(), modified_at)
  where org_id = p_org and resource ? p_urn;
  get diagnostics v_users = row_count;
  update directory_group set resource = jsonb_set(resource - p_urn, '{schemas}', (resource -> 'schemas') - p_urn),
    version = version + 1, modified_at = greatest(now(), modified_at)
  where org_id = p_org and resource ? p_urn;
  get diagnostics v_groups = row_count;
  return v_users + v_groups;
end $$;

select isolate_by_organization('extension_schema', 'directory_user_key');

do $$
declare
  v_function regprocedure;
begin
  foreach v_function in array '{further_key,manager_of,has_own_extension,has_further_keys,keys_of_directory_user,lock_extension_schemas,
    write_directory_user_keys,rebuild_unique_keys,count_stating,remove_extension_values}'::regproc[]::regprocedure[] loop
    execute format('revoke execute on function %s from public', v_function);
    execute format('grant execute on function %s to drawbridge_app, drawbridge_worker', v_function);
  end loop;
end $$;

-- The figures that 0009 gives to empty tables.
select pg_restore_relation_stats('schemaname', 'public', 'relname', 'directory_user_key', 'relpages', 1, 'reltuples', 100000::real);
select pg_restore_attribute_stats('schemaname', 'public', 'relname', 'directory_user_key', 'attname', a, 'inherited', false,
  'null_frac', 0::real, 'avg_width', 16, 'n_distinct', (-1)::real) from unnest('{key,member_id}'::text[]) a;
