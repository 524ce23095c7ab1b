// Writes of organizations and domains, and the marks that make Keycloak follow them.
import type { Tx } from '../db/database.ts';
import type { DomainMethod, DomainStatus } from './organization.ts';
import type { Preset, StoredPolicy } from './policy.ts';

export type NewOrganization = {
  readonly key: string;
  readonly displayName: string;
  readonly defaultRole: string;
  readonly seatLimit: number | undefined;
  readonly policy: StoredPolicy;
};

/** Takes the key for ever, then makes the row with the transaction's organization as its id. */
export async function insertOrganization(tx: Tx, organization: NewOrganization): Promise<void> {
  await tx.query({ text: 'select claim_organization_key($1, $2)', values: [organization.key, tx.orgId] });
  await tx.query({
    text: `insert into organization (org_id, key, display_name, default_role, seat_limit, policy)
      values ($1, $2, $3, $4, $5, $6)`,
    values: [
      tx.orgId,
      organization.key,
      organization.displayName,
      organization.defaultRole,
      organization.seatLimit ?? null,
      JSON.stringify(organization.policy),
    ],
  });
}

export async function insertRoles(tx: Tx, roles: Preset['roles']): Promise<void> {
  for (const role of roles) {
    await tx.query({
      text: `insert into role (org_id, key, display_name, rank, permissions, full_control)
        values ($1, $2, $3, $4, $5, $6)`,
      values: [tx.orgId, role.key, role.displayName, role.rank, role.permissions, role.fullControl],
    });
  }
}

export type OrganizationChange = {
  readonly displayName: string;
  readonly seatLimit: number | undefined;
  readonly policy: StoredPolicy;
};

export async function updateOrganization(tx: Tx, change: OrganizationChange): Promise<void> {
  await tx.query({
    text: `update organization set display_name = $2, seat_limit = $3, policy = $4,
        policy_version = policy_version + (policy is distinct from $4::jsonb)::integer where org_id = $1`,
    values: [tx.orgId, change.displayName, change.seatLimit ?? null, JSON.stringify(change.policy)],
  });
}

/** Law 3: stops API keys and admins' writes until somebody with full control, or an operator, thaws it. */
export async function thawOrganization(tx: Tx): Promise<void> {
  await tx.query({
    text: 'update organization set frozen_at = null, frozen_reason = null where org_id = $1',
    values: [tx.orgId],
  });
}

/** Orders the changes of one organization's domains, seats and owners. */
export async function lockOrganization(tx: Tx): Promise<void> {
  await tx.query({ text: 'select from organization where org_id = $1 for no key update', values: [tx.orgId] });
}

/** Fails on domain_claim_one_owner when another organization has verified it. */
export async function saveDomain(
  tx: Tx,
  claim: { domain: string; dnsToken: string; status: DomainStatus; method: DomainMethod | undefined },
  actor: string,
  at: Date,
): Promise<void> {
  await tx.query({
    text: 'select claim_domain($1, $2, $3, $4, $5, $6, $7)',
    values: [tx.orgId, claim.domain, claim.dnsToken, claim.status, claim.method ?? null, actor, at],
  });
}

/** Whether the subdomains of a claimed domain count as it, where nobody has verified them by themselves. */
export async function saveIncludeSubdomains(tx: Tx, domain: string, include: boolean): Promise<void> {
  await tx.query({ text: 'select include_subdomains($1, $2, $3)', values: [tx.orgId, domain, include] });
}

/** The organization gives a domain up; answers what it was until now, or undefined where it never claimed it. */
export async function saveRelease(tx: Tx, domain: string, at: Date): Promise<DomainStatus | 'released' | undefined> {
  const [row] = await tx.query<{ before: DomainStatus | 'released' | null }>({
    text: 'select release_domain($1, $2, $3) as before',
    values: [tx.orgId, domain, at],
  });
  return row?.before ?? undefined;
}

/** Takes a domain from the organization that had verified it; its audit tells it why. */
export async function loseDomain(
  tx: Tx,
  claim: { readonly orgId: string; readonly domain: string },
  reason: 'proved_by_another',
  at: Date,
): Promise<void> {
  await tx.query({
    text: 'select lose_domain($1, $2, $3, $4)',
    values: [claim.orgId, claim.domain, reason, at],
  });
}

/** Admits every member who waits for this domain; answers how many became active. */
export async function admitWaiting(tx: Tx, domain: string, actor: string): Promise<number> {
  const [row] = await tx.query<{ admitted: number }>({
    text: 'select admit_waiting($1, $2, $3) as admitted',
    values: [tx.orgId, domain, actor],
  });
  return row?.admitted ?? 0;
}

/** Keycloak is to be made equal for this organization (coalescing mark). */
export async function markOrganization(tx: Tx): Promise<void> {
  await tx.query({ text: `select mark_projection('organization', $1, 1)`, values: [tx.orgId] });
}
