// The realms that play companies' identity providers: what a connection is made from, twice the same.
import { randomBytes } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { type CompanyRealmInput, ensureCompanyRealm, externalIdOf } from '../../src/dev/company-realms.ts';
import { administratorOf } from '../../src/keycloak/bootstrap.ts';
import { getTestKeycloak } from '../support/keycloak.ts';

const part = await getTestKeycloak();
const keycloakUrl = part.url.replace('127.0.0.1', 'localhost');
const realms: string[] = [];
const ADA = {
  email: 'ada@acme.test',
  password: 'ada',
  givenName: 'Ada',
  familyName: 'Lovelace',
  groups: ['Engineering'],
};

afterAll(async () => {
  for (const realm of realms) await root(realm).remove((api) => api.realms.del({ realm }));
});

const root = (realm: string) => administratorOf({ ...part, adminUrl: part.url, realm });

function input(client: CompanyRealmInput['client']): CompanyRealmInput {
  const realm = `company-${randomBytes(4).toString('hex')}`;
  realms.push(realm);
  return { ...part, keycloakUrl, realm, displayName: 'Acme', employees: [ADA], client };
}

test('a SAML company gives metadata of the other site, and takes new addresses and employees', async () => {
  const saml = input({
    protocol: 'saml',
    spEntityId: 'http://127.0.0.1:9/saml',
    acsUrl: 'http://127.0.0.1:9/acs',
    sloUrl: 'http://127.0.0.1:9/slo',
    nameId: 'persistent',
  });
  const made = await ensureCompanyRealm(saml);
  const metadata = await (await fetch(made.protocol === 'saml' ? made.metadataUrl : '')).text();
  expect(metadata).toContain(`entityID="${keycloakUrl}/realms/${saml.realm}"`);
  const client = { ...saml.client, acsUrl: 'http://127.0.0.1:10/acs' } as CompanyRealmInput['client'];
  const grace = { ...ADA, email: 'grace@acme.test', groups: ['Research'] };
  await ensureCompanyRealm({ ...saml, client, employees: [ADA, grace] });
  const [found] = await root(saml.realm).call((api) => api.clients.find({ clientId: 'http://127.0.0.1:9/saml' }));
  expect(found?.attributes).toMatchObject({ saml_assertion_consumer_url_post: 'http://127.0.0.1:10/acs' });
  const users = await root(saml.realm).call((api) => api.users.find());
  expect(users.map(({ email, attributes }) => [email, attributes?.external_id])).toEqual([
    ['ada@acme.test', [externalIdOf(ADA)]],
    ['grace@acme.test', [externalIdOf(grace)]],
  ]);
});

test('an OIDC company answers discovery under the issuer that it gives', async () => {
  const redirectUri = 'http://127.0.0.1:9/callback';
  const made = await ensureCompanyRealm(
    input({
      protocol: 'oidc',
      clientId: 'drawbridge',
      clientSecret: 'secret-0123456789',
      redirectUri,
      signedOutUri: 'http://127.0.0.1:9/signed-out',
      backchannelLogoutUri: 'http://127.0.0.1:9/backchannel-logout',
    }),
  );
  if (made.protocol !== 'oidc') throw new Error('expected OIDC');
  const discovery = await fetch(`${made.issuer}/.well-known/openid-configuration`);
  expect(await discovery.json()).toMatchObject({ issuer: made.issuer });
});
