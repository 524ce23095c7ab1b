// What is known of the identity providers that companies have: what they sign, which NameID and scopes suit them, and
// what their administrator does. Data only; the names of their attributes and claims stand in evidence-aliases.ts.
import { aliasesFor, EVIDENCE_PRESETS, type EvidenceField, type EvidencePreset } from '../evidence-aliases.ts';
import type { Connection } from './connection.ts';

type SamlPreset = {
  /** Asked for in requests; undefined leaves the choice to the provider. */
  readonly nameIdFormat?: string;
  /** What it signs as it is delivered. */
  readonly signedPart: 'assertion' | 'either';
  /** In order. `{name}` stands for a value that the company enters (`setupValues`). */
  readonly steps: readonly string[];
};

type OidcPreset = { readonly scopes: readonly string[]; readonly steps: readonly string[] };

type Preset = { readonly displayName: string; readonly saml: SamlPreset; readonly oidc: OidcPreset };

const PERSISTENT = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent';
const GIVE_METADATA_URL =
  'Give the address of its metadata to Drawbridge as metadataUrl, so that new certificates are taken in by themselves; metadataXml takes a file.';
const GIVE_ISSUER = 'Give issuer, clientId and clientSecret to Drawbridge.';

export const PRESETS: Readonly<Record<EvidencePreset, Preset>> = {
  entra: {
    displayName: 'Microsoft Entra ID',
    saml: {
      signedPart: 'assertion',
      steps: [
        'Entra admin center > Enterprise applications > New application > Create your own > Integrate any other application.',
        'Single sign-on > SAML > Basic configuration: Identifier {entityId}, Reply URL {acsUrl}. "Upload metadata file" takes {metadataUrl}.',
        'Attributes & Claims: leave user.userprincipalname as NameID, and add the claim objectidentifier (user.objectid) if the directory sends objectId as externalId.',
        'Attributes & Claims > Add a group claim: "Groups assigned to the application", source attribute Group ID.',
        'SAML Certificates: copy the App Federation Metadata Url and give it to Drawbridge as metadataUrl.',
        'Users and groups: assign the people who may sign in.',
      ],
    },
    oidc: {
      scopes: ['email', 'profile'],
      steps: [
        'Entra admin center > App registrations > New registration, accounts in this directory only, platform Web, redirect URI {redirectUri}.',
        'Authentication: front-channel logout stays empty; add {signedOutUri} as a redirect URI.',
        'Certificates & secrets: make a client secret, and note when it ends.',
        'Token configuration: add the optional claims email, upn and xms_edov to the ID token, and a groups claim with Group ID.',
        'Give Drawbridge the issuer https://login.microsoftonline.com/<tenant id>/v2.0, the client ID and the secret.',
      ],
    },
  },
  okta: {
    displayName: 'Okta',
    saml: {
      signedPart: 'assertion',
      steps: [
        'Okta admin console > Applications > Create App Integration > SAML 2.0.',
        'Single sign-on URL {acsUrl}, Audience URI {entityId}, Name ID format Persistent or EmailAddress.',
        'Attribute statements: email = user.email, firstName = user.firstName, lastName = user.lastName, userName = user.login.',
        'Group attribute statement: name groups, with a filter that fits the groups that matter (a broad one is cut off).',
        'Sign On tab: copy the Metadata URL and give it to Drawbridge as metadataUrl.',
        'Assignments: assign the people or groups who may sign in.',
      ],
    },
    oidc: {
      scopes: ['email', 'profile', 'groups'],
      steps: [
        'Okta admin console > Applications > Create App Integration > OIDC, Web Application, grant Authorization Code.',
        'Sign-in redirect URI {redirectUri}, sign-out redirect URI {signedOutUri}.',
        'Sign On tab > OpenID Connect ID Token: a groups claim named groups with a filter that fits the groups that matter.',
        'Give Drawbridge the issuer https://<your domain>.okta.com, the client ID and the secret.',
        'Assignments: assign the people or groups who may sign in.',
      ],
    },
  },
  google: {
    displayName: 'Google Workspace',
    saml: {
      signedPart: 'either',
      steps: [
        'Google Admin console > Apps > Web and mobile apps > Add app > Add custom SAML app.',
        'Download the IdP metadata and give it to Drawbridge as metadataXml; Google publishes it at no address, so a new certificate has to be brought by hand.',
        'ACS URL {acsUrl}, Entity ID {entityId}, Name ID format PERSISTENT or EMAIL, Name ID Basic Information > Primary email.',
        'Attribute mapping: Primary email = email, First name = firstName, Last name = lastName.',
        'Group membership: choose the groups that matter, app attribute groups.',
        'Switch the app on for the organizational units or groups who may sign in.',
      ],
    },
    oidc: {
      scopes: ['email', 'profile'],
      steps: [
        'Google Cloud console > APIs & Services > OAuth consent screen: Internal, so that only your own people get in.',
        'Credentials > Create credentials > OAuth client ID > Web application, authorized redirect URI {redirectUri}.',
        'Give Drawbridge the issuer https://accounts.google.com, the client ID and the secret.',
        'Google sends no groups over OpenID Connect: use SAML or a directory where groups decide access.',
      ],
    },
  },
  adfs: {
    displayName: 'AD FS',
    saml: {
      signedPart: 'assertion',
      steps: [
        'AD FS Management > Relying Party Trusts > Add > Claims aware > import {metadataUrl}, or enter the identifier {entityId} and the SAML endpoint {acsUrl} by hand.',
        'Issuance rule: send LDAP attributes E-Mail-Addresses, Given-Name, Surname, User-Principal-Name, and Token-Groups as Group.',
        'Issuance rule: transform UPN (or an immutable attribute) into Name ID, format Persistent Identifier.',
        'Give Drawbridge https://<your host>/FederationMetadata/2007-06/FederationMetadata.xml as metadataUrl, or the file as metadataXml if the host is not public.',
      ],
    },
    oidc: {
      scopes: ['email', 'profile', 'allatclaims'],
      steps: [
        'AD FS Management > Application Groups > Add > Server application accessing a web API, redirect URI {redirectUri}.',
        'Make a shared secret; let the web API have the client ID as its identifier.',
        'Web API > Issuance rules: e-mail address, given name, surname, UPN and groups; client permissions openid, email, profile, allatclaims.',
        'Give Drawbridge the issuer https://<your host>/adfs, the client ID and the secret.',
      ],
    },
  },
  keycloak: {
    displayName: 'Keycloak',
    saml: {
      nameIdFormat: PERSISTENT,
      signedPart: 'either',
      steps: [
        'Keycloak admin console > Clients > Import client: the file of {metadataUrl}. By hand: SAML client with the ID {entityId} and the valid redirect URI {acsUrl}.',
        'Name ID format persistent; sign assertions on.',
        'Client scopes > dedicated: mappers for email, firstName, lastName, and a group list named groups without full path.',
        'Give Drawbridge https://<host>/realms/<realm>/protocol/saml/descriptor as metadataUrl.',
      ],
    },
    oidc: {
      scopes: ['email', 'profile'],
      steps: [
        'Keycloak admin console > Clients > Create client: OpenID Connect, client authentication on, standard flow only.',
        'Valid redirect URI {redirectUri}, valid post logout redirect URI {signedOutUri}, backchannel logout URL {backchannelLogoutUri}.',
        'Client scopes > dedicated: a group membership mapper named groups, without full path, in the ID token.',
        'Give Drawbridge the issuer https://<host>/realms/<realm>, the client ID and the secret.',
      ],
    },
  },
  generic: {
    displayName: 'Another provider',
    saml: {
      signedPart: 'assertion',
      steps: [
        'Make a service provider with the entity ID {entityId} and the assertion consumer address {acsUrl} (binding POST), or import {metadataUrl}.',
        'Send an unchanging NameID, the attributes email, givenName, surname and groups, and sign the assertion with RSA-SHA256 or better.',
        GIVE_METADATA_URL,
      ],
    },
    oidc: {
      scopes: ['email', 'profile'],
      steps: [
        'Make a confidential client for the authorization code flow with PKCE, redirect URI {redirectUri}, post-logout redirect URI {signedOutUri}.',
        'Send email, email_verified, given_name, family_name and groups in the ID token, signed with RS256, PS256 or ES256.',
        GIVE_ISSUER,
      ],
    },
  },
};

