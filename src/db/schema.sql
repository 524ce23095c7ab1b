-- The effect of all migrations. Written by `npm run schema:dump`; never edited by hand.

-- tables

table access_grant -- row-level security
  org_id uuid not null
  member_id uuid not null
  target_kind text not null
  target text not null
  source text not null
  ref text not null
  retained boolean not null default false
  since timestamp with time zone not null default now()
  rule_id uuid default 
CASE
    WHEN (source = ANY (ARRAY['scim'::text, 'sso'::text])) THEN (split_part(ref, ':'::text, 1))::uuid
    ELSE NULL::uuid
END
  held_by uuid
  constraint access_grant_org_id_member_id_fkey FOREIGN KEY (org_id, member_id) REFERENCES member(org_id, id) NOT ENFORCED
  constraint access_grant_pkey PRIMARY KEY (org_id, member_id, target_kind, target, source, ref)
  constraint access_grant_source CHECK ((source = ANY (ARRAY['manual'::text, 'invite'::text, 'scim'::text, 'sso'::text, 'rule'::text, 'default'::text])))
  constraint access_grant_target_kind CHECK ((target_kind = ANY (ARRAY['team'::text, 'role'::text])))

table account_attempt
  person_id uuid not null
  address text not null
  constraint account_attempt_pkey PRIMARY KEY (person_id, address)

table api_key -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  display_name text not null
  member_id uuid
  permissions text[] not null
  last_characters text not null
  created_by jsonb not null
  created_at timestamp with time zone not null default now()
  revoked_at timestamp with time zone
  full_control boolean not null default false
  constraint api_key_org_id_fkey FOREIGN KEY (org_id) REFERENCES organization(org_id) ON DELETE CASCADE
  constraint api_key_org_id_member_id_fkey FOREIGN KEY (org_id, member_id) REFERENCES member(org_id, id) ON DELETE CASCADE
  constraint api_key_pkey PRIMARY KEY (org_id, id)

table assertion_seen -- row-level security
  org_id uuid not null
  connection_id uuid not null
  assertion_id text not null
  expires_at timestamp with time zone not null
  constraint assertion_replayed PRIMARY KEY (org_id, connection_id, assertion_id)

table audit_event -- row-level security
  org_id uuid not null
  id bigint not null
  at timestamp with time zone not null default now()
  txid xid8 not null default pg_current_xact_id()
  actor jsonb not null
  action text not null
  subject_kind text not null
  subject_id uuid not null
  data jsonb not null default '{}'::jsonb
  personal_hash bytea
  constraint audit_event_pkey PRIMARY KEY (org_id, at, id)

table audit_personal -- row-level security
  org_id uuid not null
  event_id bigint not null
  salt bytea not null
  personal jsonb not null
  constraint audit_personal_pkey PRIMARY KEY (org_id, event_id)

table audit_seal -- row-level security
  org_id uuid not null
  epoch integer not null
  seq bigint not null
  event_id bigint not null
  event_txid xid8 not null
  hash bytea not null
  sealed_at timestamp with time zone not null default now()
  constraint audit_seal_pkey PRIMARY KEY (org_id, epoch, seq)

table block -- row-level security
  org_id uuid not null
  member_id uuid not null
  source text not null
  ref uuid not null
  reason text not null
  since timestamp with time zone not null default now()
  constraint block_org_id_member_id_fkey FOREIGN KEY (org_id, member_id) REFERENCES member(org_id, id) ON DELETE CASCADE
  constraint block_pkey PRIMARY KEY (org_id, member_id, source, ref)
  constraint block_source CHECK ((source = ANY (ARRAY['directory'::text, 'admin'::text, 'policy'::text])))

table break_glass -- row-level security
  org_id uuid not null
  member_id uuid not null
  named_by jsonb not null
  named_at timestamp with time zone not null
  ready_at timestamp with time zone
  proved_at timestamp with time zone
  last_used_at timestamp with time zone
  last_session text
  constraint break_glass_org_id_member_id_fkey FOREIGN KEY (org_id, member_id) REFERENCES member(org_id, id) ON DELETE CASCADE
  constraint break_glass_pkey PRIMARY KEY (org_id, member_id)
  constraint break_glass_proved_when_ready CHECK (((proved_at IS NULL) OR (ready_at IS NOT NULL)))

table carrier -- row-level security
  org_id uuid not null
  member_id uuid not null
  source text not null
  ref uuid not null
  since timestamp with time zone not null default now()
  constraint carrier_org_id_member_id_fkey FOREIGN KEY (org_id, member_id) REFERENCES member(org_id, id) NOT ENFORCED
  constraint carrier_pkey PRIMARY KEY (org_id, member_id, source, ref)
  constraint carrier_source CHECK ((source = ANY (ARRAY['directory'::text, 'invitation'::text, 'sign_in'::text, 'manual'::text])))

table claim_value -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  attribute text not null
  value text not null
  value_key text not null
  first_seen_at timestamp with time zone not null
  last_seen_at timestamp with time zone not null
  constraint claim_value_once UNIQUE (org_id, attribute, value) INCLUDE (id)
  constraint claim_value_org_id_fkey FOREIGN KEY (org_id) REFERENCES organization(org_id) NOT ENFORCED
  constraint claim_value_pkey PRIMARY KEY (org_id, id)

table claim_value_left -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  value_ids uuid[] not null
  at timestamp with time zone not null
  constraint claim_value_left_org_id_fkey FOREIGN KEY (org_id) REFERENCES organization(org_id) ON DELETE CASCADE
  constraint claim_value_left_pkey PRIMARY KEY (org_id, id)

table connection -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  protocol text not null
  display_name text not null
  status text not null default 'draft'::text
  directory_id uuid
  settings jsonb not null
  sealed_secret bytea
  version integer not null default 1
  created_at timestamp with time zone not null default now()
  trust_version integer not null default 1
  tested_version integer
  released boolean not null default false
  constraint connection_org_id_directory_id_fkey FOREIGN KEY (org_id, directory_id) REFERENCES directory(org_id, id)
  constraint connection_org_id_fkey FOREIGN KEY (org_id) REFERENCES organization(org_id) ON DELETE CASCADE
  constraint connection_pkey PRIMARY KEY (org_id, id)
  constraint connection_protocol CHECK ((protocol = ANY (ARRAY['saml'::text, 'oidc'::text])))
  constraint connection_status CHECK ((status = ANY (ARRAY['draft'::text, 'tested'::text, 'active'::text, 'disabled'::text])))
  constraint connection_tested_is_proved CHECK (((status <> 'tested'::text) OR (tested_version = trust_version)))

table connection_certificate -- row-level security
  org_id uuid not null
  connection_id uuid not null
  fingerprint text not null
  not_after timestamp with time zone not null
  absent_since timestamp with time zone
  warned_days integer
  constraint connection_certificate_org_id_connection_id_fkey FOREIGN KEY (org_id, connection_id) REFERENCES connection(org_id, id) ON DELETE CASCADE
  constraint connection_certificate_pkey PRIMARY KEY (org_id, connection_id, fingerprint)

table connection_domain -- row-level security
  org_id uuid not null
  domain text not null
  connection_id uuid not null
  constraint connection_domain_org_id_connection_id_fkey FOREIGN KEY (org_id, connection_id) REFERENCES connection(org_id, id) ON DELETE CASCADE
  constraint connection_domain_pkey PRIMARY KEY (org_id, domain)

table connection_refresh -- row-level security
  org_id uuid not null
  connection_id uuid not null
  due_at timestamp with time zone not null
  asked_at timestamp with time zone
  refreshed_at timestamp with time zone
  failed_at timestamp with time zone
  last_error text
  pending jsonb
  pending_since timestamp with time zone
  rejected text
  constraint connection_refresh_failure_has_words CHECK (((failed_at IS NULL) = (last_error IS NULL)))
  constraint connection_refresh_org_id_connection_id_fkey FOREIGN KEY (org_id, connection_id) REFERENCES connection(org_id, id) ON DELETE CASCADE
  constraint connection_refresh_pending_has_age CHECK (((pending IS NULL) = (pending_since IS NULL)))
  constraint connection_refresh_pkey PRIMARY KEY (org_id, connection_id)

table connection_test -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  connection_id uuid not null
  principal text not null
  member_id uuid
  outcome text not null default 'open'::text
  trust_version integer not null
  trace_id uuid
  result jsonb
  at timestamp with time zone not null
  expires_at timestamp with time zone not null
  constraint connection_test_finished_has_trace CHECK (((outcome = ANY (ARRAY['passed'::text, 'refused'::text])) = (trace_id IS NOT NULL)))
  constraint connection_test_org_id_connection_id_fkey FOREIGN KEY (org_id, connection_id) REFERENCES connection(org_id, id) ON DELETE CASCADE
  constraint connection_test_outcome CHECK ((outcome = ANY (ARRAY['open'::text, 'started'::text, 'passed'::text, 'refused'::text])))
  constraint connection_test_pkey PRIMARY KEY (org_id, id)

