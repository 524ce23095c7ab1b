// Makes and ends API keys of an organization. A key never carries more than its maker holds (law 4), and its text leaves
// this file once.
import { actorJson, recordAudit } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { newId, newSecret } from '../ids.ts';
import { mayGrant, type Rights } from '../roles/rights.ts';
import { insertApiKey, revokeApiKeyRow } from './api-keys-store.ts';
import { formatKey } from './key-text.ts';

export type CreateApiKeyInput = {
  readonly displayName: string;
  readonly permissions: readonly string[];
  readonly fullControl?: boolean | undefined;
  /** The member whose key it is: then it can do no more than their role, and stops with their suspension. */
  readonly memberId?: string | undefined;
  readonly expiresAt?: Date | undefined;
};

export type CreatedApiKey = { readonly id: string; readonly text: string };

/** Throws `role_ceiling`, `invalid_value` for a member who is not there or an end that has passed. */
export function createApiKey(
  deps: CoreDeps,
  ctx: RequestContext,
  orgId: string,
  rights: Rights,
  input: CreateApiKeyInput,
): Promise<CreatedApiKey> {
  if (input.expiresAt !== undefined && input.expiresAt <= deps.clock.now()) {
    throw new DomainError('invalid_value', 'The key would have expired already.');
  }
  return deps.db.inOrg(orgId, (tx) => issueApiKey(tx, ctx, rights, input));
}

/** Inside a transaction of the organization. */
export async function issueApiKey(
  tx: Tx,
  ctx: RequestContext,
  rights: Rights,
  input: CreateApiKeyInput,
): Promise<CreatedApiKey> {
  const fullControl = input.fullControl ?? false;
  if (!mayGrant(rights, { permissions: input.permissions, fullControl })) {
    throw new DomainError('role_ceiling', 'A key cannot carry permissions that its maker does not hold.');
  }
  if (input.memberId !== undefined) await requireMember(tx, input.memberId);
  const id = newId();
  const text = formatKey('db', id, newSecret());
  const { displayName, memberId, expiresAt } = input;
  const permissions = [...new Set(input.permissions)].sort();
  await insertApiKey(tx, { id, text, displayName, memberId, permissions, fullControl, expiresAt }, actorJson(ctx));
  await recordAudit(tx, ctx, {
    action: 'api_key.created',
    subjectKind: 'api_key',
    subjectId: id,
    data: { permissions, fullControl, memberId, expiresAt },
  });
  return { id, text };
}

/** At once, in every process. Throws `not_found`. */
export function revokeApiKey(deps: CoreDeps, ctx: RequestContext, orgId: string, keyId: string): Promise<void> {
  return deps.db.inOrg(orgId, async (tx) => {
    if (!(await revokeApiKeyRow(tx, keyId, deps.clock.now()))) {
      throw new DomainError('not_found', 'The organization has no such key.');
    }
    await recordAudit(tx, ctx, { action: 'api_key.revoked', subjectKind: 'api_key', subjectId: keyId });
  });
}

async function requireMember(tx: Tx, memberId: string): Promise<void> {
  const [member] = await tx.query({
    text: `select id from member where org_id = $1 and id = $2 and status not in ('removed', 'purged')`,
    values: [tx.orgId, memberId],
  });
  if (!member) throw new DomainError('invalid_value', 'The organization has no such member.');
}
