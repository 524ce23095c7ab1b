-- Organization tables: org_id first in the key and the query, row-level security behind it (0009 switches it on).

create table organization (
  org_id uuid primary key default uuidv7(),
  key text collate "C" not null references organization_key (key),
  display_name text not null,
  status text not null default 'active' constraint organization_status check (status in ('active', 'deleted')),
  policy jsonb not null default '{}',
  policy_version integer not null default 1,
  default_role text not null,
  seat_limit integer constraint organization_seat_limit check (seat_limit >= 0),
  frozen_at timestamptz,
  frozen_reason text,
  created_at timestamptz not null default now()
);

create table role (
  org_id uuid not null references organization on delete cascade,
  key text not null constraint role_key_form check (key ~ '^[a-z0-9][a-z0-9_-]{0,39}$'),
  display_name text not null,
  rank integer not null,
  permissions text[] not null,
  full_control boolean not null default false,
  assignable boolean not null default true,
  primary key (org_id, key)
);
comment on table role is 'a role is a set of permissions; the effective role of a member is the one of highest rank that a grant gives';

create table team (
  org_id uuid not null references organization on delete cascade,
  id uuid not null default uuidv7(),
  key text not null constraint team_key_form check (key ~ '^[a-z0-9][a-z0-9_-]{0,59}$' and key <> 'roles'),
  display_name text not null,
  kind text not null default 'team' constraint team_kind check (kind in ('team', 'project')),
  archived_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  constraint team_key_taken unique (org_id, key)
);

create table member (
  -- the role below belongs to the organization, so that its foreign key stands for both
  org_id uuid not null,
  id uuid not null default uuidv7(),
  person_id uuid,
  kind text not null default 'human' constraint member_kind check (kind in ('human', 'service', 'group')),
  status text not null constraint member_status
    check (status in ('invited', 'pending', 'active', 'suspended', 'removed', 'purged')),
  pending_reason text,
  role_key text not null,
  address text,
  address_key text collate "C",
  display_name text,
  given_name text,
  family_name text,
  released_at timestamptz,
  ends_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (org_id, id),
  constraint member_role_exists foreign key (org_id, role_key) references role (org_id, key),
  constraint member_active_has_person check (status <> 'active' or kind <> 'human' or person_id is not null),
  constraint member_pending_has_reason check ((status = 'pending') = (pending_reason is not null))
) with (fillfactor = 80);
create unique index member_one_per_person on member (org_id, person_id)
  where person_id is not null and status not in ('removed', 'purged');
create index member_by_person on member (person_id) where person_id is not null;
create unique index member_one_per_address on member (org_id, address_key)
  where address_key is not null and status not in ('removed', 'purged');

create table carrier (
  org_id uuid not null,
  member_id uuid not null,
  source text not null constraint carrier_source check (source in ('directory', 'invitation', 'sign_in', 'manual')),
  ref uuid not null,
  since timestamptz not null default now(),
  primary key (org_id, member_id, source, ref),
  foreign key (org_id, member_id) references member on delete cascade
);
comment on table carrier is 'a source that wants the member here';

create table block (
  org_id uuid not null,
  member_id uuid not null,
  source text not null constraint block_source check (source in ('directory', 'admin', 'policy')),
  ref uuid not null,
  reason text not null,
  since timestamptz not null default now(),
  primary key (org_id, member_id, source, ref),
  foreign key (org_id, member_id) references member on delete cascade
);
comment on table block is 'a source''s refusal; active = at least one carrier and no block';

create table directory (
  org_id uuid not null references organization on delete cascade,
  id uuid not null default uuidv7(),
  display_name text not null,
  profile text constraint directory_profile check (profile in ('entra', 'okta', 'generic')),
  status text not null default 'active' constraint directory_status check (status in ('active', 'inactive')),
  -- while it is switched off: whether what it gave rests (true) or stays
  released boolean not null default false,
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  constraint directory_released_is_off check (status = 'inactive' or not released)
);
comment on column directory.profile is 'chosen by an administrator; null = the detected one, else generic';

create table directory_count (
  org_id uuid not null,
  directory_id uuid not null,
  slot smallint not null,
  users integer not null default 0,
  groups integer not null default 0,
  primary key (org_id, directory_id, slot)
) with (fillfactor = 50);
comment on table directory_count is 'totals of a directory in up to 64 rows, one for each session by its number, so that concurrent creates seldom wait for one';

