// A real Keycloak's access token as a credential of the API, and its other tokens, which are none.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../src/db/database.ts';
import { createAccessTokenVerifier } from '../../src/http/access-token.ts';
import { createKeycloakAdmin } from '../../src/keycloak/admin.ts';
import type { Keycloak } from '../../src/keycloak/keycloak.ts';
import { projectPerson } from '../../src/keycloak/project-person.ts';
import { makeRealm, REALM_CONFIG } from '../keycloak/keycloak-setup.ts';
import { openSession } from '../keycloak/open-session.ts';
import { createTestClock, type Json, type MadeOrganization, type Setup, setup } from '../support/server.ts';

let realm: Awaited<ReturnType<typeof makeRealm>>;
let t: Setup;
let workerDb: Database;
let acme: MadeOrganization;
let admin: Json;
let tokens: { access_token: string; refresh_token: string; id_token?: string };

beforeAll(async () => {
  realm = await makeRealm();
  const { adminUrl: url, realm: name } = realm;
  t = await setup({ verifyAccessToken: createAccessTokenVerifier({ url, realm: name }, createTestClock()) });
  acme = await t.make.organization('acme');
  admin = await t.make.member(acme, { role: 'admin' });
  workerDb = new Database(t.database.workerUrl, { size: 4 });
  const account = (clientId: string, clientSecret = '') =>
    createKeycloakAdmin({ url, realm: name, credentials: { clientId, clientSecret } });
  const keycloak: Keycloak = {
    db: workerDb,
    runtime: account('drawbridge-runtime', REALM_CONFIG.runtimeClientSecret),
    connections: account('drawbridge-connections', REALM_CONFIG.connectionsClientSecret),
    provider: REALM_CONFIG,
    appUrl: REALM_CONFIG.appUrl ?? '',
  };
  await projectPerson(keycloak, admin.personId, { endSessions: false });
  const [row] = await workerDb.realm<{ keycloak_id: string }>({
    text: `select keycloak_id from keycloak_id where kind = 'person' and id = $1`,
    values: [admin.personId],
  });
  ({ tokens } = await openSession({ realm, root: realm.root }, row?.keycloak_id ?? ''));
}, 300_000);
afterAll(async () => {
  await workerDb?.close();
  await t?.[Symbol.asyncDispose]();
  await realm?.[Symbol.asyncDispose]();
});

const members = '/v1/organizations/acme/members';

test('the access token of a signed-in admin opens what their role opens, and nothing else', async () => {
  const key = tokens.access_token;
  expect((await t.call('GET', members, { key })).status).toBe(200);
  expect((await t.call('GET', '/v1/organizations/acme/connections', { key })).status).toBe(403);
  expect((await t.call('GET', '/v1/organizations', { key })).status).toBe(403);
  const { body } = await t.call('POST', '/v1/access/check', {
    key,
    body: { organization: 'acme', permission: 'member.manage' },
  });
  expect(body).toMatchObject({ allowed: true, member: { id: admin.id, role: 'admin' } });
});

test('the application may ask about the person by that token', async () => {
  const body = { organization: 'acme', subjectToken: tokens.access_token, permission: 'connection.manage' };
  const answer = await t.call('POST', '/v1/access/check', { key: acme.ownerKey, body });
  expect(answer.body).toMatchObject({ allowed: false, reasons: [{ code: 'permission_missing' }] });
});

test('the ID token and the refresh token of the same sign-in open nothing', async () => {
  for (const key of [tokens.refresh_token, tokens.id_token ?? '']) {
    expect((await t.call('GET', members, { key })).status).toBe(401);
  }
});

test('suspension shuts the API at once, though the token lives on', async () => {
  const one = `${members}/${admin.id}`;
  await t.call('POST', `${one}/suspend`, { key: acme.ownerKey, body: { reason: 'x' } });
  expect((await t.call('GET', members, { key: tokens.access_token })).status).toBe(404);
});
