// The timed work on connections: reads the company sides that are due again, page by page, a few at once.
import type { Logger } from 'pino';
import { z } from 'zod';
import { newId } from '../../src/ids.ts';
import { defineTask, type JobHelpers, type Task } from '../../src/jobs/task.ts';
import { type RefreshDeps, refreshConnection } from './refresh-connection.ts';

const PAGE = 100;
const AT_ONCE = 8;

type Due = { org_id: string; connection_id: string };

/** By task name, for the queue. */
export function connectionTasks(deps: RefreshDeps): Record<string, Task> {
  return {
    // graphile-worker puts the schedule's own facts (`_cron`) into the payload
    refresh_connections: defineTask(z.looseObject({}), (_payload, helpers) => refreshDue(deps, helpers)),
  };
}

async function refreshDue(deps: RefreshDeps, { query, log, signal }: JobHelpers): Promise<void> {
  const now = deps.clock.now();
  let after = '00000000-0000-0000-0000-000000000000';
  while (!signal?.aborted) {
    const { rows } = await query<Due>(
      `select r.org_id, r.connection_id from connection_refresh r
         join connection c on c.org_id = r.org_id and c.id = r.connection_id and c.status <> 'disabled'
         join organization o on o.org_id = r.org_id and o.status = 'active'
       where r.due_at <= $1 and r.connection_id > $2 order by r.connection_id limit $3`,
      [now, after, PAGE],
    );
    const last = rows.at(-1);
    if (!last) return;
    after = last.connection_id;
    const waiting = [...rows];
    const work = async () => {
      for (let due = waiting.shift(); due && !signal?.aborted; due = waiting.shift()) await refreshOne(deps, due, log);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }
}

/** One that fails by a fault of ours must not keep the others from their turn. */
async function refreshOne(deps: RefreshDeps, { org_id, connection_id }: Due, log: Logger): Promise<void> {
  const ctx = { requestId: newId(), log, actor: { kind: 'system', id: 'refresh_connections' } } as const;
  try {
    const refreshed = await refreshConnection(deps, ctx, org_id, connection_id);
    log.debug({ connection: connection_id, refreshed }, 'connection refreshed');
  } catch (error) {
    log.error({ err: error, connection: connection_id }, 'connection not refreshed');
  }
}
