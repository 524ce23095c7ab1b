// For dry runs: the organization as it would be once its proved domains are confirmed.
import { actorJson } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { Tx } from '../db/database.ts';
import { findDomainOwner, listDomainsIn } from './organizations-queries.ts';
import { saveDomain } from './organizations-store.ts';

/** Verifies, in a transaction that will be rolled back, what a set-up link has proved. Answers which domains. */
export async function assumeProvedDomains(tx: Tx, ctx: RequestContext, at: Date): Promise<string[]> {
  const proved = (await listDomainsIn(tx)).filter(({ status }) => status === 'proved').map(({ domain }) => domain);
  for (const domain of proved) {
    if (await findDomainOwner(tx, domain)) continue;
    await saveDomain(tx, { domain, dnsToken: '', status: 'verified', method: 'dns' }, actorJson(ctx), at);
  }
  return proved;
}
