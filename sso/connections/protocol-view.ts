// A connection as the protocol parts see it. Pure.
import type { OidcAuthentication, OidcConnection } from '../oidc/connection.ts';
import type { SamlSignOn } from '../saml/authn-request.ts';
import { type SamlConnection, type SamlLogoutConnection, samlEndpoints } from '../saml/connection.ts';
import type { SpMetadata } from '../saml/sp-metadata.ts';
import {
  keysNewestFirst,
  type OidcConnectionRecord,
  type OidcSecret,
  type SamlConnectionRecord,
} from './connection.ts';

/** How sign-ins are asked for; undefined while the company's side is not known. */
export function samlSignOn(baseUrl: string, { id, settings, secret }: SamlConnectionRecord): SamlSignOn | undefined {
  if (!settings.idp) return undefined;
  return {
    ...samlEndpoints(baseUrl, id),
    ssoUrl: settings.idp.ssoUrl,
    binding: settings.idp.ssoBinding,
    nameIdFormat: settings.nameIdFormat,
    authnContexts: settings.authnContexts,
    signing: settings.signRequests ? secret : undefined,
  };
}

/** What an answer is checked against; undefined while the company's side is not known. */
export function samlConnection(
  baseUrl: string,
  { id, settings, secret }: SamlConnectionRecord,
): SamlConnection | undefined {
  if (!settings.idp) return undefined;
  return {
    id,
    ...samlEndpoints(baseUrl, id),
    idpEntityId: settings.idp.idpEntityId,
    certificates: settings.idp.certificates,
    signedPart: settings.signedPart,
    authnContexts: settings.authnContexts,
    allowSha1: settings.allowSha1,
    decryptionKeys: settings.encryption === 'off' ? [] : keysNewestFirst(secret).map(({ privateKey }) => privateKey),
    requireEncryption: settings.encryption === 'required',
  };
}

/** What logout messages are made and checked with; undefined while the company takes none. */
export function samlLogout(baseUrl: string, connection: SamlConnectionRecord): SamlLogoutConnection | undefined {
  const { idp } = connection.settings;
  const checked = samlConnection(baseUrl, connection);
  if (!checked || idp?.sloUrl === undefined || !connection.secret) return undefined;
  return {
    ...checked,
    ...samlEndpoints(baseUrl, connection.id),
    idp: { requestUrl: idp.sloUrl, responseUrl: idp.sloResponseUrl ?? idp.sloUrl, binding: idp.sloBinding },
    signing: connection.secret,
  };
}

/** What the company's administrator uploads. */
export function spMetadata(baseUrl: string, { id, settings, secret }: SamlConnectionRecord): SpMetadata {
  const certificates = keysNewestFirst(secret).map(({ certificate }) => certificate);
  const { sloUrl, ...endpoints } = samlEndpoints(baseUrl, id);
  return {
    ...endpoints,
    sloUrl: secret ? sloUrl : undefined,
    nameIdFormat: settings.nameIdFormat,
    signsRequests: settings.signRequests,
    wantsSignedAssertions: settings.signedPart !== 'response',
    signingCertificates: certificates,
    encryptionCertificates: settings.encryption === 'off' ? [] : certificates,
  };
}

/** Undefined while the issuer, the client ID or its secret is missing. */
export function oidcConnection({ id, version, settings, secret }: OidcConnectionRecord): OidcConnection | undefined {
  const { issuer, clientId, clientAuthentication, scopes, tenantId, discovery } = settings;
  const authentication = oidcAuthentication(clientAuthentication, secret);
  if (!authentication || issuer === undefined || clientId === undefined) return undefined;
  return { id, version, issuer, clientId, authentication, scopes, tenantId, discovery };
}

function oidcAuthentication(
  method: OidcAuthentication['method'],
  { clientSecret: secret, clientKey: key }: OidcSecret = {},
): OidcAuthentication | undefined {
  if (method === 'private_key_jwt') return key && { method, key };
  return secret === undefined ? undefined : { method, secret };
}