table credential
  hash bytea not null
  kind text not null
  org_id uuid
  subject_id uuid not null
  expires_at timestamp with time zone
  revoked_at timestamp with time zone
  last_used_at timestamp with time zone
  created_at timestamp with time zone not null default now()
  constraint credential_kind CHECK ((kind = ANY (ARRAY['api_key'::text, 'scim_token'::text, 'invitation'::text, 'operator_key'::text, 'connection_test'::text, 'setup_link'::text])))
  constraint credential_operator_has_no_org CHECK (((kind = 'operator_key'::text) = (org_id IS NULL)))
  constraint credential_pkey PRIMARY KEY (hash)

table directory -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  display_name text not null
  profile text
  status text not null default 'active'::text
  released boolean not null default false
  created_at timestamp with time zone not null default now()
  detected_profile text
  detected_at timestamp with time zone
  deactivated_at timestamp with time zone
  journal_days smallint not null default 30
  keep_bodies_until timestamp with time zone
  constraint directory_detected_profile CHECK ((detected_profile = ANY (ARRAY['entra'::text, 'okta'::text])))
  constraint directory_journal_days CHECK (((journal_days >= 1) AND (journal_days <= 365)))
  constraint directory_org_id_fkey FOREIGN KEY (org_id) REFERENCES organization(org_id) ON DELETE CASCADE
  constraint directory_pkey PRIMARY KEY (org_id, id)
  constraint directory_profile CHECK ((profile = ANY (ARRAY['entra'::text, 'okta'::text, 'generic'::text])))
  constraint directory_released_is_off CHECK (((status = 'inactive'::text) OR (NOT released)))
  constraint directory_status CHECK ((status = ANY (ARRAY['active'::text, 'inactive'::text])))

table directory_agent -- row-level security
  org_id uuid not null
  directory_id uuid not null
  kind text not null
  id uuid not null
  name_key text not null
  external_id text
  resource jsonb not null
  version integer not null default 1
  created_at timestamp with time zone not null
  modified_at timestamp with time zone not null
  constraint directory_agent_kind CHECK ((kind = ANY (ARRAY['Agent'::text, 'AgenticApplication'::text])))
  constraint directory_agent_name_taken UNIQUE (org_id, directory_id, kind, name_key)
  constraint directory_agent_org_id_directory_id_fkey FOREIGN KEY (org_id, directory_id) REFERENCES directory(org_id, id) ON DELETE CASCADE
  constraint directory_agent_pkey PRIMARY KEY (org_id, directory_id, kind, id)

table directory_count -- row-level security
  org_id uuid not null
  directory_id uuid not null
  slot smallint not null
  users integer not null default 0
  groups integer not null default 0
  constraint directory_count_pkey PRIMARY KEY (org_id, directory_id, slot)

table directory_group -- row-level security
  org_id uuid not null
  directory_id uuid not null
  id uuid not null default uuidv7()
  display_name text not null
  display_name_key text not null
  external_id text
  resource jsonb not null
  version integer not null default 1
  created_at timestamp with time zone not null default now()
  modified_at timestamp with time zone not null default now()
  constraint directory_group_name_taken UNIQUE (org_id, directory_id, display_name_key)
  constraint directory_group_org_id_directory_id_fkey FOREIGN KEY (org_id, directory_id) REFERENCES directory(org_id, id) ON DELETE CASCADE
  constraint directory_group_pkey PRIMARY KEY (org_id, id)

table directory_token -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  directory_id uuid not null
  display_name text not null
  created_at timestamp with time zone not null default now()
  expires_at timestamp with time zone
  revoked_at timestamp with time zone
  warned_days smallint
  constraint directory_token_org_id_directory_id_fkey FOREIGN KEY (org_id, directory_id) REFERENCES directory(org_id, id) ON DELETE CASCADE
  constraint directory_token_pkey PRIMARY KEY (org_id, id)

table directory_user -- row-level security
  org_id uuid not null
  directory_id uuid not null
  member_id uuid not null
  user_name text not null
  user_name_key text not null
  external_id text
  display_name_key text
  email_key text
  given_name_key text
  family_name_key text
  active boolean not null
  resource jsonb not null
  version integer not null default 1
  created_at timestamp with time zone not null default now()
  modified_at timestamp with time zone not null default now()
  deleted_at timestamp with time zone
  adoption text
  adoption_reason text
  adoption_address text
  constraint directory_user_adoption CHECK ((adoption = ANY (ARRAY['waiting'::text, 'approved'::text, 'declined'::text])))
  constraint directory_user_org_id_directory_id_fkey FOREIGN KEY (org_id, directory_id) REFERENCES directory(org_id, id) NOT ENFORCED
  constraint directory_user_org_id_member_id_fkey FOREIGN KEY (org_id, member_id) REFERENCES member(org_id, id) NOT ENFORCED
  constraint directory_user_pkey PRIMARY KEY (org_id, directory_id, member_id)

table directory_user_key -- row-level security
  org_id uuid not null
  directory_id uuid not null
  key uuid not null
  member_id uuid not null
  is_unique boolean not null
  constraint directory_user_key_org_id_directory_id_fkey FOREIGN KEY (org_id, directory_id) REFERENCES directory(org_id, id) ON DELETE CASCADE
  constraint directory_user_key_pkey PRIMARY KEY (org_id, directory_id, key, member_id)

table domain_claim
  domain text not null
  org_id uuid not null
  status text not null
  dns_token text not null
  method text
  decided_by jsonb
  verified_at timestamp with time zone
  include_subdomains boolean not null default false
  last_check text
  last_checked_at timestamp with time zone
  next_check_at timestamp with time zone
  missing_since timestamp with time zone
  lost_at timestamp with time zone
  ended_at timestamp with time zone
  created_at timestamp with time zone not null default now()
  constraint domain_claim_last_check CHECK ((last_check = ANY (ARRAY['found'::text, 'missing'::text, 'unanswered'::text])))
  constraint domain_claim_method CHECK ((method = ANY (ARRAY['dns'::text, 'operator'::text])))
  constraint domain_claim_pkey PRIMARY KEY (domain, org_id)
  constraint domain_claim_status CHECK ((status = ANY (ARRAY['pending'::text, 'proved'::text, 'verified'::text, 'lost'::text, 'released'::text])))

table entry_grant -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  connection_id uuid not null
  attribute text
  value text not null
  value_key text not null
  role_key text
  created_by jsonb not null
  created_at timestamp with time zone not null default now()
  constraint entry_grant_org_id_connection_id_fkey FOREIGN KEY (org_id, connection_id) REFERENCES connection(org_id, id) ON DELETE CASCADE
  constraint entry_grant_org_id_role_key_fkey FOREIGN KEY (org_id, role_key) REFERENCES role(org_id, key)
  constraint entry_grant_pkey PRIMARY KEY (org_id, id)
  constraint entry_grant_taken UNIQUE NULLS NOT DISTINCT (org_id, connection_id, attribute, value_key)

table extension_schema -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  urn text not null
  urn_key text not null
  name text not null
  description text not null
  resource_types text[] not null
  attributes jsonb not null
  created_at timestamp with time zone not null default now()
  modified_at timestamp with time zone not null default now()
  constraint extension_schema_org_id_fkey FOREIGN KEY (org_id) REFERENCES organization(org_id) ON DELETE CASCADE
  constraint extension_schema_pkey PRIMARY KEY (org_id, id)
  constraint extension_schema_types CHECK (((resource_types <@ '{User,Group}'::text[]) AND (resource_types <> '{}'::text[])))
  constraint extension_schema_urn_taken UNIQUE (org_id, urn_key)

table group_member -- row-level security
  org_id uuid not null
  group_id uuid not null
  member_id uuid not null
  since timestamp with time zone not null default now()
  constraint group_member_org_id_group_id_fkey FOREIGN KEY (org_id, group_id) REFERENCES directory_group(org_id, id) ON DELETE CASCADE
  constraint group_member_org_id_member_id_fkey FOREIGN KEY (org_id, member_id) REFERENCES member(org_id, id) NOT ENFORCED
  constraint group_member_pkey PRIMARY KEY (org_id, group_id, member_id)

table held_change -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  team_id uuid not null
  actor jsonb not null
  at timestamp with time zone not null default now()
  constraint held_change_one_per_team UNIQUE (org_id, team_id)
  constraint held_change_org_id_team_id_fkey FOREIGN KEY (org_id, team_id) REFERENCES team(org_id, id) ON DELETE CASCADE
  constraint held_change_pkey PRIMARY KEY (org_id, id)

table idempotency_key -- row-level security
  org_id uuid not null
  key text not null
  request_hash bytea not null
  status smallint not null
  body jsonb
  location text
  created_at timestamp with time zone not null default now()
  constraint idempotency_key_pkey PRIMARY KEY (org_id, key)

