-- Under which addresses an account was asked for and no answer has been written down: a process that was killed, or a call
-- that ran into its time limit, may have left one in Keycloak. Its address alone does not find it again once the person has
-- another one.
create table account_attempt (
  person_id uuid not null,
  address text not null,
  primary key (person_id, address)
);
comment on table account_attempt is 'addresses under which an account was asked for, until one is known; open to app and worker';
grant select, insert, delete on account_attempt to drawbridge_app, drawbridge_worker;
