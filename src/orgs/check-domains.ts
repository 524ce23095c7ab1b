// Timed work: looks for the proofs of verified domains again, each weekly (design, section 3). What a look means is decided
// by note_domain_check in the migrations.
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { defineTask, type Task } from '../jobs/task.ts';
import { txtName, txtValue } from './organization.ts';
import type { ResolveTxt } from './resolve-txt.ts';

const AT_ONCE = 20;
const MOST = 1_000;

/** `check_domains`: every claim that is due, at most a thousand in one run. */
export function domainTasks(deps: { readonly clock: Clock; readonly resolveTxt: ResolveTxt }): Record<string, Task> {
  const look = async (domain: string, token: string) => {
    try {
      return (await deps.resolveTxt(txtName(domain))).includes(txtValue(token)) ? 'found' : 'missing';
    } catch {
      // a resolver that fails says nothing about the record
      return 'unanswered';
    }
  };
  return {
    check_domains: defineTask(z.looseObject({}), async (_payload, { query, log }) => {
      const now = deps.clock.now();
      const { rows } = await query<{ org_id: string; domain: string; dns_token: string }>(
        'select org_id, domain, dns_token from domains_to_check($1, $2)',
        [now, MOST],
      );
      for (let from = 0; from < rows.length; from += AT_ONCE) {
        await Promise.all(
          rows.slice(from, from + AT_ONCE).map(async ({ org_id, domain, dns_token }) => {
            const found = await look(domain, dns_token);
            await query('select note_domain_check($1, $2, $3, $4)', [org_id, domain, found, now]);
          }),
        );
      }
      if (rows.length > 0) log.info({ count: rows.length }, 'domains checked');
    }),
  };
}
