// What changes at the company, in a real browser through a real Keycloak: who may enter, whose groups move, which key
// signs. Each person signs in as on any other day.
import { beforeAll, expect, test } from 'vitest';
import { type ApiClient, createApiClient } from '../../src/dev/api-client.ts';
import {
  encryptAssertions,
  keycloakSessions,
  retireOldKeys,
  rotateSigningKey,
  setEmployeeGroups,
} from '../support/keycloak-state.ts';
import { refusedByUs, signInByCompany } from '../support/person.ts';
import { useSystemInBrowser } from '../support/system-in-browser.ts';

const t = useSystemInBrowser();
let acme: ApiClient;
let connection: string;

beforeAll(async () => {
  acme = createApiClient(`${t.system.facts.api.baseUrl}/v1/organizations/acme`, t.system.facts.api.ownerKey);
  const { items } = await acme<{ items: { id: string }[] }>('GET', '/connections');
  connection = `/connections/${items[0]!.id}`;
});

async function groupsAfterSignIn(index: number): Promise<string[]> {
  const profile = await t.newProfile();
  const { organization } = await signInByCompany(profile, t.system, t.employee(0, index));
  await profile.close();
  return [...(organization.acme?.groups ?? [])].sort();
}

/** The certificate that verified the last sign-in. */
async function certificateUsed(): Promise<string> {
  const { items } = await acme<{ items: { facts: { certificate: string } }[] }>('GET', '/sign-ins?limit=1');
  return items[0]!.facts.certificate;
}

test('a group that may not enter is refused on a page that says why and whom to ask', async () => {
  await acme('POST', `${connection}/access-grants`, { value: 'Engineering' });
  await acme('PATCH', connection, { gate: 'granted', contact: 'IT desk, it@acme.test' });
  const profile = await t.newProfile();
  const { words } = await refusedByUs(profile, t.system, t.employee(0, 1));
  expect(words).toContain('Your company account may not enter here');
  expect(words).toContain('Whom to ask: IT desk, it@acme.test');
  expect(await keycloakSessions(t.system, t.employee(0, 1).email)).toBe(0);
  await profile.close();
  expect(await groupsAfterSignIn(0)).toEqual(['/engineering', '/roles/member']);
  await acme('PATCH', connection, { gate: 'off', contact: null });
});

test('somebody who is moved to another group there has other teams at the next sign-in', async () => {
  await acme('POST', '/teams', { key: 'pilots', displayName: 'Pilots' });
  await acme('POST', '/mapping-rules', {
    source: 'sso.groups',
    match: 'display_name',
    value: 'Pilots',
    target: { team: 'pilots' },
  });
  await setEmployeeGroups(t.system, 0, t.employee(0, 1).email, ['Research', 'Pilots']);
  expect(await groupsAfterSignIn(1)).toEqual(['/pilots', '/research', '/roles/member']);
  await setEmployeeGroups(t.system, 0, t.employee(0, 1).email, ['Research']);
  expect(await groupsAfterSignIn(1)).toEqual(['/research', '/roles/member']);
});

test('a new signing key there stops nobody, and neither does the end of the old one', async () => {
  const company = t.system.facts.company[0]!;
  const keycloak = t.system.facts.keycloak.url.replace('127.0.0.1', 'localhost');
  await acme('PATCH', connection, { metadataUrl: `${keycloak}/realms/${company.realm}/protocol/saml/descriptor` });
  const before = await certificateUsed();
  await rotateSigningKey(t.system, 0);
  expect(await groupsAfterSignIn(0)).toEqual(['/engineering', '/roles/member']);
  const after = await certificateUsed();
  expect(after).not.toBe(before);
  await retireOldKeys(t.system, 0);
  expect(await groupsAfterSignIn(0)).toEqual(['/engineering', '/roles/member']);
  expect(await certificateUsed()).toBe(after);
});

test('by OpenID Connect neither does a new key that signs from one moment to the next: the sign-in says which key it was', async () => {
  const globex = createApiClient(
    `${t.system.facts.api.baseUrl}/v1/organizations/globex`,
    t.system.facts.api.operatorKey,
  );
  const signIn = async (index: number) => {
    const profile = await t.newProfile();
    await signInByCompany(profile, t.system, t.employee(1, index));
    await profile.close();
    const { items } = await globex<{ items: { facts: { key: { kid: string; readAgain: boolean } } }[] }>(
      'GET',
      '/sign-ins?outcome=completed&limit=1',
    );
    return items[0]!.facts.key;
  };
  const before = await signIn(0);
  await rotateSigningKey(t.system, 1);
  await retireOldKeys(t.system, 1);
  const after = await signIn(1);
  expect(after.kid).not.toBe(before.kid);
  expect(after.readAgain).toBe(true);
});

test('a company that encrypts its assertions signs its people in, and one that does not is refused where it must', async () => {
  await acme('PATCH', connection, { encryption: 'required' });
  const profile = await t.newProfile();
  const { words } = await refusedByUs(profile, t.system, t.employee(0, 0));
  expect(words).toContain('response_refused');
  await profile.close();
  const { serviceProvider } = await acme<{ serviceProvider: { metadataUrl: string } }>('GET', connection);
  await encryptAssertions(t.system, 0, serviceProvider.metadataUrl);
  expect(await groupsAfterSignIn(0)).toEqual(['/engineering', '/roles/member']);
});
