// A Keycloak realm that plays a company's identity provider in the demo and in tests: SAML or OIDC towards Drawbridge,
// a few employees in groups. Reached as http://localhost:PORT, another site than Drawbridge's 127.0.0.1.
import { createHash } from 'node:crypto';
import type ClientRepresentation from '@keycloak/keycloak-admin-client/lib/defs/clientRepresentation.js';
import { UnmanagedAttributePolicy } from '@keycloak/keycloak-admin-client/lib/defs/userProfileMetadata.js';
import type { KeycloakAdmin } from '../keycloak/admin.ts';
import { administratorOf } from '../keycloak/bootstrap.ts';

export type Employee = {
  readonly email: string;
  readonly password: string;
  readonly givenName: string;
  readonly familyName: string;
  readonly groups: readonly string[];
  /** The immutable id that SCIM and sign-in share; derived from the address if absent. */
  readonly externalId?: string;
};

export type CompanyRealmInput = {
  /** Keycloak as the browser sees the company's provider: `http://localhost:PORT`. */
  readonly keycloakUrl: string;
  readonly adminUser: string;
  readonly adminPassword: string;
  readonly realm: string;
  readonly displayName: string;
  readonly employees: readonly Employee[];
  readonly client:
    | {
        readonly protocol: 'saml';
        readonly spEntityId: string;
        readonly acsUrl: string;
        readonly sloUrl: string;
        readonly nameId: 'persistent' | 'email';
      }
    | {
        readonly protocol: 'oidc';
        readonly clientId: string;
        readonly clientSecret: string;
        readonly redirectUri: string;
        readonly signedOutUri: string;
        readonly backchannelLogoutUri: string;
      };
};

export type CompanyRealm =
  | { readonly protocol: 'saml'; readonly metadataUrl: string }
  | { readonly protocol: 'oidc'; readonly issuer: string; readonly clientId: string; readonly clientSecret: string };

/** The immutable id of an employee in the company's directory, as SCIM's `externalId` and a sign-in say it. */
export function externalIdOf(employee: Pick<Employee, 'email' | 'externalId'>): string {
  return employee.externalId ?? createHash('sha256').update(employee.email.toLowerCase()).digest('hex').slice(0, 32);
}

/** Makes the realm, its client, groups and employees, or adds what is missing; gives what a connection is made from. */
export async function ensureCompanyRealm(input: CompanyRealmInput): Promise<CompanyRealm> {
  const { realm, keycloakUrl } = input;
  const admin = administratorOf({ ...input, adminUrl: keycloakUrl });
  await ensureRealm(admin, input);
  await ensureClient(admin, input.client.protocol === 'saml' ? samlClient(input.client) : oidcClient(input.client));
  await ensureEmployees(admin, input.employees);
  const issuer = `${keycloakUrl}/realms/${realm}`;
  if (input.client.protocol === 'oidc') {
    return { protocol: 'oidc', issuer, clientId: input.client.clientId, clientSecret: input.client.clientSecret };
  }
  return { protocol: 'saml', metadataUrl: `${issuer}/protocol/saml/descriptor` };
}

/** The address is part of the issuer, so it is written again: a port may have given way to another. */
async function ensureRealm(
  admin: KeycloakAdmin,
  { realm, displayName, keycloakUrl }: CompanyRealmInput,
): Promise<void> {
  const actual = await admin.find((api) => api.realms.findOne({ realm }));
  const attributes = { ...actual?.attributes, frontendUrl: keycloakUrl };
  if (actual) {
    await admin.call((api) => api.realms.update({ realm }, { attributes }));
    return;
  }
  await admin.call((api) => api.realms.create({ realm, displayName, enabled: true, attributes }));
  admin.forgetToken();
  const profile = await admin.call((api) => api.users.getProfile());
  const unmanagedAttributePolicy = UnmanagedAttributePolicy.AdminEdit;
  await admin.call((api) => api.users.updateProfile({ ...profile, unmanagedAttributePolicy }));
}

type CompanyClient = ClientRepresentation & { readonly clientId: string };

