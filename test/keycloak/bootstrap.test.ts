// The realm's bootstrap on a real Keycloak: idempotent, repairing, and each shut door tried from outside.
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKeycloakAdmin } from '../../src/keycloak/admin.ts';
import { bootstrapRealm } from '../../src/keycloak/bootstrap.ts';
import { KeycloakRefused, KeycloakUnreachable } from '../../src/keycloak/keycloak-error.ts';
import { makeRealm, REALM_CONFIG } from './keycloak-setup.ts';
import { createBrowser, SIGNED_IN, startSignIn } from './open-session.ts';

const PASSWORD = 'correct horse battery staple';

let realm: Awaited<ReturnType<typeof makeRealm>>;
beforeAll(async () => {
  realm = await makeRealm();
});
afterAll(() => realm[Symbol.asyncDispose]());

const bootstrap = () => bootstrapRealm({ ...realm, config: REALM_CONFIG });
const endpoint = () => `${realm.adminUrl}/realms/${realm.realm}/protocol/openid-connect`;

async function account(address: string, roles: string[] = []) {
  const { id } = await realm.root.call((api) =>
    api.users.create({
      username: address,
      email: address,
      emailVerified: true,
      enabled: true,
      credentials: [{ type: 'password', value: PASSWORD, temporary: false }],
    }),
  );
  for (const name of roles) {
    const role = await realm.root.call((api) => api.roles.findOneByName({ name }));
    await realm.root.call((api) => api.users.addRealmRoleMappings({ id, roles: [{ id: role!.id!, name }] }));
  }
  return id;
}

async function signIn(address: string) {
  const start = await startSignIn({ realm });
  const browser = createBrowser();
  const first = await browser.go(start.url);
  const second = await browser.submit(first.page, { username: address });
  return { ...(await browser.submit(second.page, { username: address, password: PASSWORD })), redeem: start.redeem };
}

test('changes nothing the second time', async () => {
  expect((await bootstrap()).changed).toEqual([]);
});

test('repairs settings, flows, rights, scopes and the provider that somebody changed by hand', async () => {
  const { root } = realm;
  await root.call((api) =>
    api.realms.update({ realm: realm.realm }, { registrationAllowed: true, browserFlow: 'browser' }),
  );
  const executions = await root.call((api) =>
    api.authenticationManagement.getExecutions({ flow: 'drawbridge browser' }),
  );
  const deny = executions.find(({ displayName }) => displayName === 'drawbridge deny password');
  await root.call((api) =>
    api.authenticationManagement.updateExecution({ flow: 'drawbridge browser' }, { ...deny, requirement: 'DISABLED' }),
  );
  const first = await root.call((api) => api.authenticationManagement.getExecutions({ flow: 'first login denied' }));
  await root.call((api) => api.authenticationManagement.delExecution({ id: first[0]!.id! }));
  const invitation = await root.call((api) => api.identityProviders.findOne({ alias: 'invitation' }));
  await root.call((api) =>
    api.identityProviders.update(
      { alias: 'invitation' },
      { ...invitation, firstBrokerLoginFlowAlias: 'first broker login' },
    ),
  );
  const [runtime] = await root.call((api) => api.clients.find({ clientId: 'drawbridge-runtime' }));
  const [management] = await root.call((api) => api.clients.find({ clientId: 'realm-management' }));
  const user = await root.call((api) => api.clients.getServiceAccountUser({ id: runtime!.id! }));
  const role = await root.call((api) => api.clients.findRole({ id: management!.id!, roleName: 'manage-realm' }));
  await root.call((api) =>
    api.users.addClientRoleMappings({
      id: user.id!,
      clientUniqueId: management!.id!,
      roles: [{ id: role!.id!, name: role!.name! }],
    }),
  );
  const { changed } = await bootstrap();
  expect(changed).toEqual(
    expect.arrayContaining([
      'realm settings (registrationAllowed)',
      'realm settings (browserFlow)',
      'flow drawbridge browser: drawbridge deny password (CONDITIONAL, 20)',
      'steps of flow first login denied',
      'identity provider invitation (firstBrokerLoginFlowAlias)',
      'drawbridge-runtime has manage-realm too much',
    ]),
  );
  expect((await bootstrap()).changed).toEqual([]);
});

test('keeps events for weeks and access tokens for five minutes, whatever a client wants for itself', async () => {
  const { root } = realm;
  await root.call((api) =>
    api.realms.update(
      { realm: realm.realm },
      { eventsExpiration: 60, accessTokenLifespan: 3600, attributes: { adminEventsExpiration: '60' } },
    ),
  );
  const attributes = { 'access.token.lifespan': '3600' };
  await root.call((api) => api.clients.create({ clientId: 'greedy', publicClient: true, attributes }));
  await root.call((api) => api.clients.create({ clientId: 'modest', attributes: { 'access.token.lifespan': '60' } }));
  expect((await bootstrap()).changed).toEqual([
    'realm settings (accessTokenLifespan, eventsExpiration, attributes.adminEventsExpiration)',
    'client greedy gives access tokens of 3600 s',
  ]);
  expect((await bootstrap()).changed).toEqual([]);
});

test('writes a rotated provider secret', async () => {
  const rotated = { ...REALM_CONFIG, providerSecret: 'another-secret-0123456789' };
  const { changed } = await bootstrapRealm({ ...realm, config: rotated });
  expect(changed).toEqual(['identity provider invitation (config.secretFingerprint)']);
  await bootstrap();
});

test('registration is shut', async () => {
  const query = new URLSearchParams({
    client_id: 'test-app',
    response_type: 'code',
    redirect_uri: 'http://127.0.0.1:9/callback',
  });
  await startSignIn({ realm });
  const response = await fetch(`${endpoint()}/registrations?${query}`);
  expect(response.status).toBe(400);
});

