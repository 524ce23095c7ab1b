// Which runners of the queue live. A killed process leaves its jobs locked, and graphile-worker would wait four hours;
// each runner therefore holds a session's advisory lock, and whoever finds a runner's lock free gives its jobs back.
import pg from 'pg';
import type { Logger } from 'pino';

const EVERY_MS = 5_000;
// A pool takes its first job a moment before it can hold the lock.
const GRACE_SECONDS = 5;

export type LivePool = { stop(): Promise<void> };

/**
 * Holds the lock of the runner `poolId` until stopped (again after a lost connection), and frees the jobs of dead runners
 * and those that this one has taken without knowing it.
 *
 * @param running ids of the jobs that this runner is at, as it goes on
 */
export async function keepPoolAlive(
  deps: { ownerUrl: string; log: Logger },
  poolId: string,
  running: ReadonlySet<string>,
): Promise<LivePool> {
  let client: pg.Client | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const connect = async (): Promise<pg.Client> => {
    const fresh = new pg.Client({ connectionString: deps.ownerUrl, application_name: 'drawbridge-jobs-alive' });
    fresh.on('error', () => {
      client = undefined;
    });
    await fresh.connect();
    await fresh.query('select pg_advisory_lock(hashtextextended($1, 0))', [lockName(poolId)]);
    return fresh;
  };
  const beat = async () => {
    try {
      client ??= await connect();
      const freed = await freeJobsOfTheDead(client, poolId);
      if (freed > 0) deps.log.warn({ pools: freed }, 'jobs of killed processes were given back');
      const lost = await freeLostJobs(client, poolId, [...running]);
      if (lost > 0) deps.log.warn({ jobs: lost }, 'jobs whose taking got no answer were given back');
    } catch (error) {
      deps.log.warn({ err: error }, 'the queue could not be looked after; trying again');
    }
  };
  let beating = beat();
  await beating;
  const plan = () => {
    timer = setTimeout(() => {
      beating = beat().then(() => {
        if (!stopped) plan();
      });
    }, EVERY_MS);
  };
  plan();
  return {
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await beating;
      clearTimeout(timer);
      await client?.end().catch(() => {});
    },
  };
}

/** Gives back the jobs of runners whose lock nobody holds; answers how many runners that were. */
export async function freeJobsOfTheDead(
  client: pg.ClientBase,
  ownPoolId: string,
  graceSeconds = GRACE_SECONDS,
): Promise<number> {
  const { rows } = await client.query<{ dead: string[] | null }>(
    `select array_agg(locked_by) as dead from (
       select distinct locked_by from graphile_worker._private_jobs
       where locked_by is not null and locked_by <> $1 and locked_at < now() - make_interval(secs => $2)) held
     where pg_try_advisory_xact_lock(hashtextextended('job pool ' || locked_by, 0))`,
    [ownPoolId, graceSeconds],
  );
  const dead = rows[0]?.dead ?? [];
  if (dead.length > 0) await client.query('select graphile_worker.force_unlock_workers($1)', [dead]);
  return dead.length;
}

function lockName(poolId: string): string {
  return `job pool ${poolId}`;
}

/**
 * Gives back the jobs that the runner holds and is not at: the connection broke after they were taken and before it was
 * told. One that has just ended may be among them, and runs twice at most. Answers how many.
 */
export async function freeLostJobs(client: pg.ClientBase, poolId: string, running: readonly string[]): Promise<number> {
  const { rowCount } = await client.query(
    `update graphile_worker._private_jobs set locked_at = null, locked_by = null
     where locked_by = $1 and locked_at < now() - make_interval(secs => $2) and id <> all ($3::bigint[])`,
    [poolId, GRACE_SECONDS, running],
  );
  return rowCount ?? 0;
}
