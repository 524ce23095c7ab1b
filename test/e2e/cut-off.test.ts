// Somebody who is deactivated or removed is out everywhere: the open Keycloak session, refresh and offline tokens, the API
// key, a sign-in under way, and at once for whoever asks /v1/access/check. Nothing of it comes back with the person.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApiClient } from '../../src/dev/api-client.ts';
import { textOf } from '../../src/dev/scripted-browser.ts';
import { eventuallyHolds } from '../support/eventually.ts';
import { keycloakAccount } from '../support/keycloak-state.ts';
import type { Json } from '../support/server.ts';
import { startSystem, type TestSystem } from '../support/system.ts';
import { beginAtCompany, openTokenSession } from '../support/token-session.ts';

let system: TestSystem;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system?.[Symbol.asyncDispose]());

const owner = () => createApiClient(`${system.facts.baseUrl}/v1`, system.facts.api.ownerKey);
const scim = () => createApiClient(system.facts.scim.baseUrl, system.facts.scim.token);
const setActive = (member: string, value: boolean) =>
  scim()('PATCH', `/Users/${member}`, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: [{ op: 'replace', value: { active: value } }],
  });

const WAYS: [string, number, (member: string) => Promise<unknown>, string][] = [
  ['deactivated by the directory', 1, (member) => setActive(member, false), 'suspended'],
  [
    'removed by an administrator',
    2,
    (member) => owner()('DELETE', `/organizations/acme/members/${member}`),
    'not a member',
  ],
];

test.each(WAYS)('%s: out everywhere', async (_name, index, cutOff, words) => {
  const employee = system.facts.company[0]!.users[index]!;
  const { items } = await owner()<Json>('GET', `/organizations/acme/members?q=${encodeURIComponent(employee.email)}`);
  const member = items[0].id as string;
  const body = { displayName: 'own', permissions: ['organization.view'], memberId: member };
  const key = (await owner()<Json>('POST', '/organizations/acme/api-keys', body)).key as string;
  const asKey = () =>
    fetch(`${system.facts.baseUrl}/v1/organizations/acme`, {
      headers: { authorization: `Bearer ${key}` },
    });
  const online = await openTokenSession(system, employee);
  const offline = await openTokenSession(system, employee, 'openid organization:* offline_access');
  const underWay = await beginAtCompany(system, employee);
  const check = () =>
    owner()<Json>('POST', '/access/check', { organization: 'acme', subjectToken: online.accessToken });
  expect([await online.isOpen(), await online.canRefresh(), await offline.canRefresh()]).toEqual([true, true, true]);
  expect([(await asKey()).status, (await check()).allowed]).toEqual([200, true]);

  await cutOff(member);
  // at once, by our own word
  expect([(await asKey()).status, (await check()).allowed]).toEqual([401, false]);
  const page = await underWay.finish();
  expect([page.status, textOf(page)]).toEqual([403, expect.stringContaining(words)]);
  // and in Keycloak as soon as the worker has been there
  await eventuallyHolds(async () =>
    expect([await online.isOpen(), await online.canRefresh(), await offline.canRefresh()]).toEqual([
      false,
      false,
      false,
    ]),
  );
});

test('a person who comes back starts anew: no token of before lives again', async () => {
  const employee = system.facts.company[0]!.users[0]!;
  const { items } = await owner()<Json>('GET', `/organizations/acme/members?q=${encodeURIComponent(employee.email)}`);
  const offline = await openTokenSession(system, employee, 'openid organization:* offline_access');
  await setActive(items[0].id, false);
  await eventuallyHolds(async () => expect(await offline.canRefresh()).toBe(false));
  await setActive(items[0].id, true);
  await eventuallyHolds(async () =>
    expect(await keycloakAccount(system, employee.email)).toMatchObject({ enabled: true }),
  );
  const again = await openTokenSession(system, employee);
  expect([await again.isOpen(), await offline.canRefresh(), await offline.isOpen()]).toEqual([true, false, false]);
});
