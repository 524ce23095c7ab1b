// An identity provider's logout messages for tests, written and signed apart from the product's writer.
import { type KeyObject, sign as signBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { type IdpKey, SAML, signXml } from './saml-idp.ts';

/** Parts of a LogoutRequest or LogoutResponse; `null` leaves an attribute or the Issuer out. */
export type LogoutParts = {
  element: 'LogoutRequest' | 'LogoutResponse';
  id: string;
  version: string;
  issueInstant: string | null;
  destination: string | null;
  notOnOrAfter: string | null;
  inResponseTo: string | null;
  issuer: string | null;
  /** What stands behind the Issuer. */
  content: string;
};

export function logoutXml(p: LogoutParts): string {
  const attribute = (name: string, value: string | null) => (value === null ? '' : ` ${name}="${value}"`);
  return [
    `<samlp:${p.element} xmlns:samlp="${SAML.protocol}" xmlns:saml="${SAML.assertion}" ID="${p.id}" Version="${p.version}"`,
    attribute('IssueInstant', p.issueInstant) + attribute('Destination', p.destination),
    `${attribute('NotOnOrAfter', p.notOnOrAfter)}${attribute('InResponseTo', p.inResponseTo)}>`,
    p.issuer === null ? '' : `<saml:Issuer>${p.issuer}</saml:Issuer>`,
    `${p.content}</samlp:${p.element}>`,
  ].join('');
}

const parameterOf = (xml: string) => (xml.includes(':LogoutRequest') ? 'SAMLRequest' : 'SAMLResponse');

/** The query of the redirect binding, as another implementation may encode it. */
export function logoutQuery(
  xml: string,
  options: {
    key: KeyObject;
    relayState?: string;
    algorithm?: string;
    hash?: string;
    encode?: (text: string) => string;
    deflated?: Buffer;
  },
): string {
  const { key, relayState, algorithm = SAML.rsaSha256, hash = 'sha256', encode = encodeURIComponent } = options;
  const message = (options.deflated ?? deflateRawSync(xml)).toString('base64');
  const query = [
    `${parameterOf(xml)}=${encode(message)}`,
    ...(relayState === undefined ? [] : [`RelayState=${encode(relayState)}`]),
    `SigAlg=${encode(algorithm)}`,
  ].join('&');
  const signature = signBytes(hash, Buffer.from(query), { key, dsaEncoding: 'ieee-p1363' });
  return `${query}&Signature=${encode(signature.toString('base64'))}`;
}

export function logoutBody(xml: string, relayState?: string): Record<string, string> {
  const field = { [parameterOf(xml)]: Buffer.from(xml).toString('base64') };
  return relayState === undefined ? field : { ...field, RelayState: relayState };
}

export function signLogout(xml: string, key: IdpKey): string {
  return signXml(xml, { key, element: xml.includes(':LogoutRequest') ? 'LogoutRequest' : 'LogoutResponse' });
}
