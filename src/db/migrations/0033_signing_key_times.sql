-- When a key of our OIDC provider began to sign and when it stopped, so that keys can follow each other: published before
-- use, kept after it. There is one that signs, and one at most that waits.

alter table signing_key add column current_since timestamptz;
alter table signing_key add column retired_at timestamptz;
update signing_key set current_since = created_at where status <> 'next';
alter table signing_key add constraint signing_key_times check (
  (status = 'next') = (current_since is null) and (status = 'retired') = (retired_at is not null));
create unique index signing_key_one_of_each on signing_key (status) where status <> 'retired';