table identity -- row-level security
  org_id uuid not null
  connection_id uuid not null
  issuer text not null
  subject text not null
  member_id uuid not null
  linked_by text not null
  linked_at timestamp with time zone not null default now()
  constraint identity_one_per_member UNIQUE (org_id, connection_id, member_id)
  constraint identity_org_id_connection_id_fkey FOREIGN KEY (org_id, connection_id) REFERENCES connection(org_id, id) ON DELETE CASCADE
  constraint identity_org_id_member_id_fkey FOREIGN KEY (org_id, member_id) REFERENCES member(org_id, id) ON DELETE CASCADE
  constraint identity_pkey PRIMARY KEY (org_id, connection_id, issuer, subject)

table invitation -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  member_id uuid not null
  address text not null
  address_key text not null
  role_key text not null
  team_ids uuid[] not null default '{}'::uuid[]
  message text
  status text not null default 'pending'::text
  inviter jsonb not null
  sent_count integer not null default 0
  last_sent_at timestamp with time zone
  delivery text not null default 'queued'::text
  browser_hash bytea
  expires_at timestamp with time zone not null
  accepted_at timestamp with time zone
  created_at timestamp with time zone not null default now()
  ceiling text[] not null default '{}'::text[]
  ceiling_full_control boolean not null default false
  recent_sends timestamp with time zone[] not null default '{}'::timestamp with time zone[]
  delivery_error text
  confirms_address boolean not null default false
  constraint invitation_accepted_at_set CHECK (((status = 'accepted'::text) = (accepted_at IS NOT NULL)))
  constraint invitation_delivery CHECK ((delivery = ANY (ARRAY['queued'::text, 'sent'::text, 'failed'::text])))
  constraint invitation_org_id_fkey FOREIGN KEY (org_id) REFERENCES organization(org_id) ON DELETE CASCADE
  constraint invitation_org_id_member_id_fkey FOREIGN KEY (org_id, member_id) REFERENCES member(org_id, id) ON DELETE CASCADE
  constraint invitation_pkey PRIMARY KEY (org_id, id)
  constraint invitation_role_exists FOREIGN KEY (org_id, role_key) REFERENCES role(org_id, key)
  constraint invitation_status CHECK ((status = ANY (ARRAY['pending'::text, 'accepted'::text, 'cancelled'::text, 'expired'::text])))

table invitation_hop -- row-level security
  org_id uuid not null
  state_hash bytea not null
  invitation_id uuid not null
  step text not null
  expires_at timestamp with time zone not null
  constraint invitation_hop_org_id_invitation_id_fkey FOREIGN KEY (org_id, invitation_id) REFERENCES invitation(org_id, id) ON DELETE CASCADE
  constraint invitation_hop_pkey PRIMARY KEY (org_id, state_hash)
  constraint invitation_hop_step CHECK ((step = ANY (ARRAY['who'::text, 'prove'::text, 'password'::text, 'signed_out'::text])))

table keycloak_cursor
  stream text not null
  seen_until timestamp with time zone not null
  polled_at timestamp with time zone not null
  constraint keycloak_cursor_pkey PRIMARY KEY (stream)
  constraint keycloak_cursor_stream CHECK ((stream = ANY (ARRAY['user'::text, 'admin'::text])))

table keycloak_event_seen
  event_id text not null
  at timestamp with time zone not null
  constraint keycloak_event_seen_pkey PRIMARY KEY (event_id)

table keycloak_id
  kind text not null
  id uuid not null
  org_id uuid
  key text
  keycloak_id text not null
  constraint keycloak_id_kind CHECK ((kind = ANY (ARRAY['person'::text, 'organization'::text, 'team'::text, 'role'::text, 'connection'::text])))
  constraint keycloak_id_pkey PRIMARY KEY (kind, id)

table keycloak_projected
  person_id uuid not null
  desired jsonb not null
  certain boolean not null
  projected_at timestamp with time zone not null default now()
  logout_due boolean not null default false
  constraint keycloak_projected_pkey PRIMARY KEY (person_id)

table keycloak_quarantine
  id uuid not null default uuidv7()
  keycloak_id text not null
  address_key text not null
  reason text not null
  at timestamp with time zone not null default now()
  constraint keycloak_quarantine_pkey PRIMARY KEY (id)

table link_approval -- row-level security
  org_id uuid not null
  connection_id uuid not null
  member_id uuid not null
  approved_by jsonb not null
  expires_at timestamp with time zone not null
  constraint link_approval_org_id_connection_id_fkey FOREIGN KEY (org_id, connection_id) REFERENCES connection(org_id, id) ON DELETE CASCADE
  constraint link_approval_org_id_member_id_fkey FOREIGN KEY (org_id, member_id) REFERENCES member(org_id, id) ON DELETE CASCADE
  constraint link_approval_pkey PRIMARY KEY (org_id, connection_id, member_id)

table logout_request -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  connection_id uuid not null
  request_id text
  return_to text not null
  onward jsonb not null default '[]'::jsonb
  expires_at timestamp with time zone not null
  constraint logout_request_org_id_connection_id_fkey FOREIGN KEY (org_id, connection_id) REFERENCES connection(org_id, id) ON DELETE CASCADE
  constraint logout_request_pkey PRIMARY KEY (org_id, id)

table mail_health
  one boolean not null default true
  last_sent_at timestamp with time zone
  last_failed_at timestamp with time zone
  last_error text
  constraint mail_health_one_row CHECK (one)
  constraint mail_health_pkey PRIMARY KEY (one)

table mapping_plan -- row-level security
  org_id uuid not null
  id uuid not null
  changes jsonb not null
  fingerprint bytea not null
  created_by jsonb not null
  created_at timestamp with time zone not null
  expires_at timestamp with time zone not null
  applied_at timestamp with time zone
  constraint mapping_plan_org_id_fkey FOREIGN KEY (org_id) REFERENCES organization(org_id) ON DELETE CASCADE
  constraint mapping_plan_pkey PRIMARY KEY (org_id, id)

table mapping_plan_change -- row-level security
  org_id uuid not null
  plan_id uuid not null
  position integer not null
  change jsonb not null
  constraint mapping_plan_change_org_id_plan_id_fkey FOREIGN KEY (org_id, plan_id) REFERENCES mapping_plan(org_id, id) ON DELETE CASCADE
  constraint mapping_plan_change_pkey PRIMARY KEY (org_id, plan_id, "position")

table mapping_rule -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  source text not null
  match text not null
  value text not null
  value_key text not null
  target_kind text not null
  target text not null
  enabled boolean not null default true
  created_by jsonb not null
  created_at timestamp with time zone not null default now()
  attribute text not null default ''::text
  connection_id uuid
  directory_id uuid
  create_missing boolean not null default false
  key_prefix text not null default ''::text
  create_limit integer not null default 0
  priority integer not null default 0
  mode text not null default 'enforce'::text
  note text
  ceiling text[]
  version integer not null default 1
  constraint mapping_rule_attribute CHECK (((source = 'sso.attribute'::text) = (attribute <> ''::text)))
  constraint mapping_rule_connection FOREIGN KEY (org_id, connection_id) REFERENCES connection(org_id, id) ON DELETE CASCADE
  constraint mapping_rule_creates CHECK (((NOT create_missing) OR ((target_kind = 'team_template'::text) AND (key_prefix <> ''::text) AND (create_limit > 0))))
  constraint mapping_rule_directory FOREIGN KEY (org_id, directory_id) REFERENCES directory(org_id, id) ON DELETE CASCADE
  constraint mapping_rule_match CHECK ((match = ANY (ARRAY['external_id'::text, 'display_name'::text, 'prefix'::text, 'glob'::text, 'regex'::text])))
  constraint mapping_rule_mode CHECK ((mode = ANY (ARRAY['enforce'::text, 'additive'::text, 'shadow'::text])))
  constraint mapping_rule_org_id_fkey FOREIGN KEY (org_id) REFERENCES organization(org_id) ON DELETE CASCADE
  constraint mapping_rule_pkey PRIMARY KEY (org_id, id)
  constraint mapping_rule_restriction CHECK (
CASE
    WHEN (source = 'scim.group'::text) THEN (connection_id IS NULL)
    ELSE (directory_id IS NULL)
END)
  constraint mapping_rule_source CHECK ((source = ANY (ARRAY['scim.group'::text, 'sso.groups'::text, 'sso.attribute'::text])))
  constraint mapping_rule_target_kind CHECK ((target_kind = ANY (ARRAY['team'::text, 'role'::text, 'team_template'::text])))
  constraint mapping_rule_template_captures CHECK (((target_kind <> 'team_template'::text) OR (match = 'regex'::text)))

