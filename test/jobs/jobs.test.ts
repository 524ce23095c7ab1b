// The queue: jobs with their transaction, at least once, outliving processes and outages; and the timed work.
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { enqueueJob } from '../../src/jobs/jobs-store.ts';
import { freeJobsOfTheDead, freeLostJobs } from '../../src/jobs/live-pools.ts';
import { type Jobs, startJobs } from '../../src/jobs/runner.ts';
import { defineTask, type JobHelpers, type Task } from '../../src/jobs/task.ts';
import { TIMED_TASKS_CRONTAB, timedTasks } from '../../src/jobs/timed-tasks.ts';
import { type InviteSetup, setupInvitations } from '../invitations/invite-setup.ts';
import { eventually } from '../support/eventually.ts';
import type { MadeOrganization } from '../support/server.ts';

const log = pino({ level: 'silent' });
let s: InviteSetup;
let acme: MadeOrganization;

beforeAll(async () => {
  s = await setupInvitations();
  acme = await s.t.make.organization('acme');
});
afterAll(() => s[Symbol.asyncDispose]());

const start = (tasks: Record<string, Task>, crontab = ''): Promise<Jobs> =>
  startJobs({ ownerUrl: s.t.database.url, log, tasks, crontab });
const add = (task: string, payload: Record<string, unknown>, options = {}) =>
  s.t.db.inOrg(acme.id, (tx) => enqueueJob(tx, task, payload, options));
const waiting = () => s.sql('select task_identifier, attempts, last_error from graphile_worker.jobs');

function recorder() {
  const seen: unknown[] = [];
  const task = defineTask(z.object({ n: z.number() }), async ({ n }) => {
    seen.push(n);
  });
  return { seen, task };
}