const FIELDS: readonly EvidenceField[] = ['groups', 'address', 'givenName', 'familyName', 'immutableId', 'userName'];

/** What the company's administrator does at a provider, with this connection's values put in. */
export function setupSteps(
  { protocol, settings }: Pick<Connection, 'protocol' | 'settings'>,
  values: Readonly<Record<string, string>>,
): string[] {
  const { steps } = PRESETS[settings.preset][protocol];
  return steps.map((step) => step.replaceAll(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole));
}

/** Under which names a provider's attributes or claims are looked for, in this order. */
export function expectedNames(preset: EvidencePreset, protocol: 'saml' | 'oidc'): Record<string, readonly string[]> {
  return Object.fromEntries(FIELDS.map((field) => [field, aliasesFor(preset, protocol, field)]));
}

/** All presets for both protocols, as a form offers them. */
export function listPresets() {
  return EVIDENCE_PRESETS.flatMap((preset) => {
    const { displayName, saml, oidc } = PRESETS[preset];
    return [
      {
        preset,
        displayName,
        protocol: 'saml' as const,
        defaults: { nameIdFormat: saml.nameIdFormat ?? null, signedPart: saml.signedPart },
        names: expectedNames(preset, 'saml'),
        steps: [...saml.steps],
      },
      {
        preset,
        displayName,
        protocol: 'oidc' as const,
        defaults: { scopes: [...oidc.scopes] },
        names: expectedNames(preset, 'oidc'),
        steps: [...oidc.steps],
      },
    ];
  });
}