table member -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  person_id uuid
  kind text not null default 'human'::text
  status text not null
  pending_reason text
  role_key text not null
  address text
  address_key text
  display_name text
  given_name text
  family_name text
  released_at timestamp with time zone
  ends_at timestamp with time zone
  created_at timestamp with time zone not null default now()
  updated_at timestamp with time zone not null default now()
  constraint member_active_has_person CHECK (((status <> 'active'::text) OR (kind <> 'human'::text) OR (person_id IS NOT NULL)))
  constraint member_kind CHECK ((kind = ANY (ARRAY['human'::text, 'service'::text, 'group'::text])))
  constraint member_pending_has_reason CHECK (((status = 'pending'::text) = (pending_reason IS NOT NULL)))
  constraint member_pkey PRIMARY KEY (org_id, id)
  constraint member_role_exists FOREIGN KEY (org_id, role_key) REFERENCES role(org_id, key)
  constraint member_status CHECK ((status = ANY (ARRAY['invited'::text, 'pending'::text, 'active'::text, 'suspended'::text, 'removed'::text, 'purged'::text])))

table migration
  name text not null
  hash text not null
  applied_at timestamp with time zone not null default now()
  constraint migration_pkey PRIMARY KEY (name)

table organization -- row-level security
  org_id uuid not null default uuidv7()
  key text not null
  display_name text not null
  status text not null default 'active'::text
  policy jsonb not null default '{}'::jsonb
  policy_version integer not null default 1
  default_role text not null
  seat_limit integer
  frozen_at timestamp with time zone
  frozen_reason text
  created_at timestamp with time zone not null default now()
  sso_enforcement text not null default 'off'::text
  sso_guests text not null default 'exempt'::text
  sso_enforced_at timestamp with time zone
  max_session_seconds integer
  second_factor text not null default 'off'::text
  mapping_conflicts text not null default 'directory-first'::text
  constraint organization_enforced_since CHECK (((sso_enforcement = 'enforced'::text) = (sso_enforced_at IS NOT NULL)))
  constraint organization_key_fkey FOREIGN KEY (key) REFERENCES organization_key(key)
  constraint organization_mapping_conflicts CHECK ((mapping_conflicts = ANY (ARRAY['directory-first'::text, 'union'::text, 'manual-first'::text])))
  constraint organization_max_session CHECK (((max_session_seconds >= 300) AND (max_session_seconds <= 31536000)))
  constraint organization_pkey PRIMARY KEY (org_id)
  constraint organization_seat_limit CHECK ((seat_limit >= 0))
  constraint organization_second_factor CHECK ((second_factor = ANY (ARRAY['off'::text, 'required'::text])))
  constraint organization_sso_enforcement CHECK ((sso_enforcement = ANY (ARRAY['off'::text, 'enforced'::text])))
  constraint organization_sso_guests CHECK ((sso_guests = ANY (ARRAY['exempt'::text, 'held'::text])))
  constraint organization_status CHECK ((status = ANY (ARRAY['active'::text, 'deleted'::text])))

table organization_key
  key text not null
  org_id uuid not null
  constraint organization_key_form CHECK (((key ~ '^[a-z0-9](-?[a-z0-9]){0,39}$'::text) AND (key <> 'invitation'::text)))
  constraint organization_key_org_id_key UNIQUE (org_id)
  constraint organization_key_pkey PRIMARY KEY (key)

table page_mark -- row-level security
  org_id uuid not null
  directory_id uuid not null
  list uuid not null
  next_index integer not null
  last_id uuid not null
  last_key text
  marked_at timestamp with time zone not null
  constraint page_mark_pkey PRIMARY KEY (org_id, directory_id, list, next_index)

table person
  id uuid not null default uuidv7()
  given_name text
  family_name text
  locked_at timestamp with time zone
  has_credential boolean not null default false
  sets_password boolean not null default false
  created_at timestamp with time zone not null default now()
  constraint person_pkey PRIMARY KEY (id)

table person_address
  address_key text not null
  address text not null
  person_id uuid not null
  proved_at timestamp with time zone
  constraint person_address_person_id_fkey FOREIGN KEY (person_id) REFERENCES person(id) NOT ENFORCED
  constraint person_address_pkey PRIMARY KEY (address_key)

table projection_due
  kind text not null
  subject_id uuid not null
  priority smallint not null default 1
  seq bigint not null default nextval('projection_seq'::regclass)
  since timestamp with time zone not null default now()
  due_at timestamp with time zone not null default now()
  claimed_until timestamp with time zone not null default '-infinity'::timestamp with time zone
  attempts integer not null default 0
  last_error text
  constraint projection_due_kind CHECK ((kind = ANY (ARRAY['person'::text, 'organization'::text])))
  constraint projection_due_pkey PRIMARY KEY (kind, subject_id)

table provider_state
  model text not null
  id text not null
  payload jsonb not null
  grant_id text
  uid text
  consumed_at timestamp with time zone
  expires_at timestamp with time zone
  constraint provider_state_pkey PRIMARY KEY (model, id)

table role -- row-level security
  org_id uuid not null
  key text not null
  display_name text not null
  rank integer not null
  permissions text[] not null
  full_control boolean not null default false
  assignable boolean not null default true
  constraint role_key_form CHECK ((key ~ '^[a-z0-9][a-z0-9_-]{0,39}$'::text))
  constraint role_org_id_fkey FOREIGN KEY (org_id) REFERENCES organization(org_id) ON DELETE CASCADE
  constraint role_pkey PRIMARY KEY (org_id, key)

table rule_match -- row-level security
  org_id uuid not null
  rule_id uuid not null
  value_id uuid not null
  team_key text
  team_name text
  constraint rule_match_org_id_rule_id_fkey FOREIGN KEY (org_id, rule_id) REFERENCES mapping_rule(org_id, id) ON DELETE CASCADE
  constraint rule_match_pkey PRIMARY KEY (org_id, value_id, rule_id)

table scim_journal -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  directory_id uuid not null
  at timestamp with time zone not null
  request_id text not null
  method text not null
  path text not null
  status smallint not null
  latency_ms real not null
  detail jsonb
  resource_id uuid
  constraint scim_journal_pkey PRIMARY KEY (org_id, directory_id, at, id)

table scim_journal_body -- row-level security
  org_id uuid not null
  entry_id uuid not null
  directory_id uuid not null
  at timestamp with time zone not null
  sealed bytea not null
  constraint scim_journal_body_pkey PRIMARY KEY (org_id, entry_id)

table setup_item -- row-level security
  org_id uuid not null
  link_id uuid not null
  kind text not null
  id uuid not null
  made_at timestamp with time zone not null
  constraint setup_item_kind CHECK ((kind = ANY (ARRAY['connection'::text, 'directory'::text])))
  constraint setup_item_org_id_link_id_fkey FOREIGN KEY (org_id, link_id) REFERENCES setup_link(org_id, id) ON DELETE CASCADE
  constraint setup_item_pkey PRIMARY KEY (org_id, kind, id)

table setup_link -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  scopes text[] not null
  created_by jsonb not null
  created_at timestamp with time zone not null
  expires_at timestamp with time zone not null
  revoked_at timestamp with time zone
  last_used_at timestamp with time zone
  constraint setup_link_org_id_fkey FOREIGN KEY (org_id) REFERENCES organization(org_id) ON DELETE CASCADE
  constraint setup_link_pkey PRIMARY KEY (org_id, id)
  constraint setup_link_scopes CHECK (((cardinality(scopes) > 0) AND (scopes <@ ARRAY['connection'::text, 'domain'::text, 'directory'::text])))

table sign_in_document -- row-level security
  org_id uuid not null
  trace_id uuid not null
  sealed bytea not null
  expires_at timestamp with time zone not null
  constraint sign_in_document_org_id_trace_id_fkey FOREIGN KEY (org_id, trace_id) REFERENCES sign_in_trace(org_id, id) ON DELETE CASCADE
  constraint sign_in_document_pkey PRIMARY KEY (org_id, trace_id)

table sign_in_request -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  connection_id uuid not null
  interaction_uid text
  browser_hash bytea not null
  login_hint text
  request jsonb not null
  response text
  created_at timestamp with time zone not null
  expires_at timestamp with time zone not null
  consumed_at timestamp with time zone
  state text
  test_id uuid
  constraint sign_in_request_answers_one CHECK (((interaction_uid IS NULL) = (test_id IS NOT NULL)))
  constraint sign_in_request_org_id_connection_id_fkey FOREIGN KEY (org_id, connection_id) REFERENCES connection(org_id, id) ON DELETE CASCADE
  constraint sign_in_request_pkey PRIMARY KEY (org_id, id)

table sign_in_trace -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  connection_id uuid
  member_id uuid
  outcome text not null
  refusal text
  detail jsonb not null
  at timestamp with time zone not null
  kind text not null default 'sign_in'::text
  constraint sign_in_trace_kind CHECK ((kind = ANY (ARRAY['sign_in'::text, 'test'::text])))
  constraint sign_in_trace_pkey PRIMARY KEY (org_id, id)