test('a job runs after its transaction commits, and not at all when it does not', async () => {
  const { seen, task } = recorder();
  const jobs = await start({ note: task });
  try {
    await add('note', { n: 1 });
    const failing = s.t.db.inOrg(acme.id, async (tx) => {
      await enqueueJob(tx, 'note', { n: 2 });
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    await add('note', { n: 3 });
    await eventually(() => expect(seen).toEqual([1, 3]));
  } finally {
    await jobs.stop();
  }
});

test('of several jobs with one key the last stands, and one for later waits', async () => {
  const { seen, task } = recorder();
  await add('note', { n: 1 }, { key: 'same' });
  await add('note', { n: 2 }, { key: 'same' });
  await add('note', { n: 3 }, { runAt: new Date(Date.now() + 3_600_000) });
  const jobs = await start({ note: task });
  try {
    await eventually(() => expect(seen).toEqual([2]));
    await eventually(async () => expect(await waiting()).toHaveLength(1));
  } finally {
    await jobs.stop();
    await s.sql('delete from graphile_worker._private_jobs');
  }
});

test('a payload that does not fit fails its job with what is wrong, and the handler never sees it', async () => {
  const { seen, task } = recorder();
  const jobs = await start({ note: task });
  try {
    await add('note', { n: 'one' });
    await eventually(async () => expect((await waiting())[0]?.last_error).toContain('expected number'));
    expect(seen).toEqual([]);
  } finally {
    await jobs.stop();
    await s.sql('delete from graphile_worker._private_jobs');
  }
});

test('the jobs of a killed process are given back at once, those of a living one are left alone', async () => {
  await add('note', { n: 7 });
  await s.sql(
    `update graphile_worker._private_jobs set locked_at = now() - interval '1 minute', locked_by = 'killed', attempts = 1`,
  );
  const living = new pg.Client({ connectionString: s.t.database.url });
  const looking = new pg.Client({ connectionString: s.t.database.url });
  await Promise.all([living.connect(), looking.connect()]);
  try {
    await living.query(`select pg_advisory_lock(hashtextextended('job pool killed', 0))`);
    expect(await freeJobsOfTheDead(looking, 'me')).toBe(0);
  } finally {
    await Promise.all([living.end(), looking.end()]);
  }
  const { seen, task } = recorder();
  const jobs = await start({ note: task });
  try {
    await eventually(() => expect(seen).toEqual([7]));
  } finally {
    await jobs.stop();
  }
});

test('a job whose taking got no answer is given back by the runner that holds it, and is done', async () => {
  await add('note', { n: 8 });
  await s.sql(
    `update graphile_worker._private_jobs set locked_by = 'me', locked_at = now() - interval '1 minute', attempts = 1`,
  );
  const [held] = await s.sql<{ id: string }>('select id from graphile_worker._private_jobs');
  const client = new pg.Client({ connectionString: s.t.database.url });
  await client.connect();
  try {
    expect(await freeLostJobs(client, 'me', [held!.id])).toBe(0);
    expect(await freeLostJobs(client, 'another', [])).toBe(0);
    expect(await freeLostJobs(client, 'me', [])).toBe(1);
  } finally {
    await client.end();
  }
  const { seen, task } = recorder();
  const jobs = await start({ note: task });
  try {
    await eventually(() => expect(seen).toEqual([8]));
  } finally {
    await jobs.stop();
  }
});

test('lost connections do not end the queue: what was added meanwhile is done', async () => {
  const { seen, task } = recorder();
  const jobs = await start({ note: task });
  try {
    await s.sql(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name like 'drawbridge-jobs%'`,
    );
    await add('note', { n: 9 });
    await eventually(() => expect(seen).toEqual([9]), { withinMs: 30_000 });
  } finally {
    await jobs.stop();
  }
});

/** Ends the queue's own connections that wait for a lock; answers once there was one and it is gone. */
const cutWaiting = () =>
  eventually(async () => {
    const cut = await s.sql(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity
       where datname = current_database() and application_name = 'drawbridge-jobs' and wait_event_type = 'Lock'`,
    );
    return cut.length > 0;
  });

test('a connection lost while a job is being ended costs a second run and nothing else', async () => {
  const seen: number[] = [];
  const holder = new pg.Client({ connectionString: s.t.database.url });
  await holder.connect();
  const note = defineTask(z.object({ n: z.number() }), async ({ n }) => {
    seen.push(n);
    if (seen.length > 1) return;
    await holder.query('begin');
    await holder.query('select from graphile_worker._private_jobs for update');
    // For the runner that takes the place of the broken one: its first look meets the same trouble.
    await holder.query('lock table graphile_worker._private_tasks');
  });
  const jobs = await start({ note });
  try {
    await add('note', { n: 10 });
    await cutWaiting();
    await cutWaiting();
    await holder.query('rollback');
    await eventually(async () => (await waiting()).length === 0, { withinMs: 30_000 });
    expect(seen).toEqual([10, 10]);
  } finally {
    await holder.end();
    await jobs.stop();
  }
});

test('a connection lost in the queue’s first look is an error of the start, not a queue that never works', async () => {
  const holder = new pg.Client({ connectionString: s.t.database.url });
  await holder.connect();
  try {
    await holder.query('begin');
    await holder.query('lock table graphile_worker._private_tasks');
    const starting = expect(start({ note: recorder().task })).rejects.toThrow('terminating connection');
    await cutWaiting();
    await holder.query('rollback');
    await starting;
  } finally {
    await holder.end();
  }
});

/** Runs one timed task as the queue would, as the owner. */
async function runTimed(name: string): Promise<void> {
  const owner = new pg.Client({ connectionString: s.t.database.url });
  await owner.connect();
  try {
    const query: JobHelpers['query'] = (text, values) => owner.query(text, values);
    await timedTasks({ clock: s.t.clock })[name]!(
      {},
      { log, attempt: 1, lastAttempt: false, signal: undefined, query },
    );
  } finally {
    await owner.end();
  }
}

test('every line of the crontab names a task, and the queue takes the whole of it', async () => {
  const named = TIMED_TASKS_CRONTAB.split('\n').map((line) => line.split(' ')[5] ?? '');
  expect(named).toEqual(expect.arrayContaining(Object.keys(timedTasks({ clock: s.t.clock }))));
  const { task } = recorder();
  const all = Object.fromEntries(named.map((name) => [name, task]));
  const jobs = await start(all, TIMED_TASKS_CRONTAB);
  await jobs.stop();
  const { seal_audit: _missing, ...rest } = all;
  await expect(start(rest, TIMED_TASKS_CRONTAB)).rejects.toThrow('seal_audit');
});

test('invitations of every organization expire by the clock, once, with an event each', async () => {
  const globex = await s.t.make.organization('globex');
  const ids: string[] = [];
  for (const org of [acme, globex]) {
    ids.push((await s.invite(org, { email: 'guest@elsewhere.test', role: 'member', expiresInHours: 1 })).body.id);
  }
  await runTimed('expire_invitations');
  const states = () => s.sql('select status from invitation where id = any ($1)', [ids]);
  expect(await states()).toEqual([{ status: 'pending' }, { status: 'pending' }]);
  s.t.clock.advance(3601);
  await runTimed('expire_invitations');
  await runTimed('expire_invitations');
  expect(await states()).toEqual([{ status: 'expired' }, { status: 'expired' }]);
  expect(await s.sql(`select from audit_event where action = 'invitation.expired'`)).toHaveLength(2);
});

test('audit events of every organization are sealed, and the chain holds', async () => {
  // the horizon is the whole server's: a transaction of another test file holds it back for a moment
  await eventually(async () => {
    await runTimed('seal_audit');
    return (await s.sql('select organizations_to_seal()')).length === 0;
  });
  const [sealed] = await s.sql('select count(*)::int as count from audit_seal where org_id = $1', [acme.id]);
  expect(sealed.count).toBeGreaterThan(2);
  expect(await s.sql('select verify_audit($1) as broken', [acme.id])).toEqual([{ broken: null }]);
  await runTimed('seal_audit');
  expect(await s.sql('select count(*)::int as count from audit_seal where org_id = $1', [acme.id])).toEqual([sealed]);
});

test('what is over is swept, what lives stays', async () => {
  const past = `now() - interval '3 hours'`;
  await s.sql(`insert into provider_state (model, id, payload, expires_at) values
    ('Session', 'old', '{}', ${past}), ('Session', 'live', '{}', now() + interval '1 day'), ('Client', 'for ever', '{}', null)`);
  const { body } = await s.invite(acme, { email: 'sweep@elsewhere.test', role: 'member' });
  await s.sql(
    `insert into invitation_hop (org_id, state_hash, invitation_id, step, expires_at) values
      ($1, 'old', $2, 'who', ${past}), ($1, 'live', $2, 'who', now() + interval '1 day')`,
    [acme.id, body.id],
  );
  await runTimed('sweep_expired');
  expect(await s.sql(`select id from provider_state order by id`)).toEqual([{ id: 'for ever' }, { id: 'live' }]);
  expect(await s.sql(`select convert_from(state_hash, 'UTF8') as state from invitation_hop`)).toEqual([
    { state: 'live' },
  ]);
});

test("the journal's months go 30 days after their end, and the next months are there in time", async () => {
  await s.sql(`create table scim_journal_202001 partition of scim_journal
    for values from ('2020-01-01 00:00+00') to ('2020-02-01 00:00+00')`);
  await s.sql(`alter table scim_journal_202001 owner to drawbridge_owner`);
  const months = async () =>
    (
      await s.sql(
        `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'scim_journal'::regclass order by 1`,
      )
    ).map(({ name }) => name);
  const before = await months();
  await runTimed('drop_old_journal');
  expect(await months()).toEqual(before.filter((name) => name !== 'scim_journal_202001'));
  s.t.clock.advance(62 * 24 * 3600);
  await runTimed('ensure_partitions');
  expect((await months()).length).toBeGreaterThan(before.length - 1);
  s.t.clock.advance(-62 * 24 * 3600);
});

test('the sweeping belongs to the queue: the application may not run it', async () => {
  for (const call of ['sweep_expired(now())', 'drop_old_journal(now())', 'ensure_partitions(now())']) {
    await expect(s.t.db.realm({ text: `select ${call}` })).rejects.toThrow(/permission denied/);
  }
});
