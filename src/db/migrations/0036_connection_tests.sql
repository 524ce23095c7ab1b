-- Test sign-ins of a connection, and which of its settings a test has proved. A connection's `trust_version` counts the
-- changes of whom it believes; a test counts for the version that it ran with, so a change asks for a new test.

alter table connection add column trust_version integer not null default 1;
alter table connection add column tested_version integer;
alter table connection add constraint connection_tested_is_proved check (status <> 'tested' or tested_version = trust_version);
comment on column connection.tested_version is 'the trust_version of the last successful test sign-in; null = never tested';

create table connection_test (
  org_id uuid not null,
  id uuid not null default uuidv7(),
  connection_id uuid not null,
  -- who asked for it, as `<kind> <id>` of the actor
  principal text not null,
  -- whom the sign-in would be; null: nobody yet known, or refused
  member_id uuid,
  outcome text not null default 'open' constraint connection_test_outcome
    check (outcome in ('open', 'started', 'passed', 'refused')),
  trust_version integer not null,
  trace_id uuid,
  result jsonb,
  at timestamptz not null,
  expires_at timestamptz not null,
  primary key (org_id, id),
  foreign key (org_id, connection_id) references connection on delete cascade,
  constraint connection_test_finished_has_trace check ((outcome in ('passed', 'refused')) = (trace_id is not null))
);
comment on table connection_test is 'a test sign-in: asked for, opened once in a browser, and what it found; it changes nothing else';
create index connection_test_by_connection on connection_test (org_id, connection_id, at desc);

select isolate_by_organization('connection_test');

alter table credential drop constraint credential_kind;
alter table credential add constraint credential_kind
  check (kind in ('api_key', 'scim_token', 'invitation', 'operator_key', 'connection_test', 'setup_link'));
alter table sign_in_request add column test_id uuid;
comment on column sign_in_request.test_id is 'the test sign-in that this request belongs to; null = a real one';
alter table sign_in_request alter column interaction_uid drop not null;
alter table sign_in_request add constraint sign_in_request_answers_one
  check ((interaction_uid is null) = (test_id is not null));
alter table sign_in_trace add column kind text not null default 'sign_in'
  constraint sign_in_trace_kind check (kind in ('sign_in', 'test'));

-- What the company sent with a test is kept for 72 hours; links that nobody opened in time go. Answers how many rows.
create function sweep_connection_tests(p_now timestamptz) returns integer language plpgsql as $$
declare
  v_rows integer;
  v_total integer := 0;
begin
  update connection_test set result = result || '{"received": {}, "person": null}'
  where at < p_now - interval '72 hours' and result -> 'received' <> '{}';
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  delete from connection_test where outcome in ('open', 'started') and expires_at < p_now - interval '1 hour';
  get diagnostics v_rows = row_count; v_total := v_total + v_rows;
  delete from credential where kind = 'connection_test' and expires_at < p_now;
  get diagnostics v_rows = row_count;
  return v_total + v_rows;
end $$;
revoke execute on function sweep_connection_tests(timestamptz) from public;
