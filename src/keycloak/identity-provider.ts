// Drawbridge as an identity provider in Keycloak's eyes: one per organization with a connection, one for invitations.
// Field notes 3.1, 12.1, 12.3 and 12.5 say why each value is as it is.
import type IdentityProviderRepresentation from '@keycloak/keycloak-admin-client/lib/defs/identityProviderRepresentation.js';
import type { KeycloakAdmin } from './admin.ts';
import { idpClientSecret, secretFingerprint } from './idp-secret.ts';
import { differences, merged } from './realm/differences.ts';
import { AFTER_BROKER_FLOW, FIRST_LOGIN_DENIED } from './realm/flow-definitions.ts';

export const INVITATION_PROVIDER = 'invitation';

export type ProviderAddress = { readonly baseUrl: string; readonly providerSecret: string };
export type IdentityProvider = IdentityProviderRepresentation & { readonly alias: string };

const NOTES_MAPPER = 'drawbridge session notes';
// Claims of our own ID token become session notes: they say which connection opened this session, and when.
const NOTES = JSON.stringify(['db_connection', 'db_login_at'].map((key) => ({ key, value: '.*' })));

/** The alias of an organization's provider in Keycloak. */
export function providerAlias(organizationKey: string): string {
  return `sso-${organizationKey}`;
}

/** The client id by which Keycloak knows itself at our OIDC provider. */
export function providerClientId(aliasOrKey: string): string {
  return `keycloak-${aliasOrKey}`;
}

/** The hidden provider that signs invited people in; only `kc_idp_hint` reaches it. */
export function invitationProvider(address: ProviderAddress): IdentityProvider {
  return provider(address, INVITATION_PROVIDER, providerClientId(INVITATION_PROVIDER), {
    displayName: 'Invitation',
    hideOnLogin: true,
  });
}

/**
 * The provider of one organization. With verified domains Keycloak redirects a typed address of any of them by itself;
 * the button is shown to members only.
 */
export function organizationProvider(
  address: ProviderAddress,
  organization: { readonly key: string; readonly displayName: string; readonly domains: readonly string[] },
): IdentityProvider {
  const { key, displayName, domains } = organization;
  const named = { displayName: `Sign in with ${displayName}`, hideOnLogin: false };
  return provider(address, providerAlias(key), providerClientId(key), named, {
    'kc.org.broker.login.hide-when-org-unknown': 'true',
    'kc.org.domain': domains.length > 0 ? 'ANY' : '',
    'kc.org.broker.redirect.mode.email-matches': String(domains.length > 0),
  });
}

function provider(
  { baseUrl, providerSecret }: ProviderAddress,
  alias: string,
  clientId: string,
  shown: { readonly displayName: string; readonly hideOnLogin: boolean },
  organization: Readonly<Record<string, string>> = {},
): IdentityProvider {
  const clientSecret = idpClientSecret(providerSecret, clientId);
  const issuer = `${baseUrl}/oidc`;
  return {
    alias,
    providerId: 'oidc',
    enabled: true,
    ...shown,
    trustEmail: true,
    storeToken: false,
    linkOnly: false,
    firstBrokerLoginFlowAlias: FIRST_LOGIN_DENIED.alias,
    postBrokerLoginFlowAlias: AFTER_BROKER_FLOW.alias,
    config: {
      issuer,
      authorizationUrl: `${issuer}/auth`,
      tokenUrl: `${issuer}/token`,
      jwksUrl: `${issuer}/jwks`,
      logoutUrl: `${issuer}/session/end`,
      useJwksUrl: 'true',
      validateSignature: 'true',
      clientId,
      clientSecret,
      // Keycloak masks the secret when it is read, so a rotated one is noticed by this.
      secretFingerprint: secretFingerprint(clientSecret),
      clientAuthMethod: 'client_secret_post',
      defaultScope: 'openid email profile',
      pkceEnabled: 'true',
      pkceMethod: 'S256',
      syncMode: 'FORCE',
      disableUserInfo: 'true',
      loginHint: 'true',
      uiLocales: 'true',
      passMaxAge: 'true',
      // The browser itself comes by us when it logs out, so that we can take it to the company's logout.
      backchannelSupported: 'false',
      sendIdTokenOnLogout: 'true',
      sendClientIdOnLogout: 'true',
      allowedClockSkew: '10',
      ...organization,
    },
  };
}

/** What differs, in words. `actual` undefined means that it is missing. */
export function providerDifferences(
  desired: IdentityProvider,
  actual: IdentityProviderRepresentation | undefined,
): string[] {
  if (!actual) return ['missing'];
  const { clientSecret: _masked, ...config } = desired.config ?? {};
  return differences({ ...desired, config: withoutEmpty(config) }, actual).concat(
    Object.entries(config).flatMap(([key, value]) => (value === '' && actual.config?.[key] ? [`config.${key}`] : [])),
  );
}

/** Writes the whole provider; made, if it is missing. */
export async function writeProvider(
  admin: KeycloakAdmin,
  desired: IdentityProvider,
  actual: IdentityProviderRepresentation | undefined,
): Promise<void> {
  const { alias } = desired;
  if (actual) await admin.call((api) => api.identityProviders.update({ alias }, merged(actual, desired)));
  else await admin.call((api) => api.identityProviders.create(desired));
}

/** Whether the mapper that turns our claims into session notes is as it must be; `write` makes it so. */
export async function notesMapper(
  admin: KeycloakAdmin,
  alias: string,
): Promise<{ asWished: boolean; write: () => Promise<void> }> {
  const desired = {
    name: NOTES_MAPPER,
    identityProviderAlias: alias,
    identityProviderMapper: 'oidc-user-session-note-idp-mapper',
    config: { syncMode: 'FORCE', claims: NOTES, 'are.claim.values.regex': 'true' },
  };
  const mappers = (await admin.find((api) => api.identityProviders.findMappers({ alias }))) ?? [];
  const actual = mappers.find(({ name }) => name === NOTES_MAPPER);
  return {
    asWished: actual !== undefined && differences(desired, actual).length === 0,
    async write() {
      if (actual?.id) {
        const id = actual.id;
        await admin.call((api) => api.identityProviders.updateMapper({ alias, id }, { ...actual, ...desired }));
      } else await admin.call((api) => api.identityProviders.createMapper({ alias, identityProviderMapper: desired }));
    },
  };
}

function withoutEmpty(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== ''));
}
