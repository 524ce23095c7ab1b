-- The life of a domain's proof: written by the organization's own requests, looked for again by the clock, lost and ended.

create function include_subdomains(p_org uuid, p_domain text, p_include boolean) returns void
  language sql security definer set search_path = public, pg_temp as $$
  update domain_claim set include_subdomains = p_include where org_id = p_org and domain = p_domain
$$;

-- What a verification asks that finds the record of its own claim: whose the domain is now, and what would prove it still.
create function owner_of_domain(p_domain text) returns table (org_id uuid, dns_token text, method text)
  language sql stable security definer set search_path = public, pg_temp as $$
  select org_id, dns_token, method from domain_claim where domain = p_domain and status = 'verified'
$$;

-- A proof that is gone: nobody is linked or made by this domain any more from now on; who signs in already can for two
-- weeks (end_lost_domains). The organization is told by its audit.
create function lose_domain(p_org uuid, p_domain text, p_reason text, p_now timestamptz) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update domain_claim set status = 'lost', lost_at = p_now, next_check_at = null
  where org_id = p_org and domain = p_domain and status = 'verified';
  if not found then return; end if;
  perform mark_projection('organization', p_org, 1);
  perform record_audit(p_org, '{"kind": "system", "id": "check_domains"}', 'domain.lost', 'organization', p_org,
    jsonb_build_object('domain', p_domain, 'reason', p_reason, 'signInsUntil', p_now + interval '14 days'));
end $$;

-- The organization gives a domain up. What it was before; null = it never claimed it. Where it was proved once, sign-ins by
-- it end as those of a domain lost for good: another owner's people must not come in by this one's company.
create function release_domain(p_org uuid, p_domain text, p_now timestamptz) returns text
  language sql security definer set search_path = public, pg_temp as $$
  update domain_claim set status = 'released', method = null, decided_by = null, verified_at = null, next_check_at = null,
    missing_since = null, lost_at = null, ended_at = coalesce(ended_at, case when verified_at is not null then p_now end)
  where org_id = p_org and domain = p_domain returning old.status
$$;

-- Claims whose proof is to be looked for again, the longest waiting first.
create function domains_to_check(p_now timestamptz, p_limit integer)
  returns table (org_id uuid, domain text, dns_token text) language sql stable as $$
  select org_id, domain, dns_token from domain_claim
  where status = 'verified' and method = 'dns' and next_check_at <= p_now order by next_check_at limit p_limit
$$;

-- What a look found. A proof that is missing is looked for once more three days later and is lost then. DNS that does not
-- answer says nothing; it is asked again after six hours.
create function note_domain_check(p_org uuid, p_domain text, p_found text, p_now timestamptz) returns void
  language plpgsql as $$
declare
  v_missing_since timestamptz;
begin
  update domain_claim set last_check = p_found, last_checked_at = p_now,
    missing_since = case p_found when 'missing' then coalesce(missing_since, p_now) when 'unanswered' then missing_since end,
    next_check_at = p_now + case p_found when 'found' then interval '7 days' when 'missing' then interval '3 days'
      else interval '6 hours' end
  where org_id = p_org and domain = p_domain and status = 'verified' and method = 'dns'
  returning missing_since into v_missing_since;
  if not found or p_found <> 'missing' then return; end if;
  if v_missing_since <= p_now - interval '3 days' then
    perform lose_domain(p_org, p_domain, 'proof_missing', p_now);
  elsif v_missing_since = p_now then
    perform record_audit(p_org, '{"kind": "system", "id": "check_domains"}', 'domain.proof_missing', 'organization', p_org,
      jsonb_build_object('domain', p_domain, 'lostAt', p_now + interval '3 days'));
  end if;
end $$;

-- Ends the sign-ins of domains lost two weeks ago. Answers how many domains.
create function end_lost_domains(p_now timestamptz) returns integer language plpgsql as $$
declare
  v_claim record;
  v_count integer := 0;
begin
  for v_claim in update domain_claim set ended_at = p_now
    where status = 'lost' and ended_at is null and lost_at <= p_now - interval '14 days' returning org_id, domain
  loop
    v_count := v_count + 1;
    perform mark_projection('organization', v_claim.org_id, 1);
    perform record_audit(v_claim.org_id, '{"kind": "system", "id": "end_lost_domains"}', 'domain.sign_ins_ended', 'organization',
      v_claim.org_id, jsonb_build_object('domain', v_claim.domain));
  end loop;
  return v_count;
end $$;

-- Whether an address is of a domain that the organization has lost for good.
create function sign_ins_ended_for(p_org uuid, p_address text) returns boolean
  language sql stable security definer set search_path = public, pg_temp as $$
  select exists (select from domain_claim d, split_part(fold_key(p_address), '@', 2) as of_address
    where d.org_id = p_org and d.ended_at is not null
      and (d.domain = of_address or d.include_subdomains and d.domain = any (domains_above(of_address))))
    and not owns_domain_of(p_org, p_address)
$$;

-- Sessions to be ended by the person's next projection, whatever else it finds equal. Kept apart from what a projection
-- writes at its end, so that one under way does not wipe out what was asked meanwhile.
alter table keycloak_projected add column logout_due boolean not null default false;
comment on column keycloak_projected.logout_due is 'asked by demand_logout; the next projection ends all sessions';

revoke execute on function include_subdomains(uuid, text, boolean),
  owner_of_domain(text), lose_domain(uuid, text, text, timestamptz), domains_to_check(timestamptz, integer),
  note_domain_check(uuid, text, text, timestamptz), end_lost_domains(timestamptz), sign_ins_ended_for(uuid, text),
  release_domain(uuid, text, timestamptz)
  from public;
grant execute on function include_subdomains(uuid, text, boolean),
  owner_of_domain(text), lose_domain(uuid, text, text, timestamptz), sign_ins_ended_for(uuid, text),
  release_domain(uuid, text, timestamptz)
  to drawbridge_app, drawbridge_worker;
