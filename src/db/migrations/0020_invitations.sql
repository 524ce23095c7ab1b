-- Invitations: the ceiling of an offer, how often it was mailed, the hops of its acceptance through Keycloak, and its end.

alter table invitation
  add column ceiling text[] not null default '{}',
  add column ceiling_full_control boolean not null default false,
  add column recent_sends timestamptz[] not null default '{}',
  add column delivery_error text;
comment on column invitation.ceiling is 'what the inviter held when the offer was made or repeated; the role must lie within it when it is taken, too (law 4)';
comment on column invitation.recent_sends is 'when the last mails went out, for the limit per hour';

create table invitation_hop (
  org_id uuid not null,
  state_hash bytea not null,
  invitation_id uuid not null,
  step text not null constraint invitation_hop_step check (step in ('who', 'prove', 'password', 'signed_out')),
  expires_at timestamptz not null,
  primary key (org_id, state_hash),
  foreign key (org_id, invitation_id) references invitation on delete cascade
);
comment on table invitation_hop is 'a browser sent to Keycloak by an acceptance: found by the hash of its state, used once';
create index invitation_hop_by_expiry on invitation_hop (expires_at);
select isolate_by_organization('invitation_hop');

-- Ends the invitations whose time is over: one organization's, or (as the owner) everybody's. Answers how many.
create function expire_invitations(p_now timestamptz, p_org uuid default null) returns integer language plpgsql as $$
declare
  v_row record;
  v_count integer := 0;
begin
  for v_row in
    update invitation set status = 'expired', browser_hash = null
    where status = 'pending' and expires_at <= p_now and (p_org is null or org_id = p_org) returning org_id, id
  loop
    v_count := v_count + 1;
    perform record_audit(v_row.org_id, '{"kind": "system", "id": "expire_invitations"}', 'invitation.expired', 'invitation', v_row.id);
  end loop;
  return v_count;
end $$;

-- Whether somebody of this address signs in with a company: a verified domain whose organization has an active connection.
create function signs_in_by_company(p_address text) returns boolean
  language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from covering_claim(split_part(fold_key(p_address), '@', 2)) d
    join organization o on o.org_id = d.org_id and o.status = 'active'
    join connection c on c.org_id = d.org_id and c.status = 'active')
$$;

-- The person who comes in by a mailed link alone: new, or one that nothing holds (no credential, no link, no membership, no
-- lock), who then sets a password. Null = this person has to sign in as usual first.
create function person_entering_by_link(p_address text, p_given text, p_family text) returns uuid
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  v_key text := fold_key(p_address);
  v_person person;
begin
  -- two organizations may invite one address, and both links be used at once
  perform pg_advisory_xact_lock(hashtextextended('address ' || v_key, 0));
  if signs_in_by_company(p_address) then return null; end if;
  select p.* into v_person from person_address a join person p on p.id = a.person_id where a.address_key = v_key for update of p;
  if not found then return person_by_proved_address(p_address, p_given, p_family); end if;
  if v_person.locked_at is not null or exists (select from person_standing(p_address) s
    where s.has_credential or s.has_link or s.memberships > 0) then
    return null;
  end if;
  update person set sets_password = true, given_name = coalesce(given_name, p_given), family_name = coalesce(family_name, p_family)
  where id = v_person.id;
  update person_address set proved_at = coalesce(proved_at, now()) where address_key = v_key;
  return v_person.id;
end $$;

do $$
declare
  v_function regprocedure;
begin
  foreach v_function in array array['expire_invitations(timestamptz, uuid)', 'signs_in_by_company(text)',
    'person_entering_by_link(text, text, text)']::regprocedure[]
  loop
    execute format('revoke execute on function %s from public', v_function);
    execute format('grant execute on function %s to drawbridge_app, drawbridge_worker', v_function);
  end loop;
end $$;
