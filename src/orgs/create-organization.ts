// A new organization: its key for ever, and the roles of its preset.
import { recordAudit } from '../audit/record-audit.ts';
import type { RequestContext } from '../context.ts';
import type { Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { isUuid } from '../ids.ts';
import type { Organization } from './organization.ts';
import { readOrganization } from './organizations-queries.ts';
import { insertOrganization, insertRoles, markOrganization } from './organizations-store.ts';
import { DEFAULT_PRESET, type PolicyOverrides, PRESETS } from './policy.ts';

export type CreateOrganizationInput = {
  readonly key: string;
  readonly displayName: string;
  readonly preset?: string | undefined;
  readonly seatLimit?: number | undefined;
  readonly policy?: PolicyOverrides | undefined;
};

/**
 * Lays an organization down in a transaction that is scoped to its new id. Throws `uniqueness` for a key that was ever
 * used, `invalid_value` for an unknown preset or a key of the wrong form.
 */
export async function layOrganization(
  tx: Tx,
  ctx: RequestContext,
  input: CreateOrganizationInput,
): Promise<Organization> {
  const preset = PRESETS[input.preset ?? DEFAULT_PRESET];
  if (!preset) {
    throw new DomainError(
      'invalid_value',
      `There is no preset of this name. Known: ${Object.keys(PRESETS).join(', ')}.`,
    );
  }
  // an address that takes an id or a key must not be able to mean two organizations
  if (isUuid(input.key)) throw new DomainError('invalid_value', 'An organization key must not look like an id.');
  await insertOrganization(tx, {
    key: input.key,
    displayName: input.displayName,
    defaultRole: preset.defaultRole,
    seatLimit: input.seatLimit,
    policy: { preset: preset.name, overrides: input.policy ?? {} },
  });
  await insertRoles(tx, preset.roles);
  await recordAudit(tx, ctx, {
    action: 'organization.created',
    subjectKind: 'organization',
    subjectId: tx.orgId,
    data: { key: input.key, preset: preset.name },
  });
  await markOrganization(tx);
  return readOrganization(tx, tx.orgId);
}
