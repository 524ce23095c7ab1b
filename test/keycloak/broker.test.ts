// A sign-in through Drawbridge as Keycloak sees it: prepared people pass untouched, strangers are refused, and tokens say
// at the first login what was projected (field notes 12).
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectOrganization } from '../../src/keycloak/project-organization.ts';
import { projectPerson } from '../../src/keycloak/project-person.ts';
import { REALM_CONFIG, type Setup, setup } from './keycloak-setup.ts';
import { createBrowser, startSignIn } from './open-session.ts';
import { startToldProvider } from './told-provider.ts';

let t: Setup;
let provider: Awaited<ReturnType<typeof startToldProvider>>;
beforeAll(async () => {
  provider = await startToldProvider(REALM_CONFIG.providerSecret);
  t = await setup({ ...REALM_CONFIG, baseUrl: provider.baseUrl });
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
  await provider.close();
});

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());

async function prepared(key: string, address: string, options: { invited?: boolean } = {}) {
  const org = await t.organization(key, key.toUpperCase());
  if (!options.invited) await t.connection(org);
  const person = await t.person(address, 'Ada', options.invited);
  await t.joinTeam(org, await t.member(org, person));
  await projectOrganization(t.keycloak, org);
  await projectPerson(t.keycloak, person, { endSessions: false });
  return { org, person };
}

const told = (person: string, address: string, connection: string) => ({
  sub: person,
  email: address,
  email_verified: true,
  given_name: 'Ada',
  family_name: 'Lovelace',
  db_connection: connection,
  // A text, as our provider sends it: the mapper takes nothing else.
  db_login_at: '1800000000',
});

test('a typed address leads to the company and back, and the first token says organization, team and role', async () => {
  const { person } = await prepared('typed', 'ada@typed.test');
  provider.tell(told(person, 'ada@typed.test', 'connection-1'));
  const start = await startSignIn(t, { scope: 'openid organization:*' });
  const browser = createBrowser();
  const first = await browser.go(start.url);
  const end = await browser.submit(first.page, { username: 'ada@typed.test' });
  expect(provider.asked().get('login_hint')).toBe('ada@typed.test');
  const tokens = await start.redeem(end.url);
  expect(claimsOf(tokens.access_token)).toMatchObject({
    person_id: person,
    organization: {
      typed: { id: expect.any(String), groups: expect.arrayContaining(['/engineering', '/roles/member']) },
    },
    db_connection: 'connection-1',
    db_login_at: 1_800_000_000,
  });
});

test('nobody who was not prepared gets in, and the page says what to do', async () => {
  await prepared('strange', 'ada@strange.test');
  provider.tell(told('somebody-else', 'stranger@strange.test', 'connection-2'));
  const start = await startSignIn(t, { kc_idp_hint: 'sso-strange' });
  const end = await createBrowser().go(start.url);
  expect(end.status).toBe(401);
  expect(end.page).toContain('Ask your administrator to add you');
  expect(await t.root.call((api) => api.users.find({ email: 'stranger@strange.test', exact: true }))).toEqual([]);
});

test('an unlinked account of the same address is not taken over by a sign-in', async () => {
  await prepared('same', 'ada@same.test');
  await t.root.call((api) => api.users.create({ username: 'eve@same.test', email: 'eve@same.test', enabled: true }));
  provider.tell(told('eve-upstream', 'eve@same.test', 'connection-3'));
  const start = await startSignIn(t, { kc_idp_hint: 'sso-same' });
  expect((await createBrowser().go(start.url)).status).toBe(401);
});

test('an invited person chooses a password inside Keycloak and is in', async () => {
  const { person } = await prepared('welcome', 'guest@elsewhere.example', { invited: true });
  provider.tell(told(person, 'guest@elsewhere.example', 'invitation'));
  const start = await startSignIn(t, { kc_idp_hint: 'invitation', prompt: 'login', scope: 'openid organization:*' });
  const browser = createBrowser();
  const page = await browser.go(start.url);
  expect(page.page).toContain('password-new');
  const short = await browser.submit(page.page, { 'password-new': 'short', 'password-confirm': 'short' });
  expect(short.page).toContain('minimum length 12');
  const password = 'correct horse battery staple';
  const end = await browser.submit(short.page, { 'password-new': password, 'password-confirm': password });
  expect(claimsOf((await start.redeem(end.url)).access_token)).toMatchObject({
    person_id: person,
    organization: { welcome: {} },
  });
});

test('a second factor that the role demands is asked for after the company, too', async () => {
  const { person } = await prepared('factor', 'ada@factor.test');
  const id = await t.accountOf(person);
  const role = await t.root.call((api) => api.roles.findOneByName({ name: 'mfa-required' }));
  await t.root.call((api) => api.users.addRealmRoleMappings({ id, roles: [{ id: role!.id!, name: role!.name! }] }));
  provider.tell(told(person, 'ada@factor.test', 'connection-4'));
  const start = await startSignIn(t, { kc_idp_hint: 'sso-factor' });
  const end = await createBrowser().go(start.url);
  expect(end.url).not.toContain('code=');
  expect(end.page).toContain('totp');
});

test("only members see their company's button, after the address", async () => {
  const { person } = await prepared('button', 'ada@button.test');
  const id = await t.accountOf(person);
  const credential = { type: 'password', value: 'correct horse battery staple', temporary: false };
  await t.root.call((api) => api.users.resetPassword({ id, credential }));
  const pageFor = async (address: string) => {
    const browser = createBrowser();
    const first = await browser.go((await startSignIn(t)).url);
    expect(first.page).not.toContain('social-sso-');
    return (await browser.submit(first.page, { username: address })).page;
  };
  expect(await pageFor('ada@button.test')).toContain('social-sso-button');
  expect(await pageFor('stranger@nowhere.example')).not.toContain('social-sso-');
});