function samlClient(client: Extract<CompanyRealmInput['client'], { protocol: 'saml' }>): CompanyClient {
  const property = (name: string, attribute: string) =>
    samlMapper(name, 'saml-user-property-mapper', { 'user.attribute': attribute });
  return {
    clientId: client.spEntityId,
    name: 'Drawbridge',
    protocol: 'saml',
    enabled: true,
    frontchannelLogout: true,
    fullScopeAllowed: false,
    redirectUris: [client.acsUrl],
    defaultClientScopes: [],
    attributes: {
      saml_assertion_consumer_url_post: client.acsUrl,
      saml_single_logout_service_url_post: client.sloUrl,
      saml_name_id_format: client.nameId,
      'saml.force.name.id.format': 'true',
      'saml.assertion.signature': 'true',
      'saml.server.signature': 'true',
      'saml.client.signature': 'false',
      'saml.force.post.binding': 'true',
      'saml.authnstatement': 'true',
      'saml.signature.algorithm': 'RSA_SHA256',
      'saml.encrypt': 'false',
    },
    protocolMappers: [
      property('email', 'email'),
      property('givenName', 'firstName'),
      property('surname', 'lastName'),
      samlMapper('externalId', 'saml-user-attribute-mapper', { 'user.attribute': 'external_id' }),
      samlMapper('groups', 'saml-group-membership-mapper', { single: 'true', 'full.path': 'false' }),
    ],
  };
}

function samlMapper(name: string, type: string, config: Record<string, string>) {
  const named = { 'attribute.name': name, 'attribute.nameformat': 'Basic', 'friendly.name': name };
  return { name, protocol: 'saml', protocolMapper: type, config: { ...named, ...config } };
}

function oidcClient(client: Extract<CompanyRealmInput['client'], { protocol: 'oidc' }>): CompanyClient {
  const claims = { 'id.token.claim': 'true', 'access.token.claim': 'true', 'userinfo.token.claim': 'true' };
  return {
    clientId: client.clientId,
    name: 'Drawbridge',
    protocol: 'openid-connect',
    enabled: true,
    secret: client.clientSecret,
    publicClient: false,
    standardFlowEnabled: true,
    directAccessGrantsEnabled: false,
    fullScopeAllowed: false,
    redirectUris: [client.redirectUri],
    attributes: {
      'pkce.code.challenge.method': 'S256',
      'post.logout.redirect.uris': client.signedOutUri,
      'backchannel.logout.url': client.backchannelLogoutUri,
      'backchannel.logout.session.required': 'true',
    },
    protocolMappers: [
      {
        name: 'groups',
        protocol: 'openid-connect',
        protocolMapper: 'oidc-group-membership-mapper',
        config: { 'claim.name': 'groups', 'full.path': 'false', ...claims },
      },
      {
        name: 'externalId',
        protocol: 'openid-connect',
        protocolMapper: 'oidc-usermodel-attribute-mapper',
        config: { 'user.attribute': 'external_id', 'claim.name': 'externalId', 'jsonType.label': 'String', ...claims },
      },
    ],
  };
}

/** Addresses change when a port gave way to another, so a client that is there is written again. */
async function ensureClient(admin: KeycloakAdmin, desired: CompanyClient): Promise<void> {
  const [actual] = await admin.call((api) => api.clients.find({ clientId: desired.clientId }));
  if (!actual?.id) {
    await admin.call((api) => api.clients.create(desired));
    return;
  }
  const id = actual.id;
  const { protocolMappers: _kept, defaultClientScopes: _too, ...settings } = desired;
  const attributes = { ...actual.attributes, ...desired.attributes };
  await admin.call((api) => api.clients.update({ id }, { ...actual, ...settings, attributes }));
}

async function ensureEmployees(admin: KeycloakAdmin, employees: readonly Employee[]): Promise<void> {
  for (const name of new Set(employees.flatMap(({ groups }) => groups))) {
    await admin.ensure((api) => api.groups.create({ name }));
  }
  for (const employee of employees) {
    const { email } = employee;
    await admin.ensure((api) =>
      api.users.create({
        username: email,
        email,
        emailVerified: true,
        enabled: true,
        firstName: employee.givenName,
        lastName: employee.familyName,
        attributes: { external_id: [externalIdOf(employee)] },
        groups: employee.groups.map((group) => `/${group}`),
        credentials: [{ type: 'password', value: employee.password, temporary: false }],
      }),
    );
  }
}