table signing_key
  id text not null
  sealed_jwk bytea not null
  status text not null
  created_at timestamp with time zone not null default now()
  current_since timestamp with time zone
  retired_at timestamp with time zone
  constraint signing_key_pkey PRIMARY KEY (id)
  constraint signing_key_status CHECK ((status = ANY (ARRAY['next'::text, 'current'::text, 'retired'::text])))
  constraint signing_key_times CHECK ((((status = 'next'::text) = (current_since IS NULL)) AND ((status = 'retired'::text) = (retired_at IS NOT NULL))))

table sso_evidence -- row-level security
  org_id uuid not null
  connection_id uuid not null
  member_id uuid not null
  state text not null
  at timestamp with time zone not null
  attribute text not null default ''::text
  value_ids uuid[] not null default '{}'::uuid[]
  listed_at timestamp with time zone
  trace_id uuid
  constraint sso_evidence_org_id_connection_id_fkey FOREIGN KEY (org_id, connection_id) REFERENCES connection(org_id, id) ON DELETE CASCADE
  constraint sso_evidence_org_id_member_id_fkey FOREIGN KEY (org_id, member_id) REFERENCES member(org_id, id) ON DELETE CASCADE
  constraint sso_evidence_pkey PRIMARY KEY (org_id, member_id, connection_id, attribute)
  constraint sso_evidence_state CHECK ((state = ANY (ARRAY['list'::text, 'empty'::text, 'absent'::text, 'overage'::text, 'invalid'::text])))

table team -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  key text not null
  display_name text not null
  kind text not null default 'team'::text
  archived_at timestamp with time zone
  created_at timestamp with time zone not null default now()
  made_by_rule uuid
  constraint team_key_form CHECK (((key ~ '^[a-z0-9][a-z0-9_-]{0,59}$'::text) AND (key <> 'roles'::text)))
  constraint team_key_taken UNIQUE (org_id, key)
  constraint team_kind CHECK ((kind = ANY (ARRAY['team'::text, 'project'::text])))
  constraint team_org_id_fkey FOREIGN KEY (org_id) REFERENCES organization(org_id) ON DELETE CASCADE
  constraint team_pkey PRIMARY KEY (org_id, id)

table team_departure -- row-level security
  org_id uuid not null
  team_id uuid not null
  id uuid not null default uuidv7()
  members integer not null
  at timestamp with time zone not null default now()
  constraint team_departure_org_id_team_id_fkey FOREIGN KEY (org_id, team_id) REFERENCES team(org_id, id) NOT ENFORCED
  constraint team_departure_pkey PRIMARY KEY (org_id, team_id, id)

table team_member -- row-level security
  org_id uuid not null
  team_id uuid not null
  member_id uuid not null
  since timestamp with time zone not null default now()
  constraint team_member_org_id_member_id_fkey FOREIGN KEY (org_id, member_id) REFERENCES member(org_id, id) NOT ENFORCED
  constraint team_member_org_id_team_id_fkey FOREIGN KEY (org_id, team_id) REFERENCES team(org_id, id) NOT ENFORCED
  constraint team_member_pkey PRIMARY KEY (org_id, team_id, member_id)

table upstream_session -- row-level security
  org_id uuid not null
  id uuid not null default uuidv7()
  connection_id uuid not null
  member_id uuid not null
  person_id uuid not null
  browser_hash bytea not null
  subject text not null
  name_format text
  name_qualifier text
  sp_name_qualifier text
  session_index text
  sealed_id_token bytea
  started_at timestamp with time zone not null
  ended_at timestamp with time zone
  keycloak_session text
  ended_by text
  constraint upstream_session_ended CHECK (((ended_at IS NULL) = (ended_by IS NULL)))
  constraint upstream_session_ended_by CHECK ((ended_by = ANY (ARRAY['company'::text, 'application'::text])))
  constraint upstream_session_org_id_connection_id_fkey FOREIGN KEY (org_id, connection_id) REFERENCES connection(org_id, id) ON DELETE CASCADE
  constraint upstream_session_org_id_member_id_fkey FOREIGN KEY (org_id, member_id) REFERENCES member(org_id, id) ON DELETE CASCADE
  constraint upstream_session_pkey PRIMARY KEY (org_id, id)

-- indexes

CREATE INDEX access_grant_by_rule ON public.access_grant USING btree (org_id, rule_id) WHERE (rule_id IS NOT NULL)
CREATE INDEX access_grant_held ON public.access_grant USING btree (org_id, held_by) WHERE (held_by IS NOT NULL)
CREATE INDEX access_grant_retained ON public.access_grant USING btree (org_id) WHERE retained
CREATE INDEX api_key_by_member ON public.api_key USING btree (org_id, member_id) WHERE (member_id IS NOT NULL)
CREATE INDEX assertion_seen_by_expiry ON public.assertion_seen USING btree (expires_at)
CREATE INDEX audit_event_by_order ON ONLY public.audit_event USING btree (org_id, txid, id)
CREATE INDEX audit_event_by_subject ON ONLY public.audit_event USING btree (org_id, subject_id, at DESC)
CREATE INDEX claim_value_by_key ON public.claim_value USING btree (org_id, attribute, value_key)
CREATE INDEX connection_active ON public.connection USING btree (org_id) WHERE (status = 'active'::text)
CREATE UNIQUE INDEX connection_by_id ON public.connection USING btree (id)
CREATE INDEX connection_certificate_by_end ON public.connection_certificate USING btree (not_after)
CREATE INDEX connection_domain_by_connection ON public.connection_domain USING btree (org_id, connection_id)
CREATE INDEX connection_refresh_by_due ON public.connection_refresh USING btree (due_at)
CREATE INDEX connection_test_by_connection ON public.connection_test USING btree (org_id, connection_id, at DESC)
CREATE INDEX credential_by_subject ON public.credential USING btree (subject_id)
CREATE UNIQUE INDEX directory_group_external_id_taken ON public.directory_group USING btree (org_id, directory_id, external_id) WHERE (external_id IS NOT NULL)
CREATE INDEX directory_token_by_directory ON public.directory_token USING btree (org_id, directory_id)
CREATE INDEX directory_user_by_email ON public.directory_user USING btree (org_id, directory_id, email_key) WHERE ((deleted_at IS NULL) AND (email_key IS NOT NULL))
CREATE INDEX directory_user_by_member ON public.directory_user USING btree (org_id, member_id)
CREATE UNIQUE INDEX directory_user_external_id_taken ON public.directory_user USING btree (org_id, directory_id, external_id) WHERE ((deleted_at IS NULL) AND (external_id IS NOT NULL))
CREATE UNIQUE INDEX directory_user_name_taken ON public.directory_user USING btree (org_id, directory_id, user_name_key) WHERE (deleted_at IS NULL)
CREATE INDEX directory_user_not_adopted ON public.directory_user USING btree (org_id, directory_id, member_id) WHERE (adoption IS NOT NULL)
CREATE INDEX directory_user_tombstone ON public.directory_user USING btree (org_id, directory_id, external_id) WHERE ((deleted_at IS NOT NULL) AND (external_id IS NOT NULL))
CREATE UNIQUE INDEX directory_user_value_taken ON public.directory_user_key USING btree (org_id, directory_id, key) WHERE is_unique
CREATE INDEX domain_claim_by_org ON public.domain_claim USING btree (org_id)
CREATE INDEX domain_claim_lost ON public.domain_claim USING btree (lost_at) WHERE ((status = 'lost'::text) AND (ended_at IS NULL))
CREATE UNIQUE INDEX domain_claim_one_owner ON public.domain_claim USING btree (domain) WHERE (status = 'verified'::text)
CREATE INDEX domain_claim_to_check ON public.domain_claim USING btree (next_check_at) WHERE (next_check_at IS NOT NULL)
CREATE INDEX group_member_by_member ON public.group_member USING btree (org_id, member_id)
CREATE INDEX invitation_by_member ON public.invitation USING btree (org_id, member_id)
CREATE INDEX invitation_hop_by_expiry ON public.invitation_hop USING btree (expires_at)
CREATE UNIQUE INDEX invitation_one_pending ON public.invitation USING btree (org_id, address_key) WHERE (status = 'pending'::text)
CREATE INDEX keycloak_event_seen_by_time ON public.keycloak_event_seen USING btree (at)
CREATE INDEX keycloak_id_by_path ON public.keycloak_id USING btree (org_id, kind, key) WHERE (org_id IS NOT NULL)
CREATE INDEX keycloak_id_reverse ON public.keycloak_id USING btree (kind, keycloak_id)
CREATE INDEX logout_request_by_expiry ON public.logout_request USING btree (expires_at)
CREATE INDEX mapping_plan_by_expiry ON public.mapping_plan USING btree (expires_at)
CREATE INDEX mapping_rule_by_value ON public.mapping_rule USING btree (org_id, source, value_key)
CREATE INDEX mapping_rule_patterns ON public.mapping_rule USING btree (org_id, source, attribute) WHERE (match = ANY (ARRAY['prefix'::text, 'glob'::text, 'regex'::text]))
CREATE INDEX member_by_person ON public.member USING btree (person_id) WHERE (person_id IS NOT NULL)
CREATE UNIQUE INDEX member_one_per_address ON public.member USING btree (org_id, address_key) WHERE ((address_key IS NOT NULL) AND (status <> ALL (ARRAY['removed'::text, 'purged'::text])))
CREATE UNIQUE INDEX member_one_per_person ON public.member USING btree (org_id, person_id) WHERE ((person_id IS NOT NULL) AND (status <> ALL (ARRAY['removed'::text, 'purged'::text])))
CREATE INDEX page_mark_by_time ON public.page_mark USING brin (marked_at)
CREATE UNIQUE INDEX person_address_one_each ON public.person_address USING btree (person_id)
CREATE INDEX projection_due_order ON public.projection_due USING btree (kind, priority, since)
CREATE INDEX provider_state_by_expiry ON public.provider_state USING btree (expires_at)
CREATE INDEX provider_state_by_grant ON public.provider_state USING btree (grant_id) WHERE (grant_id IS NOT NULL)
CREATE INDEX provider_state_by_uid ON public.provider_state USING btree (uid) WHERE (uid IS NOT NULL)
CREATE INDEX rule_match_by_rule ON public.rule_match USING btree (org_id, rule_id)
CREATE INDEX rule_match_by_team_key ON public.rule_match USING btree (org_id, team_key) WHERE (team_key IS NOT NULL)
CREATE INDEX scim_journal_body_by_time ON public.scim_journal_body USING btree (at)
CREATE INDEX scim_journal_by_request ON ONLY public.scim_journal USING btree (org_id, request_id)
CREATE INDEX setup_item_by_link ON public.setup_item USING btree (org_id, link_id)
CREATE INDEX sign_in_document_by_expiry ON public.sign_in_document USING btree (expires_at)
CREATE INDEX sign_in_request_by_expiry ON public.sign_in_request USING btree (expires_at)
CREATE UNIQUE INDEX sign_in_request_by_state ON public.sign_in_request USING btree (org_id, connection_id, state) WHERE (state IS NOT NULL)
CREATE INDEX sign_in_trace_by_age ON public.sign_in_trace USING btree (at)
CREATE INDEX sign_in_trace_by_id ON public.sign_in_trace USING btree (id)
CREATE INDEX sign_in_trace_by_time ON public.sign_in_trace USING btree (org_id, at DESC)
CREATE UNIQUE INDEX signing_key_one_of_each ON public.signing_key USING btree (status) WHERE (status <> 'retired'::text)
CREATE INDEX sso_evidence_by_connection ON public.sso_evidence USING btree (org_id, connection_id)
CREATE INDEX sso_evidence_by_value ON public.sso_evidence USING gin (value_ids)
CREATE INDEX team_departure_by_time ON public.team_departure USING btree (at)
CREATE INDEX team_made_by_rule ON public.team USING btree (org_id, made_by_rule) WHERE (made_by_rule IS NOT NULL)
CREATE INDEX team_member_by_member ON public.team_member USING btree (org_id, member_id)
CREATE INDEX upstream_session_by_browser ON public.upstream_session USING btree (person_id, browser_hash)
CREATE INDEX upstream_session_by_index ON public.upstream_session USING btree (org_id, connection_id, session_index) WHERE (ended_at IS NULL)
CREATE INDEX upstream_session_by_start ON public.upstream_session USING btree (started_at)
CREATE INDEX upstream_session_by_subject ON public.upstream_session USING btree (org_id, connection_id, subject) WHERE (ended_at IS NULL)