test('no client takes a password at the token endpoint', async () => {
  await account('grant@shut.test');
  const { root } = realm;
  await root
    .call((api) => api.clients.create({ clientId: 'careless', publicClient: true, directAccessGrantsEnabled: true }))
    .catch(() => {});
  const body = { grant_type: 'password', client_id: 'careless', username: 'grant@shut.test', password: PASSWORD };
  const response = await fetch(`${endpoint()}/token`, { method: 'POST', body: new URLSearchParams(body) });
  expect(response.ok).toBe(false);
  expect(await response.json()).toMatchObject({
    error: expect.stringMatching(/invalid_grant|invalid_client|unauthorized_client/),
  });
});

test('a password opens the realm, unless single sign-on is enforced for the person', async () => {
  const id = await account('free@door.test');
  const free = await signIn('free@door.test');
  const tokens = await free.redeem(free.url);
  expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: id, email: 'free@door.test' });
  await account('bound@door.test', ['sso-enforced']);
  const bound = await signIn('bound@door.test');
  expect(bound.url).not.toMatch(SIGNED_IN);
  expect(bound.status).toBe(401);
  expect(bound.page).toContain('choose your company');
});

test('asks for a second factor when the role demands it', async () => {
  await account('factor@door.test', ['mfa-required']);
  const step = await signIn('factor@door.test');
  expect(step.url).not.toMatch(SIGNED_IN);
  expect(step.page).toMatch(/totp|authenticator/i);
});

test('people cannot change their names or address, nor unlink or delete themselves, nor add passkeys', async () => {
  await account('self@door.test');
  const step = await signIn('self@door.test');
  const { access_token: token } = await step.redeem(step.url);
  const profile = await fetch(`${realm.adminUrl}/realms/${realm.realm}/account`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ firstName: 'Mallory', email: 'mallory@else.example' }),
  });
  expect([401, 403]).toContain(profile.status);
  for (const action of [
    'UPDATE_PROFILE',
    'UPDATE_EMAIL',
    'delete_account',
    'idp_link',
    'webauthn-register',
    'webauthn-register-passwordless',
  ]) {
    const actions = await realm.root.call((api) =>
      api.authenticationManagement.getRequiredActionForAlias({ alias: action }),
    );
    expect(actions?.enabled, action).toBe(false);
  }
});

test('passwords follow the policy', async () => {
  const id = await account('policy@door.test');
  const set = (value: string) =>
    realm.root.call((api) =>
      api.users.resetPassword({ id, credential: { type: 'password', value, temporary: false } }),
    );
  await expect(set('short')).rejects.toThrow('invalidPasswordMinLength');
  await expect(set('policy@door.test')).rejects.toThrow(KeycloakRefused);
});

test('tokens carry the person id, our audience and the organization scope', async () => {
  const id = await account('claims@door.test');
  await realm.root.call((api) =>
    api.users.update(
      { id },
      { username: 'claims@door.test', email: 'claims@door.test', attributes: { person_id: ['p-1'] } },
    ),
  );
  const step = await signIn('claims@door.test');
  const { access_token: token } = await step.redeem(step.url);
  expect(decodeJwt(token)).toMatchObject({ person_id: 'p-1', aud: expect.stringContaining('drawbridge') });
});

test('the runtime account reads users and not the realm, and the connections account alone manages providers', async () => {
  const as = (clientId: string) =>
    createKeycloakAdmin({
      url: realm.adminUrl,
      realm: realm.realm,
      credentials: { clientId, clientSecret: REALM_CONFIG.runtimeClientSecret! },
    });
  const runtime = as('drawbridge-runtime');
  expect(await runtime.call((api) => api.users.count())).toBeGreaterThan(0);
  await expect(runtime.call((api) => api.identityProviders.del({ alias: 'none' }))).rejects.toMatchObject({
    status: 403,
  });
  await expect(runtime.call((api) => api.clients.create({ clientId: 'x' }))).rejects.toMatchObject({ status: 403 });
  await expect(
    as('drawbridge-connections').call((api) => api.identityProviders.del({ alias: 'none' })),
  ).rejects.toMatchObject({ status: 404 });
});

test('tells a dead Keycloak from a refusal, and a wrong secret from both', async () => {
  const credentials = { clientId: 'drawbridge-runtime', clientSecret: 'wrong' };
  const wrong = createKeycloakAdmin({ url: realm.adminUrl, realm: realm.realm, credentials });
  await expect(wrong.call((api) => api.users.count())).rejects.toMatchObject({ name: 'KeycloakRefused', status: 401 });
  const dead = createKeycloakAdmin({ url: 'http://127.0.0.1:9', realm: realm.realm, credentials });
  await expect(dead.call((api) => api.users.count())).rejects.toThrow(KeycloakUnreachable);
});

test('goes on after its token was taken away', async () => {
  const credentials = { clientId: 'drawbridge-runtime', clientSecret: REALM_CONFIG.runtimeClientSecret! };
  const admin = createKeycloakAdmin({ url: realm.adminUrl, realm: realm.realm, credentials });
  await admin.call((api) => api.users.count());
  const [client] = await realm.root.call((api) => api.clients.find({ clientId: 'drawbridge-runtime' }));
  const { id } = await realm.root.call((api) => api.clients.getServiceAccountUser({ id: client!.id! }));
  await realm.root.call((api) => api.users.logout({ id: id! }));
  expect(await admin.call((api) => api.users.count())).toBeGreaterThanOrEqual(0);
});
