-- What the projection's worker asks for with each handful of marks, with plans that are made once and look rows up by
-- their keys: as a plain statement it was planned anew each time, which cost more than it did.

-- Drops the marks that were worked off (one that was set again meanwhile stays and is due), and claims up to p_limit due
-- ones: organizations first, since accounts join them; then what takes access away. p_done: [{kind, subject_id, seq}].
create function claim_projections(p_done jsonb, p_limit integer, p_lease_seconds integer)
  returns table (kind text, subject_id uuid, seq bigint, attempts integer, has_account boolean) language plpgsql
  set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
begin
  -- no wait for the disk: a claim that a crash undoes is free again, and what was worked off is found to be equal
  perform set_config('synchronous_commit', 'off', true);
  return query
  with done as (
    select d.kind, d.subject_id, d.seq from jsonb_to_recordset(p_done) as d (kind text, subject_id uuid, seq bigint)),
  settled as (
    delete from projection_due p using done d
    where p.kind = d.kind and p.subject_id = d.subject_id and p.seq = d.seq returning p.kind, p.subject_id),
  -- not by its number: one that is being set at this moment is seen only once its row is locked
  again as (
    update projection_due p set claimed_until = '-infinity' from done d
    where p.kind = d.kind and p.subject_id = d.subject_id
      and not exists (select from settled s where s.kind = d.kind and s.subject_id = d.subject_id)),
  picked as (
    select p.kind, p.subject_id from projection_due p where p.due_at <= now() and p.claimed_until <= now()
    order by p.kind, p.priority, p.since limit p_limit for update skip locked)
  update projection_due d set claimed_until = now() + make_interval(secs => p_lease_seconds)
  from picked p where d.kind = p.kind and d.subject_id = p.subject_id
  returning d.kind, d.subject_id, d.seq, d.attempts,
    exists (select from keycloak_id k where k.kind = d.kind and k.id = d.subject_id);
end $$;
revoke execute on function claim_projections(jsonb, integer, integer) from public;
grant execute on function claim_projections(jsonb, integer, integer) to drawbridge_worker;
