-- Mapping: rules of every kind, the distinct values that claims carried, and which rule matches which of them (design,
-- section 6). A pattern is never run in SQL: what matches is computed once for each distinct value, by an engine of linear
-- time, in the transaction in which the rule or the value appears, and kept in rule_match. Exact rules stand there too, so
-- that what somebody gets is one walk from facts over rule_match, whatever the rules look like.

alter table organization
  add column mapping_conflicts text not null default 'directory-first' constraint organization_mapping_conflicts
    check (mapping_conflicts in ('directory-first', 'union', 'manual-first'));
comment on column organization.mapping_conflicts is 'who decides where directory, sign-in and administrators disagree (docs/mapping.md)';

alter table connection add column released boolean not null default false;
comment on column connection.released is 'while it is switched off: whether what its evidence gave rests (true) or stays';

alter table mapping_rule
  drop constraint mapping_rule_source,
  drop constraint mapping_rule_match,
  drop constraint mapping_rule_target_kind,
  add column attribute text collate "C" not null default '',
  add column connection_id uuid,
  add column directory_id uuid,
  add column create_missing boolean not null default false,
  add column key_prefix text collate "C" not null default '',
  add column create_limit integer not null default 0,
  add column priority integer not null default 0,
  add column mode text not null default 'enforce',
  add column note text,
  add column ceiling text[],
  add column version integer not null default 1,
  add constraint mapping_rule_source check (source in ('scim.group', 'sso.groups', 'sso.attribute')),
  add constraint mapping_rule_attribute check ((source = 'sso.attribute') = (attribute <> '')),
  add constraint mapping_rule_match check (match in ('external_id', 'display_name', 'prefix', 'glob', 'regex')),
  add constraint mapping_rule_target_kind check (target_kind in ('team', 'role', 'team_template')),
  add constraint mapping_rule_template_captures check (target_kind <> 'team_template' or match = 'regex'),
  add constraint mapping_rule_restriction check (case when source = 'scim.group' then connection_id is null else directory_id is null end),
  add constraint mapping_rule_creates check (not create_missing or target_kind = 'team_template' and key_prefix <> '' and create_limit > 0),
  add constraint mapping_rule_mode check (mode in ('enforce', 'additive', 'shadow')),
  add constraint mapping_rule_connection foreign key (org_id, connection_id) references connection on delete cascade,
  add constraint mapping_rule_directory foreign key (org_id, directory_id) references directory on delete cascade;
comment on column mapping_rule.target is 'the id of a team, the key of a role, or the key of a team with {captures} in it';
comment on column mapping_rule.ceiling is 'the permissions that its author held; a role that carries more is not given. Null = full control';
create index mapping_rule_patterns on mapping_rule (org_id, source, attribute) where match in ('prefix', 'glob', 'regex');

create table claim_value (
  org_id uuid not null references organization on delete cascade,
  id uuid not null default uuidv7(),
  attribute text collate "C" not null,
  value text collate "C" not null,
  value_key text collate "C" not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  primary key (org_id, id),
  constraint claim_value_once unique (org_id, attribute, value) include (id)
);
comment on table claim_value is 'a distinct value of a claim that a sign-in carried; attribute is empty for groups';
create index claim_value_by_key on claim_value (org_id, attribute, value_key);

-- One row for each claim that a connection makes of a member: its groups (attribute is empty), or a kept attribute.
alter table sso_evidence
  drop column groups,
  drop constraint sso_evidence_pkey,
  add column attribute text collate "C" not null default '',
  add column value_ids uuid[] not null default '{}',
  add column listed_at timestamptz,
  add column trace_id uuid,
  add primary key (org_id, member_id, connection_id, attribute);
comment on table sso_evidence is 'what the last sign-in said (state, at) and the values last listed (value_ids, listed_at); only a list, also an empty one, replaces them';
create index sso_evidence_by_connection on sso_evidence (org_id, connection_id);
create index sso_evidence_by_value on sso_evidence using gin (value_ids);

create table rule_match (
  org_id uuid not null,
  rule_id uuid not null,
  value_id uuid not null,
  team_key text collate "C",
  team_name text,
  primary key (org_id, value_id, rule_id),
  foreign key (org_id, rule_id) references mapping_rule on delete cascade
);
comment on table rule_match is 'which rule matches which group of a directory or claim value (value_id is the id of either); team_key is what a template made of it';
create index rule_match_by_rule on rule_match (org_id, rule_id);

alter table team add column made_by_rule uuid;
comment on column team.made_by_rule is 'the rule whose template made it, for that rule''s limit';
create index team_made_by_rule on team (org_id, made_by_rule) where made_by_rule is not null;

create table held_change (
  org_id uuid not null,
  id uuid not null default uuidv7(),
  team_id uuid not null,
  actor jsonb not null,
  at timestamptz not null default now(),
  primary key (org_id, id),
  constraint held_change_one_per_team unique (org_id, team_id),
  foreign key (org_id, team_id) references team on delete cascade
);
comment on table held_change is 'the brake: members whom rules would take out of a team, more than may go within an hour; an administrator decides';

create table team_departure (
  org_id uuid not null,
  team_id uuid not null,
  id uuid not null default uuidv7(),
  members integer not null,
  at timestamptz not null default now(),
  primary key (org_id, team_id, id),
  foreign key (org_id, team_id) references team on delete cascade
);
comment on table team_departure is 'how many members rules and sign-ins have taken out of a team, for the hour that the brake looks back';
create index team_departure_by_time on team_departure (at);

alter table access_grant
  add column rule_id uuid generated always as (case when source in ('scim', 'sso') then split_part(ref, ':', 1)::uuid end) stored,
  add column held_by uuid;
create index access_grant_by_rule on access_grant (org_id, rule_id) where rule_id is not null;
create index access_grant_held on access_grant (org_id, held_by) where held_by is not null;

select isolate_by_organization('claim_value', 'rule_match', 'held_change', 'team_departure');

-- As in 0009: until the first ANALYZE the planner shall think that these are large and their ids nearly unique.
select pg_restore_relation_stats('schemaname', 'public', 'relname', c.relname::text, 'relpages', 1, 'reltuples', 100000::real)
from pg_class c where c.relnamespace = 'public'::regnamespace and c.relname in ('claim_value', 'rule_match', 'held_change', 'team_departure');
select pg_restore_attribute_stats('schemaname', 'public', 'relname', a.relname, 'attname', a.attname,
  'inherited', false, 'null_frac', 0::real, 'avg_width', 20, 'n_distinct', (-1)::real)
from (values ('claim_value', 'id'), ('claim_value', 'value'), ('claim_value', 'value_key'), ('rule_match', 'value_id'),
  ('rule_match', 'rule_id'), ('held_change', 'team_id'), ('team_departure', 'team_id'),
  ('access_grant', 'rule_id')) as a (relname, attname);
