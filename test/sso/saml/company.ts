// One company with its identity provider, its connection and its request, and responses made from stated parts. The
// expected values of all SAML tests stand here.
import type { OutstandingRequest, SamlConnection } from '../../../sso/saml/connection.ts';
import { verifyResponse } from '../../../sso/saml/verify-response.ts';
import {
  encryptXml,
  makeKey,
  type ResponseParts,
  responseXml,
  SAML,
  type SignOptions,
  signXml,
} from '../../support/saml-idp.ts';

export const ACS_URL = 'https://drawbridge.test/sso/saml/acme/acs';
export const SP_ENTITY_ID = 'https://drawbridge.test/sso/saml/acme/metadata';
const IDP_ENTITY_ID = 'https://idp.acme.test/metadata';
export const REQUEST_ID = '_request-1';
export const NOW = new Date('2026-11-21T12:00:30Z');

/** Made once: the keys play no part in what is tested. */
export const KEYS = {
  idp: makeKey('rsa', 'idp.acme.test'),
  next: makeKey('rsa', 'idp.acme.test, next'),
  elliptic: makeKey('ec', 'idp.acme.test, elliptic'),
  stranger: makeKey('rsa', 'idp.acme.test'),
  sp: makeKey('rsa', 'drawbridge.test'),
};

export function pem(key: { privateKey: import('node:crypto').KeyObject }): string {
  return key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

export function audience(...values: string[]): string {
  const inside = values.map((value) => `<saml:Audience>${value}</saml:Audience>`).join('');
  return `<saml:AudienceRestriction>${inside}</saml:AudienceRestriction>`;
}

export function attribute(name: string, ...values: string[]): string {
  const inside = values.map((value) => `<saml:AttributeValue xsi:type="xs:string">${value}</saml:AttributeValue>`);
  return `<saml:Attribute Name="${name}">${inside.join('')}</saml:Attribute>`;
}

export function parts(changes: Partial<ResponseParts> = {}): ResponseParts {
  return {
    responseId: '_response-1',
    assertionId: '_assertion-1',
    responseIssuer: IDP_ENTITY_ID,
    issuer: IDP_ENTITY_ID,
    destination: ACS_URL,
    inResponseTo: REQUEST_ID,
    confirmationInResponseTo: REQUEST_ID,
    status: `<samlp:StatusCode Value="${SAML.success}"/>`,
    version: '2.0',
    assertionVersion: '2.0',
    nameId: 'alice',
    nameIdXml: null,
    confirmations: null,
    method: 'urn:oasis:names:tc:SAML:2.0:cm:bearer',
    recipient: ACS_URL,
    confirmationEnd: '2026-11-21T12:05:00Z',
    confirmationNotBefore: null,
    conditions: null,
    notBefore: '2026-11-21T11:59:00Z',
    notOnOrAfter: '2026-11-21T12:06:00Z',
    audiences: audience(SP_ENTITY_ID),
    extraConditions: '',
    authnStatement: null,
    authnInstant: '2026-11-21T11:59:30Z',
    sessionEnd: null,
    attributes: attribute('groups', 'engineering', 'research') + attribute('mail', 'alice@acme.test'),
    prefixes: { protocol: 'samlp', assertion: 'saml' },
    gap: '',
    ...changes,
  };
}

export function connection(changes: Partial<SamlConnection> = {}): SamlConnection {
  return {
    id: 'acme',
    spEntityId: SP_ENTITY_ID,
    acsUrl: ACS_URL,
    idpEntityId: IDP_ENTITY_ID,
    certificates: [KEYS.idp.certificate],
    signedPart: 'either',
    authnContexts: [],
    allowSha1: false,
    decryptionKeys: [pem(KEYS.sp)],
    requireEncryption: false,
    ...changes,
  };
}

export type Setting = {
  readonly connection?: Partial<SamlConnection>;
  readonly request?: Partial<OutstandingRequest>;
  readonly now?: Date;
};

export function verify(xml: string | Buffer, setting: Setting = {}) {
  return verifyResponse({
    xml,
    connection: connection(setting.connection),
    request: { id: REQUEST_ID, issuedAt: new Date('2026-11-21T11:59:00Z'), forceAuthn: false, ...setting.request },
    now: setting.now ?? NOW,
  });
}

/** A response of those parts whose assertion the identity provider signed. */
export function signed(changes: Partial<ResponseParts> = {}, options: Partial<SignOptions> = {}): string {
  return signXml(responseXml(parts(changes)), { key: KEYS.idp, ...options });
}

export function unsigned(changes: Partial<ResponseParts> = {}): string {
  return responseXml(parts(changes));
}

/** A signed assertion encrypted with two wrapped keys, beside it: one for a stranger's key, then one for ours. */
export function encryptedForSeveral(stranger: string, us: string): string {
  const keyBeside = true;
  const pattern = /<xenc:EncryptedKey.*<\/xenc:EncryptedKey>/s;
  const other = pattern.exec(encryptXml(signed(), { certificate: KEYS.stranger.certificate, keyBeside }))?.[0] ?? '';
  const named = (key: string, recipient: string) =>
    key.replace('<xenc:EncryptedKey', `<xenc:EncryptedKey Recipient="${recipient}"`);
  return encryptXml(signed(), { certificate: KEYS.sp.certificate, keyBeside }).replace(
    pattern,
    (own) => named(other, stranger) + named(own, us),
  );
}