-- policies

of_organization on access_grant: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on api_key: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on assertion_seen: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on audit_event: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on audit_personal: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on audit_seal: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on block: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on break_glass: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on carrier: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on claim_value: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on claim_value_left: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on connection: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on connection_certificate: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on connection_domain: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on connection_refresh: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on connection_test: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on directory: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on directory_agent: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on directory_count: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on directory_group: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on directory_token: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on directory_user: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on directory_user_key: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on entry_grant: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on extension_schema: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on group_member: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on held_change: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on idempotency_key: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on identity: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on invitation: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on invitation_hop: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on link_approval: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on logout_request: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on mapping_plan: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on mapping_plan_change: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on mapping_rule: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on member: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on organization: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on page_mark: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on role: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on rule_match: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on scim_journal: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on scim_journal_body: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on setup_item: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on setup_link: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on sign_in_document: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on sign_in_request: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on sign_in_trace: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on sso_evidence: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on team: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on team_departure: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on team_member: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))
of_organization on upstream_session: uuid_eq(org_id, ( SELECT (NULLIF(current_setting('drawbridge.org_id'::text, true), ''::text))::uuid AS "nullif"))

-- functions

activate_directory(uuid,uuid,jsonb) -> TABLE(resumed integer, regranted integer)
add_claim_values(uuid,text,text[],timestamp with time zone) -> new_claim_value[], plan_cache_mode=force_generic_plan
address_of_person(uuid) -> text, security definer, search_path=public, pg_temp
admission(uuid,text,text,text) -> record, security definer, search_path=public, pg_temp
admit_member(uuid,uuid,jsonb) -> text
admit_new_members(uuid,text,uuid,bigint[],text[],text[],text[],text[]) -> TABLE(n bigint, member_id uuid, status text)
admit_waiting(uuid,text,jsonb) -> integer
adoption_hindrance(uuid,uuid) -> text
alert_mass_suspensions(timestamp with time zone) -> integer
api_key_use(uuid) -> TABLE(key_id uuid, expires_at timestamp with time zone, last_used_at timestamp with time zone), security definer, search_path=public, pg_temp
apply_directory_user(uuid,uuid,uuid,jsonb,boolean,boolean,text,boolean) -> void
approve_adoption(uuid,uuid,uuid,jsonb) -> text
audit_canonical(audit_event) -> bytea
broken_references() -> TABLE(name text, of_table text, rows_broken bigint), security definer, search_path=public, pg_temp
change_group_members(uuid,uuid,uuid,boolean,uuid[],uuid[],jsonb) -> integer
change_mapping_policy(uuid,text,jsonb) -> integer
change_member_address(uuid,uuid,text,jsonb) -> void
changes_made(uuid,bigint) -> SETOF jsonb
claim_connection_domains() -> trigger
claim_domain(uuid,text,text,text,text,jsonb,timestamp with time zone) -> void, security definer, search_path=public, pg_temp
claim_organization_key(text,uuid) -> void, security definer, search_path=public, pg_temp
claim_projections(jsonb,integer,integer) -> TABLE(kind text, subject_id uuid, seq bigint, attempts integer, has_account boolean), plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
claimants_of_groups(uuid,uuid[]) -> SETOF uuid
count_directory(uuid,uuid,integer,integer) -> void
count_stating(uuid,text[]) -> integer
covering_claim(text) -> record, security definer, search_path=public, pg_temp
credential_last_used(text,uuid,uuid) -> timestamp with time zone, security definer, search_path=public, pg_temp
deactivate_directory(uuid,uuid,boolean,jsonb) -> TABLE(suspended integer, regranted integer)
decide_held_change(uuid,uuid,boolean,jsonb) -> integer
decline_adoption(uuid,uuid,uuid,jsonb) -> text
delete_directory(uuid,uuid,jsonb) -> TABLE(members integer, removed integer)
delete_directory_users() -> trigger
demand_logout(uuid) -> void, security definer, search_path=public, pg_temp
demand_organization(uuid) -> void
directory_denies(uuid,uuid,uuid,uuid) -> boolean
directory_user_of_person(uuid,text[]) -> TABLE(org_id uuid, directory_id uuid, member_id uuid), security definer, search_path=public, pg_temp
domains_above(text) -> text[]
domains_of_organization(uuid) -> SETOF domain_claim, security definer, search_path=public, pg_temp
domains_to_check(timestamp with time zone,integer) -> TABLE(org_id uuid, domain text, dns_token text)
drop_old_journal(timestamp with time zone) -> integer
drop_old_journal_bodies(timestamp with time zone) -> integer
effective_teams(uuid,uuid[],text[]) -> TABLE(member_id uuid, team_id uuid)
end_break_glass() -> trigger
end_lost_domains(timestamp with time zone) -> integer
enqueue_job(text,jsonb,text,timestamp with time zone) -> void, security definer, search_path=public, graphile_worker, pg_temp
ensure_partitions(timestamp with time zone) -> void, security definer, search_path=public, pg_temp
expect_many_rows() -> void, search_path=public, pg_temp
expire_invitations(timestamp with time zone,uuid) -> integer
find_credential(bytea) -> TABLE(kind text, org_id uuid, subject_id uuid, expires_at timestamp with time zone, revoked_at timestamp with time zone), security definer, search_path=public, pg_temp
fold_key(text) -> text
forget_directory_tokens(uuid,uuid) -> void, security definer, search_path=public, pg_temp
forget_matches_of_groups() -> trigger
further_key(text,text) -> uuid
groups_are_mapped(uuid,uuid[]) -> boolean
guard_full_control(uuid,uuid[]) -> void
guard_seat(uuid,uuid) -> void
has_further_keys(jsonb) -> boolean
has_group_patterns(uuid) -> boolean
has_own_extension(jsonb) -> boolean
hold_excess(uuid,rule_grant[],rule_grant[],jsonb) -> rule_grant[]
home_organization(uuid) -> uuid, security definer, search_path=public, pg_temp
include_subdomains(uuid,text,boolean) -> void, security definer, search_path=public, pg_temp
is_break_glass(uuid,uuid) -> boolean
isolate_by_organization(text[]) -> void
issue_credential(bytea,text,uuid,uuid,timestamp with time zone) -> void, security definer, search_path=public, pg_temp
keys_of_directory_user(uuid,text,jsonb) -> TABLE(key uuid, is_unique boolean)
list_organizations() -> TABLE(org_id uuid, key text, display_name text), security definer, search_path=public, pg_temp
lock_directory_users(uuid,uuid,uuid[]) -> void
lock_extension_schemas(uuid,boolean) -> void
lock_mapping(uuid,boolean) -> void
lose_domain(uuid,text,text,timestamp with time zone) -> void, security definer, search_path=public, pg_temp
loses_full_control(uuid,uuid,text) -> boolean
make_template_teams(uuid,uuid[],uuid[],jsonb) -> integer
manager_of(jsonb) -> uuid
mark_people_of_domain() -> trigger, security definer, search_path=public, pg_temp
mark_people_of_organization(uuid) -> integer, security definer, search_path=public, pg_temp
mark_projection(text,uuid,integer) -> void, security definer, search_path=public, pg_temp
match_group(uuid,uuid,jsonb,jsonb) -> void
match_rules(uuid,uuid[],jsonb) -> void
member_for_directory(uuid,uuid,uuid,directory_user_input) -> record
members_matching(uuid,uuid[]) -> SETOF uuid
members_of_group_facts(uuid,uuid) -> SETOF uuid
members_of_rules(uuid,uuid[]) -> SETOF uuid
members_of_values(uuid,uuid[]) -> SETOF uuid, security definer, search_path=public, pg_temp, enable_seqscan=off
move_person_address(uuid,uuid,text) -> boolean, security definer, search_path=public, pg_temp
note_break_glass_ready(uuid) -> void, security definer, search_path=public, pg_temp
note_company_sign_in(uuid,text,text,timestamp with time zone) -> void, security definer, search_path=public, pg_temp
note_credential(uuid,boolean) -> void, security definer, search_path=public, pg_temp
note_domain_check(uuid,text,text,timestamp with time zone) -> void
note_first_factors_deleted(uuid) -> void, security definer, search_path=public, pg_temp
note_password_sign_in(uuid,text,timestamp with time zone) -> void, security definer, search_path=public, pg_temp
organization_of_connection(uuid) -> uuid, security definer, search_path=public, pg_temp
organization_of_domain(text) -> uuid, security definer, search_path=public, pg_temp
organization_of_key(text) -> uuid, security definer, search_path=public, pg_temp
organization_of_trace(uuid) -> uuid, security definer, search_path=public, pg_temp
organization_projection(uuid) -> jsonb, security definer, search_path=public, pg_temp
organizations_to_seal() -> SETOF uuid, security definer, search_path=public, pg_temp
own_domain_of(uuid,text) -> text, security definer, search_path=public, pg_temp
owner_of_domain(text) -> TABLE(org_id uuid, dns_token text, method text), security definer, search_path=public, pg_temp
owns_domain_of(uuid,text) -> boolean, security definer, search_path=public, pg_temp
page_organizations(text,integer) -> SETOF organization, security definer, search_path=public, pg_temp
people_held_by_domain(uuid,text) -> integer, security definer, search_path=public, pg_temp
person_by_proved_address(text,text,text) -> uuid, security definer, search_path=public, pg_temp
person_entering_by_link(text,text,text) -> uuid, security definer, search_path=public, pg_temp
person_held_elsewhere(uuid,uuid) -> boolean, security definer, search_path=public, pg_temp
person_of_keycloak_id(text) -> uuid, security definer, search_path=public, pg_temp
person_projection(uuid) -> jsonb, security definer, search_path=public, pg_temp
person_standing(text) -> TABLE(person_id uuid, has_credential boolean, has_link boolean, memberships integer), security definer, search_path=public, pg_temp
persons_of_organization(uuid) -> SETOF uuid, security definer, search_path=public, pg_temp
persons_with_account() -> SETOF uuid, security definer, search_path=public, pg_temp
ranked_roles(uuid,uuid) -> TABLE(place bigint, role_key text, source text, ref text, rule_id uuid, priority integer)
rebuild_unique_keys(uuid) -> void
reconcile_connection(uuid,uuid,jsonb) -> integer
reconcile_directory(uuid,uuid,jsonb) -> integer
reconcile_grants(uuid,uuid[],jsonb,boolean,uuid[]) -> integer, plan_cache_mode=force_generic_plan, enable_seqscan=off
record_audit(uuid,jsonb,text,text,uuid,jsonb,jsonb) -> void
record_claim(uuid,uuid,uuid,text,text,boolean,text[],timestamp with time zone,uuid,boolean) -> record, plan_cache_mode=force_generic_plan, enable_seqscan=off
refuse(text,text) -> void
refuse_break_glass_link() -> trigger
refuse_change() -> trigger
refuse_delete() -> trigger
release_connection(uuid,uuid,boolean,jsonb) -> integer
release_domain(uuid,text,timestamp with time zone) -> text, security definer, search_path=public, pg_temp
release_member(uuid,uuid,text,text,jsonb) -> text
release_members(uuid,uuid[],text,text,jsonb) -> void, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
release_retained_control(uuid,jsonb) -> void
remove_extension_values(uuid,text) -> integer
reopen_member(uuid,uuid,jsonb) -> void
require_active_directory(uuid,uuid) -> void
rest_members_of_directory(uuid,uuid,jsonb) -> integer
revoke_credentials(text,uuid,uuid) -> integer, security definer, search_path=public, pg_temp
revoke_keys_of_member() -> trigger
rule_grants(uuid,uuid[],uuid[],boolean) -> TABLE(member_id uuid, target_kind text, target text, source text, ref text, rule_id uuid)
scim_change_members(uuid,uuid,jsonb,uuid[],bigint[],uuid[],boolean[]) -> TABLE(n bigint, changed integer), plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
scim_create_group(uuid,uuid,jsonb,text,text,jsonb,uuid[],jsonb) -> TABLE(id uuid, version integer, created_at timestamp with time zone, modified_at timestamp with time zone)
scim_create_user(uuid,uuid,jsonb,directory_user_input) -> TABLE(member_id uuid, version integer, created_at timestamp with time zone, modified_at timestamp with time zone, outcome text)
scim_create_users(uuid,uuid,jsonb,jsonb) -> TABLE(n bigint, member_id uuid, version integer, created_at timestamp with time zone, modified_at timestamp with time zone), security definer, search_path=public, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
scim_deactivate_users(uuid,uuid,jsonb,uuid[],jsonb) -> TABLE(n bigint, member_id uuid, version integer, created_at timestamp with time zone, modified_at timestamp with time zone), plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
scim_delete_group(uuid,uuid,uuid,jsonb,integer) -> text
scim_delete_user(uuid,uuid,uuid,jsonb,integer) -> text
scim_delete_users(uuid,uuid,jsonb,uuid[]) -> TABLE(n bigint), plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
scim_update_group(uuid,uuid,uuid,jsonb,integer,text,text,jsonb,boolean,uuid[],uuid[],jsonb) -> TABLE(version integer, modified_at timestamp with time zone, outcome text)
scim_update_user(uuid,uuid,uuid,jsonb,integer,directory_user_input) -> TABLE(member_id uuid, version integer, created_at timestamp with time zone, modified_at timestamp with time zone, outcome text)
scim_update_users(uuid,uuid,jsonb,uuid[],jsonb) -> TABLE(n bigint, member_id uuid, version integer, created_at timestamp with time zone, modified_at timestamp with time zone), security definer, search_path=public, pg_temp, plan_cache_mode=force_generic_plan, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off
seal_audit(uuid,integer) -> integer, security definer, search_path=public, pg_temp
sessions_of_browser(uuid,uuid) -> TABLE(org_id uuid, id uuid, organization_key text, person_id uuid, keycloak_session text), security definer, search_path=public, pg_temp
set_directory_blocks(uuid,uuid,uuid[],boolean) -> void
settle_member(uuid,uuid,text,jsonb) -> text
settle_new_teams(uuid,text[],uuid[],uuid[],jsonb) -> integer
settle_profile(uuid,uuid) -> void
settle_roles(uuid,uuid[],rule_grant[],jsonb) -> integer
settle_rule_grants(uuid,uuid[],uuid[],jsonb,boolean) -> record
settle_teams(uuid,uuid[],text[],rule_grant[],jsonb,boolean) -> integer
sign_ins_ended_for(uuid,text) -> boolean, security definer, search_path=public, pg_temp
signs_in_by_company(text) -> boolean, security definer, search_path=public, pg_temp
signs_in_elsewhere(uuid,uuid) -> boolean, security definer, search_path=public, pg_temp
source_is_released(uuid,text) -> boolean
store_pattern_matches(uuid,jsonb) -> void
sweep_connection_tests(timestamp with time zone) -> integer
sweep_expired(timestamp with time zone) -> integer
sweep_mapping(timestamp with time zone) -> integer
sweep_page_marks(timestamp with time zone) -> integer
sweep_sign_in_traces(timestamp with time zone) -> integer, security definer, search_path=public, pg_temp
sweep_sign_ins(timestamp with time zone) -> integer, security definer, search_path=public, pg_temp
take_back_entry_roles(uuid,uuid[],jsonb) -> integer
teams_at_stake(rule_grant[],rule_grant[]) -> TABLE(member_id uuid, target text)
touch_credentials(bytea[],timestamp with time zone) -> void, security definer, search_path=public, pg_temp
verify_audit(uuid) -> bigint, security definer, search_path=public, pg_temp
wake_members_of_directory(uuid,uuid,jsonb) -> integer
warn_expiring_certificates(timestamp with time zone) -> integer
warn_expiring_tokens(timestamp with time zone) -> integer
would_be_changes(uuid,uuid) -> TABLE(member_id uuid, kind text, target text, role_now text, rules uuid[])
write_directory_user_keys() -> trigger
write_person_names(uuid,uuid,text,text) -> boolean, security definer, search_path=public, pg_temp

