-- Several connections of one organization may be active at once, as long as no domain is asserted by two of them: the
-- domain of a typed address says which one signs its owner in.

create table connection_domain (
  org_id uuid not null,
  domain text not null,
  connection_id uuid not null,
  primary key (org_id, domain),
  foreign key (org_id, connection_id) references connection on delete cascade
);
comment on table connection_domain is 'which active connection asserts a domain; written by the trigger of connection and by nothing else';
create index connection_domain_by_connection on connection_domain (org_id, connection_id);

select isolate_by_organization('connection_domain');

create function claim_connection_domains() returns trigger language plpgsql as $$
declare
  v_other record;
begin
  delete from connection_domain d where d.org_id = new.org_id and d.connection_id = new.id
    and (new.status <> 'active' or not new.settings -> 'domains' ? d.domain);
  if new.status <> 'active' then return null; end if;
  insert into connection_domain (org_id, domain, connection_id)
  select new.org_id, domain, new.id from jsonb_array_elements_text(new.settings -> 'domains') domain
  on conflict do nothing;
  select d.domain, c.id, c.display_name into v_other
  from jsonb_array_elements_text(new.settings -> 'domains') wanted (domain)
    join connection_domain d on d.org_id = new.org_id and d.domain = wanted.domain and d.connection_id <> new.id
    join connection c on c.org_id = d.org_id and c.id = d.connection_id
  order by d.domain limit 1;
  if found then
    perform refuse('connection_domain_taken', format(
      'The active connection "%s" (%s) asserts %s already. Leave the domain to one of the two, or disable that one.',
      v_other.display_name, v_other.id, v_other.domain));
  end if;
  return null;
end $$;
revoke execute on function claim_connection_domains() from public;
create trigger connection_domains after insert or update of status, settings on connection
  for each row execute function claim_connection_domains();
