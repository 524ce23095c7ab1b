-- What somebody in 2,000 groups asks for: as few rows as can be, and none checked one by one.

-- When a value of a claim was last seen: written down in one row for each sign-in that no longer carries some, however many
-- they are, and brought into claim_value every hour (sweep_mapping). 2,000 rows of claim_value would be a sign-in's most
-- expensive part.
create table claim_value_left (
  org_id uuid not null references organization on delete cascade,
  id uuid not null default uuidv7(),
  value_ids uuid[] not null,
  at timestamptz not null,
  primary key (org_id, id)
);
comment on table claim_value_left is 'values that somebody''s last list carried and this one, at this time, did not; until the next sweep';

alter table claim_value_left enable row level security;
create policy of_organization on claim_value_left to drawbridge_app, drawbridge_worker
  using (uuid_eq(org_id, (select nullif(current_setting('drawbridge.org_id', true), '')::uuid)))
  with check (uuid_eq(org_id, (select nullif(current_setting('drawbridge.org_id', true), '')::uuid)));
grant select, insert, update, delete on claim_value_left to drawbridge_app, drawbridge_worker;

-- Ids do not compress, and trying takes longer than writing them.
alter table sso_evidence alter column value_ids set storage external;
alter table claim_value_left alter column value_ids set storage external;

-- A foreign key is looked up once for each row, 5 microseconds each: a third of what writing grants and memberships took.
-- reconcile_grants writes both while it holds the member's row; here goes what is left of a row that goes.
alter table access_grant drop constraint access_grant_org_id_member_id_fkey;
alter table team_member drop constraint team_member_org_id_member_id_fkey, drop constraint team_member_org_id_team_id_fkey;
alter table team_departure drop constraint team_departure_org_id_team_id_fkey;
alter table claim_value drop constraint claim_value_org_id_fkey;

create function forget_grants_of_members() returns trigger language plpgsql as $$
begin
  delete from team_member t using gone where t.org_id = gone.org_id and t.member_id = gone.id;
  delete from access_grant a using gone where a.org_id = gone.org_id and a.member_id = gone.id;
  return null;
end $$;
create trigger member_forgets_grants after delete on member referencing old table as gone
  for each statement execute function forget_grants_of_members();

create function forget_members_of_teams() returns trigger language plpgsql as $$
begin
  delete from team_member t using gone where t.org_id = gone.org_id and t.team_id = gone.id;
  delete from team_departure d using gone where d.org_id = gone.org_id and d.team_id = gone.id;
  return null;
end $$;
create trigger team_forgets_members after delete on team referencing old table as gone
  for each statement execute function forget_members_of_teams();

create function forget_claims_of_organizations() returns trigger language plpgsql as $$
begin
  delete from claim_value v using gone where v.org_id = gone.org_id;
  return null;
end $$;
create trigger organization_forgets_claims after delete on organization referencing old table as gone
  for each statement execute function forget_claims_of_organizations();

-- Whom templates lead to a team that is made later.
create index rule_match_by_team_key on rule_match (org_id, team_key) where team_key is not null;
