// The journey "Entra or Okta pushes", from the wire to the real Keycloak: member, account, unmanaged membership, team
// through a mapping rule, release.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiClient, createApiClient } from '../../src/dev/api-client.ts';
import { scimUser } from '../../src/dev/seed-demo.ts';
import { eventuallyHolds } from '../support/eventually.ts';
import { keycloakAccount } from '../support/keycloak-state.ts';
import { startSystem, type TestSystem } from '../support/system.ts';

let system: TestSystem;
let scim: ApiClient;
let owner: ApiClient;
beforeAll(async () => {
  system = await startSystem();
  scim = createApiClient(system.facts.scim.baseUrl, system.facts.scim.token);
  owner = createApiClient(system.facts.baseUrl, system.facts.api.ownerKey);
});
afterAll(() => system?.[Symbol.asyncDispose]());

const patch = (...operations: unknown[]) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: operations,
});

async function idOf(resource: 'Users' | 'Groups', filter: string): Promise<string> {
  const { Resources } = await scim<{ Resources: { id: string }[] }>(
    'GET',
    `/${resource}?filter=${encodeURIComponent(filter)}`,
  );
  expect(Resources).toHaveLength(1);
  return Resources[0]!.id;
}

describe('a directory pushes', () => {
  test('a person becomes a member, a Keycloak account with the company link, and an unmanaged member there', async () => {
    const user = await scim<{ id: string }>(
      'POST',
      '/Users',
      scimUser({ email: 'mary@acme.test', givenName: 'Mary', familyName: 'Somerville' }),
    );
    const member = await owner<{ status: string; role: string }>('GET', `/v1/organizations/acme/members/${user.id}`);
    expect(member).toMatchObject({ status: 'active', role: 'member' });
    await eventuallyHolds(async () =>
      expect(await keycloakAccount(system, 'mary@acme.test')).toMatchObject({
        enabled: true,
        links: ['sso-acme'],
        organizations: { acme: { membership: 'UNMANAGED', groups: ['/roles/member'] } },
      }),
    );
  });

  test('a group reaches a team through the mapping rule, and leaves it', async () => {
    const user = await idOf('Users', 'userName eq "mary@acme.test"');
    const group = await idOf('Groups', 'displayName eq "Engineering"');
    await scim('PATCH', `/Groups/${group}`, patch({ op: 'Add', path: 'members', value: [{ value: user }] }));
    await eventuallyHolds(async () =>
      expect((await keycloakAccount(system, 'mary@acme.test'))?.organizations.acme?.groups).toEqual([
        '/engineering',
        '/roles/member',
      ]),
    );
    await scim('PATCH', `/Groups/${group}`, patch({ op: 'remove', path: `members[value eq "${user}"]` }));
    await eventuallyHolds(async () =>
      expect((await keycloakAccount(system, 'mary@acme.test'))?.organizations.acme?.groups).toEqual(['/roles/member']),
    );
  });

  test('active=false disables the account, active=true gives the same one back', async () => {
    const user = await idOf('Users', 'userName eq "mary@acme.test"');
    const before = await keycloakAccount(system, 'mary@acme.test');
    await scim('PATCH', `/Users/${user}`, patch({ op: 'Replace', path: 'active', value: 'False' }));
    expect(await owner('GET', `/v1/organizations/acme/members/${user}`)).toMatchObject({ status: 'suspended' });
    await eventuallyHolds(async () =>
      expect(await keycloakAccount(system, 'mary@acme.test')).toMatchObject({ enabled: false }),
    );
    await scim('PATCH', `/Users/${user}`, patch({ op: 'Replace', path: 'active', value: 'True' }));
    await eventuallyHolds(async () =>
      expect(await keycloakAccount(system, 'mary@acme.test')).toMatchObject({ id: before?.id, enabled: true }),
    );
  });

  test('an address outside the verified domains is taken and waits: 201, active stays true, no account', async () => {
    const guest = await scim<{ id: string; active: boolean }>(
      'POST',
      '/Users',
      scimUser({ email: 'guest@elsewhere.test', givenName: 'G', familyName: 'Uest' }),
    );
    expect(guest.active).toBe(true);
    expect(await owner('GET', `/v1/organizations/acme/members/${guest.id}`)).toMatchObject({ status: 'pending' });
    const admitted = await createApiClient(system.facts.baseUrl, system.facts.api.operatorKey)<{ admitted: number }>(
      'POST',
      '/v1/organizations/acme/domains',
      { domain: 'elsewhere.test', verified: true },
    );
    expect(admitted.admitted).toBe(1);
    await eventuallyHolds(async () =>
      expect(await keycloakAccount(system, 'guest@elsewhere.test')).toMatchObject({ enabled: true }),
    );
  });

  test('DELETE removes the member and disables the account; only the same externalId brings the same member back', async () => {
    const user = await idOf('Users', 'userName eq "mary@acme.test"');
    const before = await keycloakAccount(system, 'mary@acme.test');
    await scim('DELETE', `/Users/${user}`);
    await eventuallyHolds(async () =>
      expect(await keycloakAccount(system, 'mary@acme.test')).toMatchObject({ enabled: false }),
    );
    const back = await scim<{ id: string }>(
      'POST',
      '/Users',
      scimUser({ email: 'mary@acme.test', givenName: 'Mary', familyName: 'Somerville' }),
    );
    expect(back.id).toBe(user);
    await eventuallyHolds(async () =>
      expect(await keycloakAccount(system, 'mary@acme.test')).toMatchObject({ id: before?.id, enabled: true }),
    );
  });
});