-- triggers

CREATE TRIGGER audit_event_append_only BEFORE DELETE OR UPDATE ON public.audit_event FOR EACH ROW EXECUTE FUNCTION refuse_change()
CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON public.audit_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
CREATE TRIGGER audit_seal_append_only BEFORE DELETE OR UPDATE ON public.audit_seal FOR EACH ROW EXECUTE FUNCTION refuse_change()
CREATE TRIGGER audit_seal_no_truncate BEFORE TRUNCATE ON public.audit_seal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
CREATE TRIGGER connection_domains AFTER INSERT OR UPDATE OF status, settings ON public.connection FOR EACH ROW EXECUTE FUNCTION claim_connection_domains()
CREATE TRIGGER directory_takes_its_users AFTER DELETE ON public.directory FOR EACH ROW EXECUTE FUNCTION delete_directory_users()
CREATE TRIGGER directory_group_forgets_matches AFTER DELETE ON public.directory_group REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION forget_matches_of_groups()
CREATE TRIGGER directory_user_changes_keys AFTER UPDATE OF resource, deleted_at ON public.directory_user FOR EACH ROW EXECUTE FUNCTION write_directory_user_keys()
CREATE TRIGGER directory_user_has_keys AFTER INSERT ON public.directory_user FOR EACH ROW WHEN (has_further_keys(new.resource)) EXECUTE FUNCTION write_directory_user_keys()
CREATE TRIGGER directory_user_loses_keys AFTER DELETE ON public.directory_user FOR EACH ROW WHEN (has_further_keys(old.resource)) EXECUTE FUNCTION write_directory_user_keys()
CREATE TRIGGER domain_claim_changes_home AFTER INSERT OR DELETE OR UPDATE OF status, include_subdomains, ended_at ON public.domain_claim FOR EACH ROW EXECUTE FUNCTION mark_people_of_domain()
CREATE TRIGGER identity_breaks_no_glass BEFORE INSERT ON public.identity FOR EACH ROW EXECUTE FUNCTION refuse_break_glass_link()
CREATE TRIGGER link_approval_breaks_no_glass BEFORE INSERT ON public.link_approval FOR EACH ROW EXECUTE FUNCTION refuse_break_glass_link()
CREATE TRIGGER member_is_kept BEFORE DELETE OR TRUNCATE ON public.member FOR EACH STATEMENT EXECUTE FUNCTION refuse_delete()
CREATE TRIGGER member_removed_breaks_no_glass AFTER UPDATE OF status ON public.member FOR EACH ROW WHEN (((new.status = ANY (ARRAY['removed'::text, 'purged'::text])) AND (old.status IS DISTINCT FROM new.status))) EXECUTE FUNCTION end_break_glass()
CREATE TRIGGER member_removed_loses_keys AFTER UPDATE OF status ON public.member FOR EACH ROW WHEN (((new.status = ANY (ARRAY['removed'::text, 'purged'::text])) AND (old.status IS DISTINCT FROM new.status))) EXECUTE FUNCTION revoke_keys_of_member()
CREATE TRIGGER organization_is_kept BEFORE DELETE OR TRUNCATE ON public.organization FOR EACH STATEMENT EXECUTE FUNCTION refuse_delete()
CREATE TRIGGER person_is_kept BEFORE DELETE OR TRUNCATE ON public.person FOR EACH STATEMENT EXECUTE FUNCTION refuse_delete()
CREATE TRIGGER team_is_kept BEFORE DELETE OR TRUNCATE ON public.team FOR EACH STATEMENT EXECUTE FUNCTION refuse_delete()

