// Names owners who come in by password and second factor whatever the policy says, and ends that. Nothing else may hold
// such a person: no company's link, no directory, nobody else's decision how they sign in (design, section 4).
import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import type { Tx } from '../../src/db/database.ts';
import { DomainError } from '../../src/errors.ts';
import { getMember } from '../../src/members/members-queries.ts';
import type { Rights } from '../../src/roles/rights.ts';
import { getRole } from '../../src/roles/roles-queries.ts';
import type { SsoDeps } from '../deps.ts';
import { requireFullControl } from './change-sign-in-policy.ts';
import { type BreakGlassOwner, canBreakGlass } from './sign-in-policy.ts';
import { listBreakGlass, readSignInPolicy, whatHolds } from './sign-in-policy-queries.ts';
import { deleteBreakGlass, demandLogout, dropLinks, insertBreakGlass } from './sign-in-policy-store.ts';

type Call = { readonly orgId: string; readonly rights: Rights; readonly memberId: string };

/**
 * Their links go, their sessions end, and their next sign-in by password and second factor proves that it works. Repeating
 * it changes nothing. Throws `role_ceiling`, `invalid_value` (no such member), or `conflict` for whom something else holds.
 */
export function nameBreakGlass(
  deps: Pick<SsoDeps, 'db' | 'clock'>,
  ctx: RequestContext,
  { orgId, rights, memberId }: Call,
): Promise<BreakGlassOwner> {
  requireFullControl(rights);
  return deps.db.inOrg(orgId, async (tx) => {
    await readSignInPolicy(tx, 'lock');
    const personId = await requireOwner(tx, memberId);
    await requireFree(tx, memberId, personId);
    if (await insertBreakGlass(tx, ctx, memberId, deps.clock.now())) {
      const links = await dropLinks(tx, ctx, memberId);
      // what only the company had said may have been the control
      await requireOwner(tx, memberId);
      await demandLogout(tx, personId);
      const about = { subjectKind: 'member', subjectId: memberId, data: { links } };
      await recordAudit(tx, ctx, { action: 'break_glass.named', ...about });
    }
    return getNamed(await listBreakGlass(tx), memberId);
  });
}

/** Throws `role_ceiling`, `not_found`, or `conflict` for the last who could come in while enforcement is on. */
export function endBreakGlass(
  deps: Pick<SsoDeps, 'db'>,
  ctx: RequestContext,
  { orgId, rights, memberId }: Call,
): Promise<void> {
  requireFullControl(rights);
  return deps.db.inOrg(orgId, async (tx) => {
    const { enforcement } = await readSignInPolicy(tx, 'lock');
    if (!(await deleteBreakGlass(tx, memberId))) {
      throw new DomainError('not_found', 'This member is no break-glass owner of the organization.');
    }
    if (enforcement === 'enforced' && !canBreakGlass(await listBreakGlass(tx))) {
      throw new DomainError(
        'conflict',
        'Nobody else could come in if the company failed. Name and prove another owner first, or switch enforcement off.',
      );
    }
    const { personId } = await getMember(tx, orgId, memberId);
    if (personId !== undefined) await demandLogout(tx, personId);
    await recordAudit(tx, ctx, { action: 'break_glass.ended', subjectKind: 'member', subjectId: memberId });
  });
}

/** An active human with full control and no end; gives the person. */
async function requireOwner(tx: Tx, memberId: string): Promise<string> {
  const member = await getMember(tx, tx.orgId, memberId, 'lock').catch((error: unknown) => {
    // the id came in a body
    if (error instanceof DomainError && error.code === 'not_found')
      throw new DomainError('invalid_value', error.message);
    throw error;
  });
  const { status, kind, personId, endsAt } = member;
  const { fullControl } = await getRole(tx, tx.orgId, member.roleKey);
  if (status !== 'active' || kind !== 'human' || personId === undefined || endsAt !== undefined || !fullControl) {
    throw new DomainError(
      'conflict',
      'A break-glass owner is an active person with full control, given by hand and without an end.',
    );
  }
  return personId;
}

async function requireFree(tx: Tx, memberId: string, personId: string): Promise<void> {
  const held = await whatHolds(tx, memberId, personId);
  if (held.byDirectory) {
    throw new DomainError(
      'conflict',
      'A directory states this member and could switch them off. Take the user out of the directory first.',
    );
  }
  if (held.elsewhere) {
    throw new DomainError(
      'conflict',
      'Another organization owns the domain of this person, or signs them in by its company: it has a say in it.',
    );
  }
}

function getNamed(owners: readonly BreakGlassOwner[], memberId: string): BreakGlassOwner {
  const found = owners.find((owner) => owner.memberId === memberId);
  if (!found) throw new Error('an owner who was just named is missing');
  return found;
}