create table directory_user (
  org_id uuid not null,
  directory_id uuid not null,
  member_id uuid not null,
  user_name text not null,
  user_name_key text collate "C" not null,
  external_id text collate "C",
  display_name_key text collate "C",
  email_key text collate "C",
  given_name_key text collate "C",
  family_name_key text collate "C",
  active boolean not null,
  resource jsonb not null,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  modified_at timestamptz not null default now(),
  deleted_at timestamptz,
  -- null = in effect; while an administrator has not approved it, nothing that the directory says here touches the member
  adoption text constraint directory_user_adoption check (adoption in ('waiting', 'approved', 'declined')),
  adoption_reason text,
  adoption_address text,
  primary key (org_id, directory_id, member_id),
  foreign key (org_id, directory_id) references directory on delete cascade,
  foreign key (org_id, member_id) references member on delete cascade
) with (fillfactor = 80);
comment on table directory_user is 'the SCIM User: what one directory states about one member; its SCIM id is the member''s';
create unique index directory_user_name_taken on directory_user (org_id, directory_id, user_name_key) where deleted_at is null;
create unique index directory_user_external_id_taken on directory_user (org_id, directory_id, external_id)
  where deleted_at is null and external_id is not null;
create index directory_user_tombstone on directory_user (org_id, directory_id, external_id)
  where deleted_at is not null and external_id is not null;
create index directory_user_by_member on directory_user (org_id, member_id);
create index directory_user_not_adopted on directory_user (org_id, directory_id, member_id) where adoption is not null;

create table directory_group (
  org_id uuid not null,
  directory_id uuid not null,
  id uuid not null default uuidv7(),
  display_name text not null,
  display_name_key text collate "C" not null,
  external_id text collate "C",
  resource jsonb not null,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  modified_at timestamptz not null default now(),
  primary key (org_id, id),
  foreign key (org_id, directory_id) references directory on delete cascade,
  constraint directory_group_name_taken unique (org_id, directory_id, display_name_key)
) with (fillfactor = 80);
comment on table directory_group is 'a directory''s group: a fact; it grants nothing by itself';
create unique index directory_group_external_id_taken on directory_group (org_id, directory_id, external_id)
  where external_id is not null;

create table group_member (
  org_id uuid not null,
  group_id uuid not null,
  member_id uuid not null,
  since timestamptz not null default now(),
  primary key (org_id, group_id, member_id),
  foreign key (org_id, group_id) references directory_group on delete cascade,
  foreign key (org_id, member_id) references member on delete cascade
);
create index group_member_by_member on group_member (org_id, member_id);

create table mapping_rule (
  org_id uuid not null references organization on delete cascade,
  id uuid not null default uuidv7(),
  source text not null constraint mapping_rule_source check (source in ('scim.group', 'sso.groups')),
  match text not null constraint mapping_rule_match check (match in ('external_id', 'display_name')),
  value text not null,
  value_key text collate "C" not null,
  target_kind text not null constraint mapping_rule_target_kind check (target_kind in ('team', 'role')),
  target text not null,
  enabled boolean not null default true,
  created_by jsonb not null,
  created_at timestamptz not null default now(),
  primary key (org_id, id)
);
comment on table mapping_rule is 'group or claim value -> team or role; its ceiling is checked against its author when it is saved';
create index mapping_rule_by_value on mapping_rule (org_id, source, value_key);

create table access_grant (
  org_id uuid not null,
  member_id uuid not null,
  target_kind text not null constraint access_grant_target_kind check (target_kind in ('team', 'role')),
  target text not null,
  source text not null constraint access_grant_source check (source in ('manual', 'invite', 'scim', 'sso', 'rule', 'default')),
  ref text not null,
  retained boolean not null default false,
  since timestamptz not null default now(),
  primary key (org_id, member_id, target_kind, target, source, ref),
  foreign key (org_id, member_id) references member on delete cascade
);
comment on table access_grant is 'one reason why a member has a team or role; a source adds and removes only its own';

create table team_member (
  org_id uuid not null,
  team_id uuid not null,
  member_id uuid not null,
  since timestamptz not null default now(),
  primary key (org_id, team_id, member_id),
  foreign key (org_id, team_id) references team on delete cascade,
  foreign key (org_id, member_id) references member on delete cascade
);
comment on table team_member is 'computed from grants by reconcile_grants; written by nothing else';
create index team_member_by_member on team_member (org_id, member_id);

create table connection (
  org_id uuid not null references organization on delete cascade,
  id uuid not null default uuidv7(),
  protocol text not null constraint connection_protocol check (protocol in ('saml', 'oidc')),
  display_name text not null,
  status text not null default 'draft' constraint connection_status
    check (status in ('draft', 'tested', 'active', 'disabled')),
  directory_id uuid,
  settings jsonb not null,
  sealed_secret bytea,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  foreign key (org_id, directory_id) references directory (org_id, id)
);
comment on table connection is 'one SSO identity provider of an organization; it may assert the verified domains in settings.domains';
create index connection_active on connection (org_id) where status = 'active';
create unique index connection_by_id on connection (id);