-- rights

drawbridge_app: DELETE, INSERT, SELECT, UPDATE on access_grant
drawbridge_app: DELETE, INSERT, SELECT on account_attempt
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on api_key
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on assertion_seen
drawbridge_app: INSERT, SELECT on audit_event
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on audit_personal
drawbridge_app: SELECT on audit_seal
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on block
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on break_glass
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on carrier
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on claim_value
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on claim_value_left
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on connection
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on connection_certificate
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on connection_domain
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on connection_refresh
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on connection_test
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on directory
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on directory_agent
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on directory_count
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on directory_group
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on directory_token
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on directory_user
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on directory_user_key
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on entry_grant
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on extension_schema
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on group_member
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on held_change
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on idempotency_key
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on identity
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on invitation
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on invitation_hop
drawbridge_app: SELECT on keycloak_cursor
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on keycloak_id
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on keycloak_projected
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on keycloak_quarantine
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on link_approval
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on logout_request
drawbridge_app: SELECT, UPDATE on mail_health
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on mapping_plan
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on mapping_plan_change
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on mapping_rule
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on member
drawbridge_app: SELECT on migration
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on organization
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on page_mark
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on projection_due
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on provider_state
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on role
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on rule_match
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on scim_journal
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on scim_journal_body
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on setup_item
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on setup_link
drawbridge_app: DELETE, INSERT, SELECT on sign_in_document
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on sign_in_request
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on sign_in_trace
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on signing_key
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on sso_evidence
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on team
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on team_departure
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on team_member
drawbridge_app: DELETE, INSERT, SELECT, UPDATE on upstream_session
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on access_grant
drawbridge_worker: DELETE, INSERT, SELECT on account_attempt
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on api_key
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on assertion_seen
drawbridge_worker: INSERT, SELECT on audit_event
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on audit_personal
drawbridge_worker: SELECT on audit_seal
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on block
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on break_glass
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on carrier
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on claim_value
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on claim_value_left
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on connection
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on connection_certificate
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on connection_domain
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on connection_refresh
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on connection_test
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on directory
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on directory_agent
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on directory_count
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on directory_group
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on directory_token
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on directory_user
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on directory_user_key
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on entry_grant
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on extension_schema
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on group_member
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on held_change
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on idempotency_key
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on identity
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on invitation
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on invitation_hop
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on keycloak_cursor
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on keycloak_event_seen
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on keycloak_id
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on keycloak_projected
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on keycloak_quarantine
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on link_approval
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on logout_request
drawbridge_worker: SELECT, UPDATE on mail_health
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on mapping_plan
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on mapping_plan_change
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on mapping_rule
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on member
drawbridge_worker: SELECT on migration
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on organization
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on page_mark
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on projection_due
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on role
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on rule_match
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on scim_journal
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on scim_journal_body
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on setup_item
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on setup_link
drawbridge_worker: DELETE, INSERT, SELECT on sign_in_document
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on sign_in_request
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on sign_in_trace
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on sso_evidence
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on team
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on team_departure
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on team_member
drawbridge_worker: DELETE, INSERT, SELECT, UPDATE on upstream_session
