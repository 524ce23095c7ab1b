// Makes Keycloak equal for one organization: the organization with its verified domains, its groups, and the identity
// provider by which its people come in (design section 9). Level-triggered: reads, compares, writes what differs.
import type OrganizationRepresentation from '@keycloak/keycloak-admin-client/lib/defs/organizationRepresentation.js';
import type { Queryable } from '../db/database.ts';
import type { KeycloakAdmin } from './admin.ts';
import {
  notesMapper,
  organizationProvider,
  providerAlias,
  providerDifferences,
  writeProvider,
} from './identity-provider.ts';
import type { Keycloak } from './keycloak.ts';
import { isRefused } from './keycloak-error.ts';
import { groupDifferences, readGroups, writeGroups } from './organization-groups.ts';
import type { OrganizationProjection } from './projection.ts';
import { findOrganizationIds, findOrganizationProjection, hasProvider } from './projection-queries.ts';
import { saveOrganizationIds, saveProviderId } from './projection-store.ts';
import { differences } from './realm/differences.ts';
import { lockedOn, withSubjectLock } from './subject-lock.ts';

/** Makes Keycloak equal for an organization. Throws KeycloakUnreachable or KeycloakRefused; then call it again. */
export async function projectOrganization(keycloak: Keycloak, orgId: string): Promise<void> {
  await withSubjectLock(keycloak.db, 'organization', orgId, (tx) => makeEqual(keycloak, tx, orgId));
}

/** The same on a connection that holds a person's lock already. */
export async function projectOrganizationOn(keycloak: Keycloak, tx: Queryable, orgId: string): Promise<void> {
  await lockedOn(tx, 'organization', orgId, () => makeEqual(keycloak, tx, orgId));
}

/** What differs in Keycloak, in words, read fresh. */
export async function organizationDrift(keycloak: Keycloak, tx: Queryable, orgId: string): Promise<string[]> {
  const wished = await findOrganizationProjection(tx, orgId);
  if (!wished || wished.deleted) return [];
  const actual = await findOrganization(keycloak.runtime, tx, wished);
  if (!actual?.id) return ['is missing'];
  const groups = await readGroups(keycloak.runtime, actual.id);
  const provider = await providerDrift(keycloak, wished, actual.id);
  return [...organizationDifferences(keycloak, wished, actual), ...groupDifferences(wished, groups), ...provider];
}

async function makeEqual(keycloak: Keycloak, tx: Queryable, orgId: string): Promise<void> {
  const wished = await findOrganizationProjection(tx, orgId);
  if (!wished) return;
  const { runtime } = keycloak;
  const actual = await findOrganization(runtime, tx, wished);
  if (wished.deleted) {
    if (actual?.id) await endOrganization(keycloak, wished, actual);
    return;
  }
  const id = await writeOrganization(keycloak, wished, actual);
  const groups = await writeGroups(runtime, id, wished, await readGroups(runtime, id));
  await saveOrganizationIds(tx, orgId, id, groups);
  await writeOrganizationProvider(keycloak, tx, wished, id);
}

/** By the stored id, else by name: an organization whose creation got no answer is found again. */
async function findOrganization(
  admin: KeycloakAdmin,
  tx: Queryable,
  { orgId, key, displayName }: OrganizationProjection,
): Promise<OrganizationRepresentation | undefined> {
  const id = (await findOrganizationIds(tx, orgId)).organization;
  const known = id ? await admin.find((api) => api.organizations.findOne({ id })) : undefined;
  if (known) return known;
  for (const search of namesOf({ key, displayName })) {
    const found = await admin.call((api) => api.organizations.find({ search, exact: true }));
    const ours = found.find(({ alias }) => alias === key)?.id;
    if (ours) return admin.find((api) => api.organizations.findOne({ id: ours }));
  }
  return undefined;
}

/** Names are unique in Keycloak and not with us: the second of a name carries its key. */
function namesOf({ key, displayName }: { key: string; displayName: string }): [string, string] {
  return [displayName, `${displayName} (${key})`];
}

function wishedOrganization({ appUrl }: Keycloak, { domains }: OrganizationProjection): OrganizationRepresentation {
  return { enabled: true, redirectUrl: appUrl, domains: byName(domains.map((name) => ({ name, verified: true }))) };
}

