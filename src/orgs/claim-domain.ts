// An organization's mail domains: claimed, then proved by a DNS TXT record or by an operator's recorded decision
// (design, section 3). Verifying admits everybody who waits for the domain.
import { actorJson, recordAudit } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { newSecret } from '../ids.ts';
import { type Domain, parseDomain, txtName } from './organization.ts';
import { findDomain } from './organizations-queries.ts';
import { admitWaiting, lockOrganization, markOrganization, saveDomain } from './organizations-store.ts';
import { isPublicMailDomain } from './public-mail.ts';

/** All TXT records of a name; `[]` when it has none. Throws when DNS could not say. */
export type ResolveTxt = (name: string) => Promise<string[]>;

export type VerifiedDomain = { readonly domain: Domain; readonly admitted: number };

/** Claims a domain; `decided` = an operator says it is proved. Throws `invalid_value`, `uniqueness`, `conflict`. */
export function claimDomain(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  input: { readonly domain: string; readonly decided: boolean },
): Promise<VerifiedDomain> {
  const domain = parseDomain(input.domain);
  if (domain === undefined) throw new DomainError('invalid_value', 'This is not a mail domain.');
  if (isPublicMailDomain(domain)) {
    throw new DomainError('invalid_value', 'Anybody can get an address there, so no organization can own it.');
  }
  return deps.db.inOrg(orgId, async (tx) => {
    await lockOrganization(tx);
    const known = await findDomain(tx, orgId, domain);
    if (known?.status === 'verified')
      throw new DomainError('uniqueness', 'The organization has verified this domain already.');
    if (known && !input.decided) {
      throw new DomainError('uniqueness', 'The organization has claimed this domain already. Verify it.');
    }
    const dnsToken = newSecret();
    if (input.decided) return verified(tx, ctx, { domain, dnsToken, method: 'operator' });
    await saveDomain(tx, { domain, dnsToken, status: 'pending', method: undefined }, actorJson(ctx));
    await recordDomain(tx, ctx, 'domain.claimed', { domain });
    return { domain: await get(tx, domain), admitted: 0 };
  });
}

/**
 * Looks for the proof in DNS. Throws `not_found` for a domain never claimed, `conflict` when the record is not there,
 * `unavailable` when DNS does not answer.
 */
export async function verifyDomain(
  deps: CoreDeps & { readonly resolveTxt: ResolveTxt },
  ctx: RequestContext,
  orgId: string,
  name: string,
): Promise<VerifiedDomain> {
  const claim = await deps.db.inOrg(orgId, (tx) => findDomain(tx, orgId, name));
  if (!claim) throw new DomainError('not_found', 'The organization has not claimed this domain.');
  const records = await resolve(deps.resolveTxt, txtName(claim.domain));
  if (!records.includes(claim.txtValue)) {
    throw new DomainError('conflict', `There is no TXT record at ${txtName(claim.domain)} with the value shown.`, {
      data: { expected: claim.txtValue, found: records.slice(0, 10) },
    });
  }
  return deps.db.inOrg(orgId, async (tx) => {
    await lockOrganization(tx);
    const now = await findDomain(tx, orgId, name);
    if (now?.status === 'verified') return { domain: now, admitted: 0 };
    return verified(tx, ctx, { domain: claim.domain, dnsToken: '', method: 'dns' });
  });
}

async function verified(
  tx: Tx,
  ctx: RequestContext,
  claim: { domain: string; dnsToken: string; method: 'dns' | 'operator' },
): Promise<VerifiedDomain> {
  await saveDomain(tx, { ...claim, status: 'verified' }, actorJson(ctx));
  const admitted = await admitWaiting(tx, claim.domain, actorJson(ctx));
  await markOrganization(tx);
  await recordDomain(tx, ctx, 'domain.verified', { domain: claim.domain, method: claim.method, admitted });
  return { domain: await get(tx, claim.domain), admitted };
}

function recordDomain(tx: Tx, ctx: RequestContext, action: string, data: Record<string, unknown>): Promise<void> {
  return recordAudit(tx, ctx, { action, subjectKind: 'organization', subjectId: tx.orgId, data });
}

async function get(tx: Tx, domain: string): Promise<Domain> {
  const found = await findDomain(tx, tx.orgId, domain);
  if (!found) throw new Error('a domain that was just saved is missing');
  return found;
}

async function resolve(resolveTxt: ResolveTxt, name: string): Promise<string[]> {
  try {
    return await resolveTxt(name);
  } catch (error) {
    throw new DomainError('unavailable', 'DNS does not answer. Try again.', { cause: error });
  }
}