create table identity (
  org_id uuid not null,
  connection_id uuid not null,
  issuer text not null,
  subject text not null,
  member_id uuid not null,
  linked_by text not null,
  linked_at timestamptz not null default now(),
  primary key (org_id, connection_id, issuer, subject),
  foreign key (org_id, connection_id) references connection on delete cascade,
  foreign key (org_id, member_id) references member on delete cascade,
  constraint identity_one_per_member unique (org_id, connection_id, member_id)
);
comment on table identity is 'what one connection knows a person by, linked once';

create table sign_in_request (
  org_id uuid not null,
  id uuid not null default uuidv7(),
  connection_id uuid not null,
  interaction_uid text not null,
  browser_hash bytea not null,
  login_hint text,
  request jsonb not null,
  response text,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  consumed_at timestamptz,
  primary key (org_id, id),
  foreign key (org_id, connection_id) references connection on delete cascade
);
comment on table sign_in_request is 'an outstanding request to a company''s identity provider: consumed once, bound to one browser';
create index sign_in_request_by_expiry on sign_in_request (expires_at);

create table assertion_seen (
  org_id uuid not null,
  connection_id uuid not null,
  assertion_id text not null,
  expires_at timestamptz not null,
  constraint assertion_replayed primary key (org_id, connection_id, assertion_id)
);

create table sso_evidence (
  org_id uuid not null,
  connection_id uuid not null,
  member_id uuid not null,
  state text not null constraint sso_evidence_state check (state in ('list', 'empty', 'absent', 'overage', 'invalid')),
  groups text[] not null default '{}',
  at timestamptz not null,
  primary key (org_id, connection_id, member_id),
  foreign key (org_id, connection_id) references connection on delete cascade,
  foreign key (org_id, member_id) references member on delete cascade
);
comment on table sso_evidence is 'the groups that the last usable sign-in named; only list and empty replace what was known';

create table sign_in_trace (
  org_id uuid not null,
  id uuid not null default uuidv7(),
  connection_id uuid,
  member_id uuid,
  outcome text not null,
  refusal text,
  detail jsonb not null,
  at timestamptz not null,
  primary key (org_id, id)
);

create table invitation (
  org_id uuid not null references organization on delete cascade,
  id uuid not null default uuidv7(),
  member_id uuid not null,
  address text not null,
  address_key text collate "C" not null,
  role_key text not null,
  team_ids uuid[] not null default '{}',
  message text,
  status text not null default 'pending' constraint invitation_status
    check (status in ('pending', 'accepted', 'cancelled', 'expired')),
  inviter jsonb not null,
  sent_count integer not null default 0,
  last_sent_at timestamptz,
  delivery text not null default 'queued' constraint invitation_delivery check (delivery in ('queued', 'sent', 'failed')),
  browser_hash bytea,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (org_id, id),
  foreign key (org_id, member_id) references member on delete cascade,
  constraint invitation_role_exists foreign key (org_id, role_key) references role (org_id, key),
  constraint invitation_accepted_at_set check ((status = 'accepted') = (accepted_at is not null))
);
create unique index invitation_one_pending on invitation (org_id, address_key) where status = 'pending';
create index invitation_by_member on invitation (org_id, member_id);

create table api_key (
  org_id uuid not null references organization on delete cascade,
  id uuid not null default uuidv7(),
  display_name text not null,
  member_id uuid,
  permissions text[] not null,
  last_characters text not null,
  created_by jsonb not null,
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  primary key (org_id, id),
  foreign key (org_id, member_id) references member on delete cascade
);

create table directory_token (
  org_id uuid not null,
  id uuid not null default uuidv7(),
  directory_id uuid not null,
  display_name text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  primary key (org_id, id),
  foreign key (org_id, directory_id) references directory on delete cascade
);
comment on table directory_token is 'the bearer tokens of a directory; at most two live at once (directory_token_issue)';

create table scim_journal (
  org_id uuid not null,
  id uuid not null default uuidv7(),
  directory_id uuid not null,
  at timestamptz not null,
  request_id text not null,
  method text not null,
  path text not null,
  status smallint not null,
  latency_ms real not null,
  detail jsonb,
  -- as it is read: by directory, newest first
  primary key (org_id, directory_id, at, id)
) partition by range (at);
comment on table scim_journal is 'what the directory sent and what came of it, redacted; partitioned by month, kept 30 days';

create table idempotency_key (
  org_id uuid not null,
  key text not null,
  request_hash bytea not null,
  status smallint not null,
  body jsonb,
  location text,
  created_at timestamptz not null default now(),
  primary key (org_id, key)
);
comment on table idempotency_key is 'the answer to a write, stored in its own transaction, so that a repeat gets the same';
