// One account in Keycloak: read it, make it, change it, end its sessions. Every write can be repeated.
import type RoleRepresentation from '@keycloak/keycloak-admin-client/lib/defs/roleRepresentation.js';
import type UserRepresentation from '@keycloak/keycloak-admin-client/lib/defs/userRepresentation.js';
import type { KeycloakAdmin } from './admin.ts';
import type { Account, AccountChange, PersonProjection } from './projection.ts';
import { parkedAddress } from './projection.ts';
import { OUR_ROLES } from './realm/roles.ts';

/** Credentials that open the realm by themselves; a one-time code only follows another factor. */
const FIRST_FACTORS = new Set(['password', 'webauthn-passwordless']);

/** An account as Keycloak holds it, and the ids of its organizations by alias. */
export type FoundAccount = { readonly account: Account; readonly organizationIds: ReadonlyMap<string, string> };

/** Reads an account with its links, organizations and groups; undefined if it is gone. */
export async function readAccount(admin: KeycloakAdmin, id: string): Promise<FoundAccount | undefined> {
  const user = await admin.find((api) => api.users.findOne({ id }));
  if (!user) return undefined;
  const identities = await admin.call((api) => api.users.listFederatedIdentities({ id }));
  const roles = await admin.call((api) => api.users.listRealmRoleMappings({ id }));
  const firstFactors = await findFirstFactors(admin, id);
  const memberships = await admin.call((api) => api.organizations.memberOrganizations({ userId: id }));
  const organizations: Record<string, string[]> = {};
  for (const { id: orgId, alias } of memberships) {
    const groups = await admin.call((api) => api.organizations.groups(orgId!).listOrgGroups({ id }));
    organizations[alias!] = groups.map(({ path }) => path!).sort();
  }
  const account: Account = {
    enabled: user.enabled ?? false,
    address: user.email ?? user.username ?? '',
    givenName: user.firstName ?? '',
    familyName: user.lastName ?? '',
    links: identities.map(({ identityProvider }) => identityProvider!).sort(),
    roles: OUR_ROLES.filter((role) => roles.some(({ name }) => name === role)),
    firstFactors: firstFactors.length > 0 ? 'any' : 'none',
    organizations,
  };
  return { account, organizationIds: new Map(memberships.map(({ id: orgId, alias }) => [alias!, orgId!])) };
}

/** Makes the account with its links in one call, so that it is never without them; 409 if the address is taken. */
export async function createAccount(admin: KeycloakAdmin, person: PersonProjection, wished: Account): Promise<string> {
  const user: UserRepresentation = {
    ...profileOf(wished),
    attributes: { person_id: [person.personId] },
    enabled: true,
    federatedIdentities: wished.links.map((alias) => identity(alias, person.personId, wished)),
    requiredActions: person.setPassword ? ['UPDATE_PASSWORD'] : [],
  };
  const id = await admin.send('POST', '/users', user);
  if (!id) throw new Error('Keycloak made an account and did not say which.');
  return id;
}

export type ChangeContext = {
  readonly admin: KeycloakAdmin;
  readonly id: string;
  readonly personId: string;
  readonly wished: Account;
  /** Keycloak's ids by organization alias, and of groups by alias and path; undefined = gone, with all that was in it. */
  readonly organizationId: (alias: string) => string | undefined;
  readonly groupId: (alias: string, path: string) => string | undefined;
};

/** Disables the account: nothing new begins. Tokens and sessions live on until they are ended. */
export async function disableAccount(admin: KeycloakAdmin, id: string): Promise<void> {
  await admin.call((api) => api.users.update({ id }, { enabled: false }));
}

/** Ends sessions and offline tokens. After a disable, and in this order, nothing of them comes back (field notes 12.8). */
export async function endSessions(admin: KeycloakAdmin, id: string): Promise<void> {
  await admin.call((api) => api.users.logout({ id }));
  for (const { clientId } of await admin.call((api) => api.users.listConsents({ id }))) {
    await admin.remove((api) => api.users.revokeConsent({ id, clientId: String(clientId) }));
  }
}

