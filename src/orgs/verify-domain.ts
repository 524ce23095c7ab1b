// The proof of a mail domain: a TXT record that only whoever runs its DNS can publish. The newest proof wins: a domain that
// another organization has verified by DNS moves when that one's record is gone (design, section 3).
import { actorJson } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import type { Rights } from '../roles/rights.ts';
import { getDomainOf, notClaimed, recordDomain, takeDomain, type VerifiedDomain } from './claim-domain.ts';
import { type Domain, txtName } from './organization.ts';
import { findDomain, findDomainOwner } from './organizations-queries.ts';
import { lockOrganization, loseDomain, saveDomain } from './organizations-store.ts';
import type { ResolveTxt } from './resolve-txt.ts';

type Deps = CoreDeps & { readonly resolveTxt: ResolveTxt };

/**
 * Looks for the proof in DNS. What was claimed through a set-up link becomes `verified` by full control only. Throws
 * `not_found` for a domain never claimed, `conflict` when the record is not there or another organization's proof still
 * stands, `unavailable` when DNS does not answer, `role_ceiling`.
 */
export async function verifyDomain(
  deps: Deps,
  ctx: RequestContext,
  orgId: string,
  input: { readonly domain: string; readonly rights: Rights },
): Promise<VerifiedDomain> {
  const { claim, records } = await lookUp(deps, orgId, input.domain);
  if (claim.bySetupLink && !input.rights.fullControl) {
    throw new DomainError(
      'role_ceiling',
      'The domain came in through a set-up link: confirming it needs full control.',
    );
  }
  return deps.db.inOrg(orgId, async (tx) => {
    await lockOrganization(tx);
    const now = await findDomain(tx, claim.domain);
    if (now?.status === 'verified') return { domain: now, admitted: 0 };
    const at = deps.clock.now();
    await takeFromAnother(tx, claim.domain, records, at);
    return takeDomain(tx, ctx, { domain: claim.domain, dnsToken: '', method: 'dns' }, at);
  });
}

/** As verifyDomain, through a set-up link: the proof is seen, and waits for somebody with full control. */
export async function proveDomain(deps: Deps, ctx: RequestContext, orgId: string, name: string): Promise<Domain> {
  const { claim } = await lookUp(deps, orgId, name);
  return deps.db.inOrg(orgId, async (tx) => {
    await lockOrganization(tx);
    const now = await findDomain(tx, claim.domain);
    if (now?.status !== 'pending') return now ?? claim;
    const proved = { domain: claim.domain, dnsToken: '', status: 'proved', method: 'dns' } as const;
    await saveDomain(tx, proved, actorJson(ctx), deps.clock.now());
    await recordDomain(tx, ctx, 'domain.proved', { domain: claim.domain });
    return getDomainOf(tx, claim.domain);
  });
}

async function lookUp(deps: Deps, orgId: string, name: string): Promise<{ claim: Domain; records: string[] }> {
  const claim = await deps.db.inOrg(orgId, (tx) => findDomain(tx, name));
  if (!claim) throw notClaimed();
  const records = await resolve(deps.resolveTxt, txtName(claim.domain));
  if (!records.includes(claim.txtValue)) {
    throw new DomainError(
      'conflict',
      `There is no TXT record at ${txtName(claim.domain)} with the value shown. Publish it, give DNS some minutes, and verify again.`,
      {
        data: { expected: claim.txtValue, found: records.slice(0, 10) },
      },
    );
  }
  return { claim, records };
}

/** A new proof takes the domain from an organization whose own proof is gone. An operator's decision stands. */
async function takeFromAnother(tx: Tx, domain: string, records: readonly string[], at: Date): Promise<void> {
  const owner = await findDomainOwner(tx, domain);
  if (owner?.method !== 'dns' || records.includes(owner.txtValue)) return;
  await loseDomain(tx, { orgId: owner.orgId, domain }, 'proved_by_another', at);
}

async function resolve(resolveTxt: ResolveTxt, name: string): Promise<string[]> {
  try {
    return await resolveTxt(name);
  } catch (error) {
    throw new DomainError('unavailable', 'DNS does not answer. Try again.', { cause: error });
  }
}
