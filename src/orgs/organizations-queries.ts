// Reads of organizations and their domains.
import type { Database, Queryable, Statement, Tx } from '../db/database.ts';
import { DomainError } from '../errors.ts';
import { isUuid } from '../ids.ts';
import { type Domain, type DomainMethod, type DomainStatus, type Organization, txtValue } from './organization.ts';
import { effectivePolicy, type Policy, type StoredPolicy } from './policy.ts';

type Row = {
  org_id: string;
  key: string;
  display_name: string;
  default_role: string;
  seat_limit: number | null;
  policy: StoredPolicy;
  policy_version: number;
  frozen_at: Date | null;
  frozen_reason: string | null;
  created_at: Date;
};

type DomainRow = {
  domain: string;
  status: DomainStatus;
  method: DomainMethod | null;
  dns_token: string;
  decided_by: { kind?: string } | null;
  verified_at: Date | null;
  include_subdomains: boolean;
  last_check: 'found' | 'missing' | 'unanswered' | null;
  last_checked_at: Date | null;
  next_check_at: Date | null;
  lost_at: Date | null;
  ended_at: Date | null;
};

/** A live organization by id or key, or undefined; `frozen` stops its keys and its admins' writes (law 3). */
export async function findOrganizationState(
  db: Database,
  idOrKey: string,
): Promise<{ id: string; frozen: boolean } | undefined> {
  const id = isUuid(idOrKey) ? idOrKey.toLowerCase() : await findIdOfKey(db, idOrKey);
  if (id === undefined) return undefined;
  const [row] = await db.query<{ frozen: boolean }>(id, {
    name: 'organization_state',
    text: `select frozen_at is not null as frozen from organization where org_id = $1 and status = 'active'`,
    values: [id],
  });
  return row && { id, frozen: row.frozen };
}

/** Throws `not_found`. */
export async function getOrganization(db: Database, orgId: string): Promise<Organization> {
  const [row] = await db.query<Row>(orgId, organizationStatement(orgId));
  if (!row) throw new DomainError('not_found', 'There is no such organization.');
  return asOrganization(row);
}

/** As getOrganization, inside a transaction. */
export async function readOrganization(tx: Queryable, orgId: string): Promise<Organization> {
  const [row] = await tx.query<Row>(organizationStatement(orgId));
  if (!row) throw new DomainError('not_found', 'There is no such organization.');
  return asOrganization(row);
}

/** What holds for the organization at this moment. */
export async function readPolicy(tx: Queryable, orgId: string): Promise<Policy> {
  return effectivePolicy((await readOrganization(tx, orgId)).policy);
}

/** A page of all live organizations in the order of their keys, for operators. */
export async function listOrganizations(
  db: Database,
  page: { afterKey: string | undefined; limit: number },
): Promise<Organization[]> {
  const rows = await db.realm<Row>({
    text: 'select * from page_organizations($1, $2)',
    values: [page.afterKey ?? '', page.limit],
  });
  return rows.map(asOrganization);
}

export async function listDomains(db: Database, orgId: string): Promise<Domain[]> {
  const rows = await db.realm<DomainRow>(domainsStatement(orgId));
  return rows.map(asDomain);
}

/** As listDomains, inside a transaction. */
export async function listDomainsIn(tx: Tx): Promise<Domain[]> {
  return (await tx.query<DomainRow>(domainsStatement(tx.orgId))).map(asDomain);
}

/** One claim of the organization, or undefined; inside a transaction. */
export async function findDomain(tx: Tx, domain: string): Promise<Domain | undefined> {
  return (await listDomainsIn(tx)).find((claim) => claim.domain === domain);
}

/** Whose a domain is now, and what would still prove it; undefined when nobody has verified it. */
export async function findDomainOwner(
  tx: Queryable,
  domain: string,
): Promise<{ orgId: string; txtValue: string; method: DomainMethod } | undefined> {
  const [row] = await tx.query<{ org_id: string; dns_token: string; method: DomainMethod }>({
    text: 'select org_id, dns_token, method from owner_of_domain($1)',
    values: [domain],
  });
  return row && { orgId: row.org_id, txtValue: txtValue(row.dns_token), method: row.method };
}

/** Whether enforced company sign-in would hold the people of a domain that no active connection lets in. */
export async function wouldLockOut(tx: Tx, domain: string): Promise<boolean> {
  const found = await tx.query({
    text: `select from organization o where o.org_id = $1 and o.sso_enforcement = 'enforced'
        and not exists (select from connection_domain c where c.org_id = $1 and c.domain = $2)`,
    values: [tx.orgId, domain],
  });
  return found.length > 0;
}

/** What would break without a domain: people whom enforced company sign-in holds by it, connections that assert it. */
export async function whatNeedsDomain(
  tx: Tx,
  domain: string,
): Promise<{ readonly people: number; readonly connections: readonly { id: string; displayName: string }[] }> {
  const [row] = await tx.query<{ people: number; connections: { id: string; displayName: string }[] }>({
    text: `select people_held_by_domain($1, $2) as people,
      (select coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'displayName', c.display_name) order by c.id), '[]')
        from connection_domain d join connection c on c.org_id = d.org_id and c.id = d.connection_id
        where d.org_id = $1 and d.domain = $2) as connections`,
    values: [tx.orgId, domain],
  });
  return { people: row?.people ?? 0, connections: row?.connections ?? [] };
}

async function findIdOfKey(db: Database, key: string): Promise<string | undefined> {
  const [row] = await db.realm<{ id: string | null }>({
    name: 'organization_of_key',
    text: 'select organization_of_key($1) as id',
    values: [key],
  });
  return row?.id ?? undefined;
}

function organizationStatement(orgId: string): Statement {
  return { text: `select * from organization where org_id = $1 and status = 'active'`, values: [orgId] };
}

function domainsStatement(orgId: string): Statement {
  return { text: 'select * from domains_of_organization($1)', values: [orgId] };
}

function asOrganization(row: Row): Organization {
  return {
    id: row.org_id,
    key: row.key,
    displayName: row.display_name,
    defaultRole: row.default_role,
    seatLimit: row.seat_limit ?? undefined,
    policy: row.policy,
    policyVersion: row.policy_version,
    frozenAt: row.frozen_at ?? undefined,
    frozenReason: row.frozen_reason ?? undefined,
    createdAt: row.created_at,
  };
}

function asDomain(row: DomainRow): Domain {
  return {
    domain: row.domain,
    status: row.status,
    method: row.method ?? undefined,
    txtValue: txtValue(row.dns_token),
    verifiedAt: row.verified_at ?? undefined,
    includeSubdomains: row.include_subdomains,
    lastCheck: row.last_check && row.last_checked_at ? { at: row.last_checked_at, found: row.last_check } : undefined,
    nextCheckAt: row.next_check_at ?? undefined,
    lostAt: row.lost_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
    bySetupLink: row.decided_by?.kind === 'setup_link',
  };
}
