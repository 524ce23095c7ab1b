// An organization gives a mail domain up. Whoever is a member stays one; nobody signs in by the domain through a company of
// this organization any more, also when somebody else proves it later (release_domain in the migrations).
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { notClaimed, recordDomain } from './claim-domain.ts';
import { findDomain, whatNeedsDomain } from './organizations-queries.ts';
import { lockOrganization, markOrganization, saveRelease } from './organizations-store.ts';

/**
 * Repeating it changes nothing. Throws `not_found` for a domain never claimed, `conflict` (with `data.rule`) while enforced
 * company sign-in holds people by it (`sign_in_enforced`), or an active connection asserts it (`connection_asserts_domain`).
 */
export function releaseDomain(deps: CoreDeps, ctx: RequestContext, orgId: string, name: string): Promise<void> {
  return deps.db.inOrg(orgId, async (tx) => {
    await lockOrganization(tx);
    if (await findDomain(tx, name)) await requireUnneeded(tx, name);
    const before = await saveRelease(tx, name, deps.clock.now());
    if (before === undefined) throw notClaimed();
    if (before === 'released') return;
    await markOrganization(tx);
    await recordDomain(tx, ctx, 'domain.deleted', { domain: name, status: before });
  });
}

async function requireUnneeded(tx: Tx, domain: string): Promise<void> {
  const { people, connections } = await whatNeedsDomain(tx, domain);
  if (people > 0) {
    throw new DomainError(
      'conflict',
      `Company sign-in is enforced and holds ${people} of ${domain}, who could come in by password without the domain. Switch enforcement off first (PATCH …/sign-in-policy), or remove them.`,
      { data: { rule: 'sign_in_enforced', people } },
    );
  }
  if (connections.length > 0) {
    const names = connections.map(({ displayName }) => `"${displayName}"`).join(', ');
    throw new DomainError(
      'conflict',
      `The active connection ${names} asserts ${domain}. Take the domain out of its domains (PATCH …/connections/{id}) or disable it first.`,
      { data: { rule: 'connection_asserts_domain', connections } },
    );
  }
}
