// Runs the queue (graphile-worker) as the owner role: mail and timed work, each job at least once. A runner that ends
// because the database went away is started again, so that jobs wait for an outage and drain after it.
import { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Logger as QueueLogger, type Runner, run, type TaskList } from 'graphile-worker';
import pg from 'pg';
import type { Logger } from 'pino';
import { keepPoolAlive, type LivePool } from './live-pools.ts';
import type { Task } from './task.ts';

const AT_ONCE = 4;
const AGAIN_AFTER_MS = 1_000;

export type JobsInput = {
  /** The owner's connection: the queue's tables belong to it. */
  readonly ownerUrl: string;
  readonly log: Logger;
  readonly tasks: Readonly<Record<string, Task>>;
  /** graphile-worker's crontab; '' for none. */
  readonly crontab: string;
};

export type Jobs = {
  /** Takes no further job, waits for those under way and closes its connections. */
  stop(): Promise<void>;
};

type Running = { readonly runner: Runner; readonly alive: LivePool };

/** Starts taking jobs. Rejects when the crontab names a task without a handler, and when the database does not answer at the start; later outages are waited out. */
export async function startJobs(input: JobsInput): Promise<Jobs> {
  const unhandled = crontabTasks(input.crontab).filter((name) => !(name in input.tasks));
  if (unhandled.length > 0) throw new Error(`The crontab names tasks that nobody handles: ${unhandled.join(', ')}`);
  const pool = new pg.Pool({
    connectionString: input.ownerUrl,
    max: AT_ONCE + 3,
    application_name: 'drawbridge-jobs',
    connectionTimeoutMillis: 5_000,
  });
  // A lost connection is not an event of its own: the statement that needed it fails.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const stopping = new AbortController();
  let current: Running;
  try {
    current = await startRunner(input, pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const supervised = (async () => {
    while (!stopping.signal.aborted) {
      await current.runner.promise.catch((error: unknown) => input.log.warn({ err: error }, 'the job runner ended'));
      if (stopping.signal.aborted) return;
      await current.alive.stop();
      const next = await startAgain(input, pool, stopping.signal);
      if (!next) return;
      current = next;
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      // Already stopped (it ended by itself a moment ago) is as good.
      await current.runner.stop().catch(() => {});
      await supervised;
      // One that was just being started again when the stop came.
      await current.runner.stop().catch(() => {});
      await current.alive.stop();
      await pool.end();
    },
  };
}

/** The tasks that a crontab names, each once. */
function crontabTasks(crontab: string): string[] {
  const names = crontab.split('\n').map((line) => line.split(' ')[5]);
  return [...new Set(names.filter((name) => name !== undefined))];
}

async function startAgain(input: JobsInput, pool: pg.Pool, stop: AbortSignal): Promise<Running | undefined> {
  while (!stop.aborted) {
    await delay(AGAIN_AFTER_MS, undefined, { signal: stop }).catch(() => {});
    if (stop.aborted) return undefined;
    try {
      return await startRunner(input, pool);
    } catch (error) {
      input.log.warn({ err: error }, 'the job runner cannot start; trying again');
    }
  }
  return undefined;
}

async function startRunner(input: JobsInput, pool: pg.Pool): Promise<Running> {
  const events = new EventEmitter();
  let poolId = '';
  events.once('pool:create', ({ workerPool }: { workerPool: { id: string } }) => {
    poolId = workerPool.id;
  });
  const running = new Set<string>();
  const looked = firstLook(events);
  const runner = await run({
    pgPool: pool,
    concurrency: AT_ONCE,
    noHandleSignals: true,
    crontab: input.crontab,
    taskList: taskList(input, running),
    events,
    logger: queueLogger(input.log),
    // Not to gather them, but because a job whose end cannot be written stops the runner only then; otherwise the
    // library leaves a rejected promise, which ends the process.
    preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
  });
  try {
    await looked;
  } catch (error) {
    await runner.stop().catch(() => {});
    throw error;
  }
  return { runner, alive: await keepPoolAlive(input, poolId, running) };
}

/**
 * Resolves when a worker has looked for a job, and rejects when the first look fails: graphile-worker 0.18 keeps the
 * failed reading of its task ids, and that runner would fail at every look after it, for good.
 */
function firstLook(events: EventEmitter): Promise<void> {
  const looked = Promise.withResolvers<void>();
  // Nobody waits for it when the runner itself does not come up.
  looked.promise.catch(() => {});
  events.once('worker:getJob:empty', () => looked.resolve());
  events.once('job:start', () => looked.resolve());
  events.once('worker:getJob:error', ({ error }: { error: unknown }) => looked.reject(error));
  return looked.promise;
}

/** `running` holds the ids of the jobs that are under way. */
function taskList(input: JobsInput, running: Set<string>): TaskList {
  const entries = Object.entries(input.tasks).map(([name, task]) => {
    const run: TaskList[string] = async (payload, helpers) => {
      const { job } = helpers;
      const log = input.log.child({ task: name, jobId: job.id });
      running.add(job.id);
      try {
        await task(payload, {
          log,
          attempt: job.attempts,
          lastAttempt: job.attempts >= job.max_attempts,
          signal: helpers.abortSignal,
          query: (text, values) => helpers.query(text, values),
        });
      } finally {
        running.delete(job.id);
      }
    };
    return [name, run] as const;
  });
  return Object.fromEntries(entries);
}

/** The queue's own lines: its chatter is ours at debug, its failures stay what they are. Payloads are never logged. */
function queueLogger(log: Logger): QueueLogger {
  return new QueueLogger((scope) => (level, message) => {
    const fields = { task: scope.taskIdentifier, jobId: scope.jobId };
    if (level === 'error') log.error(fields, message);
    else if (level === 'warning') log.warn(fields, message);
    else log.debug(fields, message);
  });
}
