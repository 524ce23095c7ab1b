// Keycloak's own SCIM API, ready for the load: a build of its own with the preview feature, a realm with SCIM on, and a
// service account whose token carries the SCIM base URL as audience (both are needed, or it answers 404 and 401).

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ensureKeycloak, startKeycloak } from '../../src/dev/keycloak-server.ts';
import { findFreePort } from '../../src/dev/ports.ts';
import type { Server } from './load-driver.ts';

const REALM = 'bench';
/** What the load sends and Keycloak would drop, since its user profile has no place for it by default. */
const KEPT = ['externalId', 'displayName'];
/** The token must outlive the run. */
const TOKEN_SECONDS = 3 * 3600;

export async function startKeycloakScim(input: {
  readonly databaseUrl: string;
  readonly folder: string;
  readonly log: (line: string) => void;
}): Promise<{ readonly server: Server; readonly pid: number; stop(): Promise<void> }> {
  const { home } = await ensureKeycloak({ log: input.log, features: ['scim-api'] });
  const admin = { adminUser: 'admin', adminPassword: randomBytes(18).toString('base64url') };
  const keycloak = await startKeycloak({
    home,
    databaseUrl: input.databaseUrl,
    port: await findFreePort(),
    managementPort: await findFreePort(),
    ...admin,
    logFile: join(input.folder, 'keycloak.log'),
    forLoad: true,
  });
  const baseUrl = `${keycloak.url}/realms/${REALM}/scim/v2`;
  const secret = randomBytes(18).toString('base64url');
  const adminToken = await fetchToken(keycloak.url, 'master', {
    grant_type: 'password',
    client_id: 'admin-cli',
    username: admin.adminUser,
    password: admin.adminPassword,
  });
  await prepareRealm(`${keycloak.url}/admin/realms`, adminToken, baseUrl, secret);
  const token = await fetchToken(keycloak.url, REALM, {
    grant_type: 'client_credentials',
    client_id: 'scim',
    client_secret: secret,
  });
  return { server: { name: 'Keycloak', baseUrl, token }, pid: keycloak.pid, stop: keycloak.stop };
}

async function prepareRealm(realms: string, token: string, audience: string, secret: string): Promise<void> {
  const call = (method: string, path: string, body?: unknown) => askAdmin(`${realms}${path}`, token, method, body);
  await call('POST', '', {
    realm: REALM,
    enabled: true,
    scimApiEnabled: true,
    accessTokenLifespan: TOKEN_SECONDS,
    ssoSessionMaxLifespan: TOKEN_SECONDS,
  });
  await call('POST', `/${REALM}/clients`, {
    clientId: 'scim',
    secret,
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
    protocolMappers: [
      {
        name: 'audience',
        protocol: 'openid-connect',
        protocolMapper: 'oidc-audience-mapper',
        config: { 'included.custom.audience': audience, 'access.token.claim': 'true' },
      },
    ],
  });
  const profile = (await call('GET', `/${REALM}/users/profile`)) as { attributes: unknown[] };
  profile.attributes.push(...KEPT.map((name) => mappedAttribute(name)));
  await call('PUT', `/${REALM}/users/profile`, profile);
  const clientId = async (name: string) =>
    ((await call('GET', `/${REALM}/clients?clientId=${name}`)) as { id: string }[])[0]?.id;
  const management = await clientId('realm-management');
  const account = (await call('GET', `/${REALM}/clients/${await clientId('scim')}/service-account-user`)) as {
    id: string;
  };
  const role = await call('GET', `/${REALM}/clients/${management}/roles/manage-users`);
  await call('POST', `/${REALM}/users/${account.id}/role-mappings/clients/${management}`, [role]);
}

function mappedAttribute(name: string): object {
  const permissions = { view: ['admin'], edit: ['admin'] };
  return { name, permissions, annotations: { 'kc.scim.schema.attribute': name } };
}

async function askAdmin(url: string, token: string, method: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`Keycloak refused ${method} ${url}: ${response.status} ${text.slice(0, 300)}`);
  return text === '' ? undefined : JSON.parse(text);
}

async function fetchToken(url: string, realm: string, form: Record<string, string>): Promise<string> {
  const response = await fetch(`${url}/realms/${realm}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
  const answer = (await response.json()) as { access_token?: string };
  if (answer.access_token === undefined) throw new Error(`Keycloak gave no token: ${JSON.stringify(answer)}`);
  return answer.access_token;
}
