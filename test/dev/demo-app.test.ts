import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type DemoApp, startDemoApp } from '../../src/dev/demo-app.ts';
import { bootstrapRealm, ensureApplicationClient } from '../../src/keycloak/bootstrap.ts';
import { getTestKeycloak } from '../support/keycloak.ts';

const PASSWORD = 'Correct-horse-7-battery';
const realm = `demo-app-${randomBytes(4).toString('hex')}`;

let app: DemoApp;
let keycloakUrl: string;
let adminToken: string;

beforeAll(async () => {
  const keycloak = await getTestKeycloak();
  keycloakUrl = keycloak.url;
  const access = { ...keycloak, adminUrl: keycloak.url, realm };
  await bootstrapRealm({
    ...access,
    config: { baseUrl: 'http://127.0.0.1:1', providerSecret: randomBytes(32).toString('hex') },
  });
  app = await startDemoApp({ port: 0, keycloakUrl, realm, clientId: 'demo' });
  await ensureApplicationClient(access, {
    clientId: 'demo',
    name: 'Demo',
    url: app.url,
    redirectUris: [`${app.url}/*`],
  });
  adminToken = await takeAdminToken(keycloak);
  await populate();
});
afterAll(() => app?.stop());

async function takeAdminToken(admin: { adminUser: string; adminPassword: string }): Promise<string> {
  const response = await fetch(`${keycloakUrl}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: admin.adminUser,
      password: admin.adminPassword,
    }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

/** The id of what was made. */
async function make(path: string, body: unknown, method = 'POST'): Promise<string> {
  const response = await fetch(`${keycloakUrl}/admin/realms/${realm}/${path}`, {
    method,
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return response.headers.get('location')?.split('/').at(-1) ?? (text ? JSON.parse(text).id : '');
}

/** Ada <script> of Acme: one team, one role. */
async function populate(): Promise<void> {
  const ada = await make('users', {
    username: 'ada@acme.test',
    email: 'ada@acme.test',
    emailVerified: true,
    enabled: true,
    firstName: 'Ada',
    lastName: '<b>Lovelace',
    attributes: { person_id: ['0190a000-0000-7000-8000-000000000001'] },
    credentials: [{ type: 'password', value: PASSWORD, temporary: false }],
  });
  const acme = await make('organizations', { name: 'acme', alias: 'acme', domains: [{ name: 'acme.test' }] });
  await make(`organizations/${acme}/members`, ada);
  const team = await make(`organizations/${acme}/groups`, { name: 'engineering' });
  const roles = await make(`organizations/${acme}/groups`, { name: 'roles' });
  const admin = await make(`organizations/${acme}/groups/${roles}/children`, { name: 'admin' });
  for (const group of [team, admin]) await make(`organizations/${acme}/groups/${group}/members/${ada}`, {}, 'PUT');
}

/** A browser's cookies and redirects, without the browser. */
function openBrowser() {
  const jar = new Map<string, string>();
  const visit = async (
    address: string,
    form?: Record<string, string>,
  ): Promise<{ url: string; status: number; text: string }> => {
    const response = await fetch(address, {
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      jar.set(name, value);
    }
    const next = response.headers.get('location');
    if (next !== null) return visit(new URL(next, address).href);
    return { url: address, status: response.status, text: await response.text() };
  };
  const submit = (shown: { text: string }, form: Record<string, string>) => {
    const action = /action="([^"]+)"/.exec(shown.text)?.[1] ?? '';
    return visit(action.replaceAll('&amp;', '&'), form);
  };
  return { visit, submit };
}

async function signIn(browser: ReturnType<typeof openBrowser>) {
  const login = await browser.visit(`${app.url}/login?login_hint=ada%40acme.test`);
  expect(login.text).toContain('value="ada@acme.test"');
  const next = await browser.submit(login, { username: 'ada@acme.test' });
  return browser.submit(next, { username: 'ada@acme.test', password: PASSWORD });
}

test('shows the person, the organization with teams and role, and the claims, escaped', async () => {
  const browser = openBrowser();
  expect((await browser.visit(`${app.url}/me.json`)).status).toBe(401);
  const shown = await signIn(browser);
  expect(shown.url).toBe(`${app.url}/`);
  expect(shown.text).toContain('Ada &lt;b&gt;Lovelace');
  expect(shown.text).toMatch(
    /data-organization="acme"[\s\S]*class="roles"><span class="tag">admin<[\s\S]*class="teams"><span class="tag">engineering</,
  );
  const claims = JSON.parse((await browser.visit(`${app.url}/me.json`)).text);
  expect(claims).toMatchObject({
    person_id: '0190a000-0000-7000-8000-000000000001',
    organization: { acme: { groups: expect.arrayContaining(['/engineering', '/roles/admin']) } },
  });
  const printed = /<pre id="claims">([\s\S]*?)<\/pre>/.exec(shown.text)?.[1] ?? '';
  expect(JSON.parse(printed.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>'))).toEqual(claims);
});

test('signing out ends the session here and at Keycloak', async () => {
  const browser = openBrowser();
  await signIn(browser);
  const out = await browser.visit(`${app.url}/logout`);
  expect(out.text).toContain('id="sign-in"');
  expect((await browser.visit(`${app.url}/me.json`)).status).toBe(401);
  expect((await browser.visit(`${app.url}/login`)).text).toContain('name="username"');
});

test('a refusal is shown plainly, with a way to try again', async () => {
  const query = 'error=access_denied&error_description=Your+company+%3Cdid%3E+not+let+you+in';
  const shown = await openBrowser().visit(`${app.url}/callback?${query}`);
  expect(shown.status).toBe(400);
  expect(shown.text).toContain('Your company &lt;did&gt; not let you in');
  expect(shown.text).toContain('<span id="error">access_denied</span>');
  expect(shown.text).toContain('href="/login">Try again');
});

test('a sign-in that another browser began does not come in here', async () => {
  const answer = await fetch(`${app.url}/login?kc_idp_hint=invitation`, { redirect: 'manual' });
  const begun = new URL(answer.headers.get('location') ?? '');
  expect(begun.searchParams.get('kc_idp_hint')).toBe('invitation');
  expect(begun.searchParams.get('scope')).toBe('openid organization:*');
  const other = openBrowser();
  await other.visit(`${app.url}/login`);
  const shown = await other.visit(`${app.url}/callback?code=x&state=${begun.searchParams.get('state')}`);
  expect(shown.status).toBe(400);
  expect(shown.text).toContain('not begun in this browser');
});

test('refuses to start when NODE_ENV is production', async () => {
  vi.stubEnv('NODE_ENV', 'production');
  await expect(startDemoApp({ port: 0, keycloakUrl, realm, clientId: 'demo' })).rejects.toMatchObject({
    kind: 'not_in_production',
  });
  vi.unstubAllEnvs();
});
