// Work that the clock asks for, across all organizations, as the owner role. Each is safe to run twice and at once.
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { defineTask, type JobHelpers, type Task } from './task.ts';

const SEALED_AT_ONCE = 5000;
// graphile-worker puts the schedule's own facts (`_cron`) into the payload
const timed = z.looseObject({});

/** When each runs (UTC, graphile-worker's crontab). Missed runs are not made up for: the next one does all that is due. */
export const TIMED_TASKS_CRONTAB = `* * * * * seal_audit ?max=3&jobKey=seal_audit
*/5 * * * * expire_invitations ?max=3&jobKey=expire_invitations
*/5 * * * * alert_mass_suspensions ?max=3&jobKey=alert_mass_suspensions
*/10 * * * * sweep_expired ?max=3&jobKey=sweep_expired
53 * * * * sweep_page_marks ?max=3&jobKey=sweep_page_marks
27 * * * * sweep_sign_in_traces ?max=3&jobKey=sweep_sign_in_traces
17 3 * * * drop_old_journal ?max=3&jobKey=drop_old_journal
37 * * * * drop_old_journal_bodies ?max=3&jobKey=drop_old_journal_bodies
23 * * * * warn_expiring_tokens ?max=3&jobKey=warn_expiring_tokens
29 * * * * warn_expiring_certificates ?max=3&jobKey=warn_expiring_certificates
41 * * * * refresh_connections ?max=3&jobKey=refresh_connections
19 * * * * rotate_signing_keys ?max=3&jobKey=rotate_signing_keys
43 * * * * sweep_mapping ?max=3&jobKey=sweep_mapping
7 */6 * * * ensure_partitions ?fill=1d&max=12&jobKey=ensure_partitions
*/15 * * * * check_domains ?max=3&jobKey=check_domains
11 * * * * end_lost_domains ?max=3&jobKey=end_lost_domains`;

/** The handlers of the timed work, by task name. */
export function timedTasks(deps: { readonly clock: Clock }): Record<string, Task> {
  const byTime = (name: string, statement: string) =>
    defineTask(timed, async (_payload, { query, log }) => {
      const { rows } = await query<{ count: number }>(statement, [deps.clock.now()]);
      if (rows[0]?.count) log.info({ task: name, count: rows[0].count }, 'timed work done');
    });
  return {
    expire_invitations: byTime('expire_invitations', 'select expire_invitations($1) as count'),
    alert_mass_suspensions: byTime('alert_mass_suspensions', 'select alert_mass_suspensions($1) as count'),
    sweep_expired: byTime('sweep_expired', 'select sweep_expired($1) as count'),
    sweep_page_marks: byTime('sweep_page_marks', 'select sweep_page_marks($1) as count'),
    sweep_sign_in_traces: byTime('sweep_sign_in_traces', 'select sweep_sign_in_traces($1) as count'),
    drop_old_journal: byTime('drop_old_journal', 'select drop_old_journal($1) as count'),
    drop_old_journal_bodies: byTime('drop_old_journal_bodies', 'select drop_old_journal_bodies($1) as count'),
    warn_expiring_tokens: byTime('warn_expiring_tokens', 'select warn_expiring_tokens($1) as count'),
    warn_expiring_certificates: byTime('warn_expiring_certificates', 'select warn_expiring_certificates($1) as count'),
    end_lost_domains: byTime('end_lost_domains', 'select end_lost_domains($1) as count'),
    sweep_mapping: byTime('sweep_mapping', 'select sweep_mapping($1) as count'),
    ensure_partitions: defineTask(timed, async (_payload, { query }) => {
      await query('select ensure_partitions($1)', [deps.clock.now()]);
    }),
    seal_audit: defineTask(timed, async (_payload, helpers) => sealAll(helpers)),
  };
}

async function sealAll({ query }: JobHelpers): Promise<void> {
  const { rows } = await query<{ org_id: string }>('select organizations_to_seal() as org_id');
  for (const { org_id } of rows) {
    let sealed = SEALED_AT_ONCE;
    while (sealed === SEALED_AT_ONCE) {
      const result = await query<{ count: number }>('select seal_audit($1, $2) as count', [org_id, SEALED_AT_ONCE]);
      sealed = result.rows[0]?.count ?? 0;
    }
  }
}
