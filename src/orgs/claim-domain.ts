// An organization claims a mail domain, and says whether its subdomains count as it (design, section 3). What proves it is
// in verify-domain.ts; an operator may decide without.
import { actorJson, recordAudit } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { newSecret } from '../ids.ts';
import { type Domain, type DomainMethod, parseDomain } from './organization.ts';
import { findDomain, wouldLockOut } from './organizations-queries.ts';
import {
  admitWaiting,
  lockOrganization,
  markOrganization,
  saveDomain,
  saveIncludeSubdomains,
} from './organizations-store.ts';
import { isPublicMailDomain, isPublicSuffix } from './public-domains.ts';

export type VerifiedDomain = { readonly domain: Domain; readonly admitted: number };

/** Claims a domain; `decided` = an operator says it is proved. Throws `invalid_value`, `uniqueness`, `conflict`. */
export function claimDomain(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  input: { readonly domain: string; readonly decided: boolean },
): Promise<VerifiedDomain> {
  const domain = ownableDomain(input.domain);
  return deps.db.inOrg(orgId, async (tx) => {
    await lockOrganization(tx);
    const at = deps.clock.now();
    const known = await findDomain(tx, domain);
    if (known?.status === 'verified') {
      throw new DomainError('uniqueness', 'The organization has verified this domain already.');
    }
    if (known && !input.decided) {
      throw new DomainError('uniqueness', 'The organization has claimed this domain already. Verify it.');
    }
    const dnsToken = newSecret();
    if (input.decided) return takeDomain(tx, ctx, { domain, dnsToken, method: 'operator' }, at);
    await saveDomain(tx, { domain, dnsToken, status: 'pending', method: undefined }, actorJson(ctx), at);
    await recordDomain(tx, ctx, 'domain.claimed', { domain });
    return { domain: await getDomainOf(tx, domain), admitted: 0 };
  });
}

/** Counts the subdomains in or out; those who wait for one of them are admitted. Throws `not_found`. */
export function includeSubdomains(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  input: { readonly domain: string; readonly include: boolean },
): Promise<VerifiedDomain> {
  const { domain, include } = input;
  return deps.db.inOrg(orgId, async (tx) => {
    await lockOrganization(tx);
    const known = await findDomain(tx, domain);
    if (!known) throw notClaimed();
    if (known.includeSubdomains === include) return { domain: known, admitted: 0 };
    await saveIncludeSubdomains(tx, domain, include);
    await markOrganization(tx);
    const admitted = include && known.status === 'verified' ? await admitWaiting(tx, domain, actorJson(ctx)) : 0;
    await recordDomain(tx, ctx, 'domain.subdomains_changed', { domain, include, admitted });
    return { domain: await getDomainOf(tx, domain), admitted };
  });
}

/**
 * From now on the organization owns the domain; all who wait for it are admitted. `conflict`: another one has it, or its
 * people would have no way in, since company sign-in is enforced and no active connection names it.
 */
export async function takeDomain(
  tx: Tx,
  ctx: RequestContext,
  claim: { readonly domain: string; readonly dnsToken: string; readonly method: DomainMethod },
  at: Date,
): Promise<VerifiedDomain> {
  if (await wouldLockOut(tx, claim.domain)) {
    throw new DomainError(
      'conflict',
      `Company sign-in is enforced, and no active connection names ${claim.domain}: its people would have no way in. Add it to the domains of one first (PATCH …/connections/{id}).`,
      { data: { rule: 'domain_uncovered' } },
    );
  }
  await saveDomain(tx, { ...claim, status: 'verified' }, actorJson(ctx), at);
  const admitted = await admitWaiting(tx, claim.domain, actorJson(ctx));
  await markOrganization(tx);
  await recordDomain(tx, ctx, 'domain.verified', { domain: claim.domain, method: claim.method, admitted });
  return { domain: await getDomainOf(tx, claim.domain), admitted };
}

export function recordDomain(
  tx: Tx,
  ctx: RequestContext,
  action: string,
  data: Record<string, unknown>,
): Promise<void> {
  return recordAudit(tx, ctx, { action, subjectKind: 'organization', subjectId: tx.orgId, data });
}

export async function getDomainOf(tx: Tx, domain: string): Promise<Domain> {
  const found = await findDomain(tx, domain);
  if (!found) throw new Error('a domain that was just saved is missing');
  return found;
}

export function notClaimed(): DomainError {
  return new DomainError('not_found', 'The organization has not claimed this domain.');
}

function ownableDomain(text: string): string {
  const domain = parseDomain(text);
  if (domain === undefined) throw new DomainError('invalid_value', 'This is not a mail domain.');
  if (isPublicMailDomain(domain)) {
    throw new DomainError(
      'invalid_value',
      `Anybody can get an address at ${domain}, so no organization can own it. Claim a domain of your own.`,
    );
  }
  if (isPublicSuffix(domain)) {
    throw new DomainError(
      'invalid_value',
      'Anybody can register a domain below it. Claim your own, such as yours under it.',
    );
  }
  return domain;
}
