-- What somebody in 2,000 groups asks for: as few rows as can be.

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

select isolate_by_organization('claim_value_left');

-- Ids do not compress, and trying takes longer than writing them.
alter table sso_evidence alter column value_ids set storage external;
alter table claim_value_left alter column value_ids set storage external;

-- Whom templates lead to a team that is made later.
create index rule_match_by_team_key on rule_match (org_id, team_key) where team_key is not null;
