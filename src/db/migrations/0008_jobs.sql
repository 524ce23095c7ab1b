-- Jobs are added inside the transaction that needs them (law 1); the queue's own schema belongs to the owner, so the
-- application adds through this function. graphile-worker's tables are made by its own migrations before ours run.

create function enqueue_job(p_task text, p_payload jsonb, p_key text, p_run_at timestamptz) returns void
  language sql security definer set search_path = public, graphile_worker, pg_temp as $$
  select graphile_worker.add_job(p_task, p_payload::json, job_key => p_key, run_at => coalesce(p_run_at, now()), max_attempts => 12)
$$;
