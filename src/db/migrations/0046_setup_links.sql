-- Set-up links: for the customer's IT administrator, who has no account here. What is made through one is a draft until
-- somebody with full control switches it on.

create table setup_link (
  org_id uuid not null references organization on delete cascade,
  id uuid not null default uuidv7(),
  scopes text[] not null constraint setup_link_scopes
    check (cardinality(scopes) > 0 and scopes <@ array['connection', 'domain', 'directory']),
  created_by jsonb not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  last_used_at timestamptz,
  primary key (org_id, id)
);
comment on table setup_link is 'opened any number of times until it expires or is revoked; the hash of its token is in credential';

create table setup_item (
  org_id uuid not null,
  link_id uuid not null,
  kind text not null constraint setup_item_kind check (kind in ('connection', 'directory')),
  id uuid not null,
  made_at timestamptz not null,
  primary key (org_id, kind, id),
  foreign key (org_id, link_id) references setup_link on delete cascade
);
comment on table setup_item is 'what was made through a set-up link: only full control switches it on';
create index setup_item_by_link on setup_item (org_id, link_id);

select isolate_by_organization('setup_link', 'setup_item');