/** Takes away: memberships (and with them their groups), groups, links. */
export async function takeAway(context: ChangeContext, change: AccountChange): Promise<void> {
  const { admin, id } = context;
  for (const alias of change.leave) {
    const orgId = context.organizationId(alias);
    if (orgId) await admin.remove((api) => api.organizations.delMember({ orgId, userId: id }));
  }
  for (const { alias, path } of change.leaveGroups) {
    const orgId = context.organizationId(alias);
    const groupId = context.groupId(alias, path);
    if (!orgId || !groupId) continue;
    await admin.remove((api) => api.organizations.groups(orgId).removeMemberFromOrgGroup({ groupId, userId: id }));
  }
  for (const federatedIdentityId of change.unlink) {
    await admin.remove((api) => api.users.delFromFederatedIdentity({ id, federatedIdentityId }));
  }
}

/** Gives roles that shut a door. The run-time account may not list the realm's roles, only those that a user lacks. */
export async function holdToRoles(admin: KeycloakAdmin, id: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const lacking = await admin.call((api) => api.users.listAvailableRealmRoleMappings({ id }));
  const roles = named(lacking, names);
  if (roles.length > 0) await admin.call((api) => api.users.addRealmRoleMappings({ id, roles }));
}

/** Takes roles back. */
export async function releaseFromRoles(admin: KeycloakAdmin, id: string, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const roles = named(await admin.call((api) => api.users.listRealmRoleMappings({ id })), names);
  if (roles.length > 0) await admin.call((api) => api.users.delRealmRoleMappings({ id, roles }));
}

/** Deletes passwords and passkeys; gives how many there were. */
export async function dropFirstFactors(admin: KeycloakAdmin, id: string): Promise<number> {
  const found = await findFirstFactors(admin, id);
  for (const credentialId of found) await admin.remove((api) => api.users.deleteCredential({ id, credentialId }));
  return found.length;
}

/** Writes address, names and state. Without `attributes` in the body those stay as they are; 409 if the address is taken. */
export async function writeProfile({ admin, id, wished }: ChangeContext): Promise<void> {
  await admin.call((api) => api.users.update({ id }, { ...profileOf(wished), enabled: wished.enabled }));
}

/** Gives: links, memberships, groups. 409 says that it is there already. */
export async function give(context: ChangeContext, change: AccountChange): Promise<void> {
  const { admin, id, wished, personId } = context;
  for (const alias of change.link) {
    const federatedIdentity = identity(alias, personId, wished);
    await admin.ensure((api) =>
      api.users.addToFederatedIdentity({ id, federatedIdentityId: alias, federatedIdentity }),
    );
  }
  for (const alias of change.join) {
    const orgId = known(context.organizationId(alias), alias);
    await admin.ensure(() => admin.send('POST', `/organizations/${orgId}/members`, id));
  }
  for (const { alias, path } of change.joinGroups) {
    const orgId = known(context.organizationId(alias), alias);
    const groupId = known(context.groupId(alias, path), `${alias}${path}`);
    await admin.ensure(() => admin.send('PUT', `/organizations/${orgId}/groups/${groupId}/members/${id}`));
  }
}

/** Gives an account another address and user name, which frees the one it had. */
export async function parkAccount(admin: KeycloakAdmin, id: string, owner: string): Promise<void> {
  const address = parkedAddress(owner);
  await admin.call((api) => api.users.update({ id }, { username: address, email: address, emailVerified: false }));
}

function profileOf(wished: Account): UserRepresentation {
  return {
    username: wished.address,
    email: wished.address,
    emailVerified: true,
    firstName: wished.givenName,
    lastName: wished.familyName,
  };
}

async function findFirstFactors(admin: KeycloakAdmin, id: string): Promise<string[]> {
  const credentials = await admin.call((api) => api.users.getCredentials({ id }));
  return credentials.filter(({ type }) => FIRST_FACTORS.has(type ?? '')).map((credential) => credential.id!);
}

function named(roles: readonly RoleRepresentation[], names: readonly string[]): { id: string; name: string }[] {
  return roles.filter(({ name }) => names.includes(name ?? '')).map(({ id, name }) => ({ id: id!, name: name! }));
}

function identity(identityProvider: string, personId: string, wished: Account) {
  return { identityProvider, userId: personId, userName: wished.address };
}

function known(id: string | undefined, what: string): string {
  if (id === undefined) throw new Error(`Keycloak's id of ${what} is not known.`);
  return id;
}