function byName<T extends { readonly name?: string }>(domains: readonly T[]): T[] {
  return [...domains].sort((a, b) => (a.name ?? '').localeCompare(b.name ?? ''));
}

function organizationDifferences(
  keycloak: Keycloak,
  wished: OrganizationProjection,
  actual: OrganizationRepresentation,
): string[] {
  const sorted = { ...actual, domains: byName(actual.domains ?? []) };
  const named = namesOf(wished).includes(actual.name ?? '') ? [] : ['name'];
  const found = [...named, ...differences(wishedOrganization(keycloak, wished), sorted)];
  return found.length > 0 ? [`has another ${found.join(', ')}`] : [];
}

async function writeOrganization(
  keycloak: Keycloak,
  wished: OrganizationProjection,
  actual: OrganizationRepresentation | undefined,
): Promise<string> {
  const { runtime } = keycloak;
  const settings = wishedOrganization(keycloak, wished);
  if (!actual?.id) {
    return underFreeName(wished, (name) =>
      runtime.call((api) => api.organizations.create({ name, alias: wished.key, ...settings })).then((made) => made.id),
    );
  }
  const id = actual.id;
  if (organizationDifferences(keycloak, wished, actual).length > 0) {
    // A PUT replaces: description, redirect and domains vanish when they are left out.
    await underFreeName(wished, (name) =>
      runtime.call((api) => api.organizations.updateById({ id }, { ...actual, ...settings, name })),
    );
  }
  return id;
}

async function underFreeName<T>(wished: OrganizationProjection, write: (name: string) => Promise<T>): Promise<T> {
  const [plain, withKey] = namesOf(wished);
  try {
    return await write(plain);
  } catch (error) {
    if (!isRefused(error, 409)) throw error;
    return write(withKey);
  }
}

/** Deleting it would delete accounts that Keycloak counts as its own, so it stays, disabled and without a provider. */
async function endOrganization(
  keycloak: Keycloak,
  { key }: OrganizationProjection,
  actual: OrganizationRepresentation,
): Promise<void> {
  await keycloak.connections.remove((api) => api.identityProviders.del({ alias: providerAlias(key) }));
  const id = actual.id!;
  if (actual.enabled) {
    await keycloak.runtime.call((api) =>
      api.organizations.updateById({ id }, { ...actual, domains: [], enabled: false }),
    );
  }
}

async function writeOrganizationProvider(
  keycloak: Keycloak,
  tx: Queryable,
  wished: OrganizationProjection,
  id: string,
): Promise<void> {
  const { connection, orgId, key } = wished;
  const active = connection?.active ?? false;
  if (!active && !(await hasProvider(tx, orgId))) return;
  const admin = keycloak.connections;
  const alias = providerAlias(key);
  const actual = await admin.find((api) => api.identityProviders.findOne({ alias }));
  if (!connection || !active) {
    // Disabled and not deleted: a deletion would touch every linked account in one call.
    if (actual?.enabled)
      await admin.call((api) => api.identityProviders.update({ alias }, { ...actual, enabled: false }));
    return;
  }
  const desired = organizationProvider(keycloak.provider, wished);
  if (providerDifferences(desired, actual).length > 0) await writeProvider(admin, desired, actual);
  const mapper = await notesMapper(admin, alias);
  if (!mapper.asWished) await mapper.write();
  if (actual?.organizationId !== id) await admin.ensure((api) => api.organizations.linkIdp({ orgId: id, alias }));
  await saveProviderId(tx, orgId, connection.id, alias);
}

async function providerDrift(keycloak: Keycloak, wished: OrganizationProjection, id: string): Promise<string[]> {
  const alias = providerAlias(wished.key);
  const actual = await keycloak.connections.find((api) => api.identityProviders.findOne({ alias }));
  if (!wished.connection?.active)
    return actual?.enabled ? [`has an enabled identity provider ${alias} and no connection`] : [];
  const found = providerDifferences(organizationProvider(keycloak.provider, wished), actual);
  if (actual && actual.organizationId !== id) found.push('organization');
  if (actual && !(await notesMapper(keycloak.connections, alias)).asWished) found.push('mapper');
  return found.length > 0 ? [`identity provider ${alias}: ${found.join(', ')}`] : [];
}
