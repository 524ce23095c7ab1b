-- Realm tables: what crosses organizations. The application reads them only through the SECURITY DEFINER functions of
-- these migrations (design, law 5); the tables below that say so are open to app and worker, and hold no tenant's data.

create table person (
  id uuid primary key default uuidv7(),
  given_name text,
  family_name text,
  locked_at timestamptz,
  -- Keycloak holds a credential or a link that the person made: nobody is linked to such a person without proof
  has_credential boolean not null default false,
  -- the account, when made, asks for a password of the person's own (entered by invitation, no company link)
  sets_password boolean not null default false,
  created_at timestamptz not null default now()
) with (fillfactor = 80);
comment on table person is 'one human in the realm = one Keycloak account';

create table person_address (
  address_key text collate "C" primary key,
  address text not null,
  person_id uuid not null references person on delete cascade,
  proved_at timestamptz
);
comment on table person_address is 'the address of a person, folded; a recycled address moves to a new person';
create unique index person_address_one_each on person_address (person_id);

create table domain_claim (
  domain text collate "C" not null,
  org_id uuid not null,
  -- 'proved': seen in DNS through a set-up link; somebody with full control makes it verified. 'released': given up, shown
  -- to nobody, and kept so that a domain that was once proved goes on refusing the sign-ins that it ended
  status text not null constraint domain_claim_status
    check (status in ('pending', 'proved', 'verified', 'lost', 'released')),
  dns_token text not null,
  method text constraint domain_claim_method check (method in ('dns', 'operator')),
  decided_by jsonb,
  verified_at timestamptz,
  -- every subdomain that nobody has verified by itself counts as this domain
  include_subdomains boolean not null default false,
  last_check text constraint domain_claim_last_check check (last_check in ('found', 'missing', 'unanswered')),
  last_checked_at timestamptz,
  -- when the proof is looked for again; null = not by itself
  next_check_at timestamptz,
  -- since when the proof of a verified domain is missing
  missing_since timestamptz,
  lost_at timestamptz,
  -- the grace of a lost domain is over, or a proved one was released: existing sign-ins ended too, until it is proved anew
  ended_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (domain, org_id)
);
create unique index domain_claim_one_owner on domain_claim (domain) where status = 'verified';
create index domain_claim_by_org on domain_claim (org_id);
create index domain_claim_to_check on domain_claim (next_check_at) where next_check_at is not null;
create index domain_claim_lost on domain_claim (lost_at) where status = 'lost' and ended_at is null;

create table credential (
  hash bytea primary key,
  kind text not null constraint credential_kind check (kind in ('api_key', 'scim_token', 'invitation', 'operator_key')),
  org_id uuid,
  subject_id uuid not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null default now(),
  constraint credential_operator_has_no_org check ((kind = 'operator_key') = (org_id is null))
);
comment on table credential is 'sha256 of each secret that opens something; the secret itself is shown once and never stored';
create index credential_by_subject on credential (subject_id);

create table organization_key (
  key text collate "C" primary key constraint organization_key_form 
    check (key ~ '^[a-z0-9](-?[a-z0-9]){0,39}$' and key <> 'invitation'),
  org_id uuid not null unique
);
comment on table organization_key is 'keys are never used again, so they outlive their organization';

create table provider_state (
  model text not null,
  id text not null,
  payload jsonb not null,
  grant_id text,
  uid text,
  consumed_at timestamptz,
  expires_at timestamptz,
  primary key (model, id)
);
comment on table provider_state is 'state of our OIDC provider (sessions, interactions, codes); open to app: rows are found by unguessable ids only';
create index provider_state_by_grant on provider_state (grant_id) where grant_id is not null;
create index provider_state_by_uid on provider_state (uid) where uid is not null;
create index provider_state_by_expiry on provider_state (expires_at);

create table signing_key (
  id text primary key,
  sealed_jwk bytea not null,
  status text not null constraint signing_key_status check (status in ('next', 'current', 'retired')),
  created_at timestamptz not null default now()
);
comment on table signing_key is 'keys of our OIDC provider, encrypted with SECRET_KEY; open to app';

create sequence projection_seq;
create table projection_due (
  kind text not null constraint projection_due_kind check (kind in ('person', 'organization')),
  subject_id uuid not null,
  priority smallint not null default 1,
  seq bigint not null default nextval('projection_seq'),
  since timestamptz not null default now(),
  due_at timestamptz not null default now(),
  claimed_until timestamptz not null default '-infinity',
  attempts integer not null default 0,
  last_error text,
  primary key (kind, subject_id)
) with (fillfactor = 70);
comment on table projection_due is 'coalescing marks: make Keycloak equal for this person or organization; priority 0 takes access away; open to app and worker';

create table keycloak_id (
  kind text not null constraint keycloak_id_kind check (kind in ('person', 'organization', 'team', 'role', 'connection')),
  id uuid not null,
  org_id uuid,
  key text,
  keycloak_id text not null,
  primary key (kind, id)
);
comment on table keycloak_id is 'which Keycloak object is ours; open to app and worker';
create index keycloak_id_by_org on keycloak_id (org_id) where org_id is not null;
create index keycloak_id_reverse on keycloak_id (kind, keycloak_id);

create table keycloak_projected (
  person_id uuid primary key,
  desired jsonb not null,
  certain boolean not null,
  projected_at timestamptz not null default now()
);
comment on table keycloak_projected is 'what Keycloak was last made equal to; not certain = the outcome of the last call is unknown; open to app and worker';

create table keycloak_quarantine (
  id uuid primary key default uuidv7(),
  keycloak_id text not null,
  address_key text collate "C" not null,
  reason text not null,
  at timestamptz not null default now()
);
comment on table keycloak_quarantine is 'accounts that were not ours and held an address of ours; open to app and worker';
