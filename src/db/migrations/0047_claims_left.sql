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
