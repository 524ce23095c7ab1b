// What the real Keycloak holds now, read from its admin API without any code of the product: accounts, memberships,
// sessions.
import type { TestSystem } from './system.ts';

export type KeycloakAccount = {
  readonly id: string;
  readonly enabled: boolean;
  readonly links: readonly string[];
  readonly organizations: Readonly<Record<string, { readonly membership: string; readonly groups: readonly string[] }>>;
};

type Named = { readonly id: string; readonly alias: string; readonly path: string; readonly identityProvider: string };

async function adminCall(
  system: TestSystem,
  path: string,
  body?: unknown,
  realm = system.facts.keycloak.realm,
  method = body === undefined ? 'GET' : 'POST',
): Promise<Response> {
  const { url, adminUser, adminPassword } = system.facts.keycloak;
  const grant = { grant_type: 'password', client_id: 'admin-cli', username: adminUser, password: adminPassword };
  const token = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams(grant),
  });
  const { access_token } = (await token.json()) as { access_token: string };
  const response = await fetch(`${url}/admin/realms/${realm}${path}`, {
    method,
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`Keycloak answered ${response.status} to ${path}`);
  return response;
}

async function adminGet<T>(system: TestSystem, path: string, realm?: string): Promise<T> {
  return (await (await adminCall(system, path, undefined, realm)).json()) as T;
}

type NewEmployee = {
  readonly email: string;
  readonly password: string;
  readonly givenName: string;
  readonly familyName: string;
};

/** Somebody whom the company's identity provider knows, and its directory has not told us of. */
export async function addEmployee(system: TestSystem, company: 0 | 1, person: NewEmployee): Promise<void> {
  const user = {
    username: person.email,
    email: person.email,
    emailVerified: true,
    enabled: true,
    firstName: person.givenName,
    lastName: person.familyName,
    credentials: [{ type: 'password', value: person.password, temporary: false }],
  };
  await adminCall(system, '/users', user, system.facts.company[company]?.realm);
}

/** Ends all sessions of an employee in the company's own realm, as its administrator does. */
export async function logOutAtCompany(system: TestSystem, company: 0 | 1, address: string): Promise<void> {
  const { realm } = system.facts.company[company]!;
  const user = await findUser(system, address, realm);
  await adminCall(system, `/users/${user?.id}/logout`, {}, realm);
}

/** Gives an account of the product's realm a password, as Keycloak's administrator can. */
export async function setPassword(system: TestSystem, address: string, password: string): Promise<void> {
  const user = await findUser(system, address);
  const credential = { type: 'password', value: password, temporary: false };
  await adminCall(system, `/users/${user?.id}/reset-password`, credential, undefined, 'PUT');
}

/** Keycloak drops what it has cached of identity providers' keys, as it does by itself in time. */
export async function forgetKeys(system: TestSystem): Promise<void> {
  await adminCall(system, '/clear-keys-cache', {});
}

type FoundUser = { readonly id: string; readonly enabled: boolean };

async function findUser(system: TestSystem, address: string, realm?: string): Promise<FoundUser | undefined> {
  const path = `/users?exact=true&email=${encodeURIComponent(address)}`;
  const [user] = await adminGet<FoundUser[]>(system, path, realm);
  return user;
}

/** The account of an address with its organizations, or undefined. */
export async function keycloakAccount(system: TestSystem, address: string): Promise<KeycloakAccount | undefined> {
  const user = await findUser(system, address);
  if (!user) return undefined;
  const organizations: Record<string, { membership: string; groups: string[] }> = {};
  for (const { id, alias } of await adminGet<Named[]>(system, `/organizations/members/${user.id}/organizations`)) {
    const member = await adminGet<{ membershipType: string }>(system, `/organizations/${id}/members/${user.id}`);
    const groups = await adminGet<Named[]>(system, `/organizations/${id}/members/${user.id}/groups`);
    organizations[alias] = { membership: member.membershipType, groups: groups.map((group) => group.path).sort() };
  }
  const links = await adminGet<Named[]>(system, `/users/${user.id}/federated-identity`);
  return {
    id: user.id,
    enabled: user.enabled,
    links: links.map((link) => link.identityProvider).sort(),
    organizations,
  };
}

/** How many sessions an address has open. */
export async function keycloakSessions(system: TestSystem, address: string): Promise<number> {
  const user = await findUser(system, address);
  return user ? (await adminGet<unknown[]>(system, `/users/${user.id}/sessions`)).length : 0;
}

/** Puts somebody into groups of the company's own realm, and out of all others; groups that are missing are made. */
export async function setEmployeeGroups(
  system: TestSystem,
  company: 0 | 1,
  email: string,
  groups: readonly string[],
): Promise<void> {
  const realm = system.facts.company[company]?.realm;
  const read = async <T>(path: string) => (await (await adminCall(system, path, undefined, realm)).json()) as T;
  const [user] = await read<{ id: string }[]>(`/users?exact=true&email=${encodeURIComponent(email)}`);
  const known = await read<{ id: string; name: string }[]>('/groups?max=100');
  for (const name of groups) {
    if (!known.some((group) => group.name === name)) await adminCall(system, '/groups', { name }, realm);
  }
  for (const { id, name } of await read<{ id: string; name: string }[]>('/groups?max=100')) {
    const path = `/users/${user?.id}/groups/${id}`;
    await adminCall(system, path, undefined, realm, groups.includes(name) ? 'PUT' : 'DELETE');
  }
}

type KeyProvider = { readonly id: string; readonly name: string; readonly providerId: string };

/** From now on the company's realm signs with a new key; the one before is still published until `retireOldKeys`. */
export async function rotateSigningKey(system: TestSystem, company: 0 | 1): Promise<void> {
  const realm = system.facts.company[company]?.realm;
  const config = { priority: ['500'], enabled: ['true'], active: ['true'], keySize: ['2048'], algorithm: ['RS256'] };
  const type = 'org.keycloak.keys.KeyProvider';
  await adminCall(
    system,
    '/components',
    { name: 'rotated', providerId: 'rsa-generated', providerType: type, config },
    realm,
  );
}

/** The company's realm forgets the keys that it signed with before. */
export async function retireOldKeys(system: TestSystem, company: 0 | 1): Promise<void> {
  const realm = system.facts.company[company]?.realm;
  const all = await adminCall(system, '/components?type=org.keycloak.keys.KeyProvider', undefined, realm);
  for (const { id, name, providerId } of (await all.json()) as KeyProvider[]) {
    if (providerId !== 'rsa-generated' || name === 'rotated') continue;
    await adminCall(system, `/components/${id}`, undefined, realm, 'DELETE');
  }
}

/** From now on the company's realm encrypts its assertions for a service provider, with the certificate of its metadata. */
export async function encryptAssertions(system: TestSystem, company: 0 | 1, metadataUrl: string): Promise<void> {
  const realm = system.facts.company[company]?.realm;
  const metadata = await (await fetch(metadataUrl)).text();
  const certificate = /use="encryption"[\s\S]*?X509Certificate>([^<]+)</.exec(metadata)?.[1]?.replaceAll(/\s/g, '');
  if (!certificate) throw new Error(`The metadata publishes no key to encrypt with: ${metadata}`);
  const found = await adminCall(system, `/clients?clientId=${encodeURIComponent(metadataUrl)}`, undefined, realm);
  const [client] = (await found.json()) as { id: string; attributes: Record<string, string> }[];
  const attributes = { ...client?.attributes, 'saml.encrypt': 'true', 'saml.encryption.certificate': certificate };
  await adminCall(system, `/clients/${client?.id}`, { ...client, attributes }, realm, 'PUT');
}
