// The AuthnRequest that begins a sign-in, for the redirect and the POST binding. SAML core 3.4.1, bindings 3.4 and 3.5.
// samlify signs; the text is our own, since its template engine fills placeholders inside values that it has filled.
import { randomUUID } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { SamlLib } from 'samlify';
import { escapeXml } from './dom.ts';
import { certificateBody } from './key-pair.ts';
import { BINDING_POST, NS } from './names.ts';

const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
/** SAML bindings 3.4.3 */
const MAX_RELAY_STATE_BYTES = 80;

/** How a connection's sign-ins are asked for. */
export type SamlSignOn = {
  readonly spEntityId: string;
  readonly acsUrl: string;
  /** The identity provider's address for the chosen binding. */
  readonly ssoUrl: string;
  readonly binding: 'redirect' | 'post';
  /** NameIDPolicy's Format; undefined leaves the choice to the identity provider. */
  readonly nameIdFormat: string | undefined;
  /** AuthnContextClassRefs demanded exactly; empty demands none. */
  readonly authnContexts: readonly string[];
  /** Our key (RSA, PEM) and its certificate; undefined sends requests unsigned. */
  readonly signing: { readonly privateKey: string; readonly certificate: string } | undefined;
};

export type AuthnRequest =
  | { readonly id: string; readonly binding: 'redirect'; readonly url: string }
  | { readonly id: string; readonly binding: 'post'; readonly form: SamlForm };

/** A form that the browser posts to `action`. */
export type SamlForm = { readonly action: string; readonly fields: Readonly<Record<string, string>> };

/**
 * Builds the request. The caller stores `id` with the connection and the browser before it sends the browser away.
 *
 * @param options.relayState an opaque key of ours, at most 80 bytes; never an address
 */
export function createAuthnRequest(
  signOn: SamlSignOn,
  options: { readonly relayState: string; readonly forceAuthn: boolean; readonly now: Date },
): AuthnRequest {
  if (Buffer.byteLength(options.relayState) > MAX_RELAY_STATE_BYTES) throw new RangeError('RelayState is too long');
  const id = `_${randomUUID()}`;
  const xml = requestXml(id, signOn, options.forceAuthn, options.now);
  return signOn.binding === 'redirect'
    ? { id, binding: 'redirect', url: redirectUrl(xml, signOn, options.relayState) }
    : { id, binding: 'post', form: postForm(xml, signOn, options.relayState) };
}

function requestXml(id: string, signOn: SamlSignOn, forceAuthn: boolean, now: Date): string {
  const format = signOn.nameIdFormat === undefined ? '' : ` Format="${escapeXml(signOn.nameIdFormat)}"`;
  const contexts = signOn.authnContexts
    .map((context) => `<saml:AuthnContextClassRef>${escapeXml(context)}</saml:AuthnContextClassRef>`)
    .join('');
  return [
    `<samlp:AuthnRequest xmlns:samlp="${NS.protocol}" xmlns:saml="${NS.assertion}" ID="${id}" Version="2.0"`,
    ` IssueInstant="${now.toISOString()}" Destination="${escapeXml(signOn.ssoUrl)}"${forceAuthn ? ' ForceAuthn="true"' : ''}`,
    ` ProtocolBinding="${BINDING_POST}" AssertionConsumerServiceURL="${escapeXml(signOn.acsUrl)}">`,
    `<saml:Issuer>${escapeXml(signOn.spEntityId)}</saml:Issuer>`,
    `<samlp:NameIDPolicy${format} AllowCreate="true"/>`,
    contexts && `<samlp:RequestedAuthnContext Comparison="exact">${contexts}</samlp:RequestedAuthnContext>`,
    '</samlp:AuthnRequest>',
  ].join('');
}

/** The signature covers the encoded parameters in this order, exactly as they stand in the address (bindings 3.4.4.1). */
function redirectUrl(xml: string, { ssoUrl, signing }: SamlSignOn, relayState: string): string {
  const message = deflateRawSync(xml).toString('base64');
  let query = `SAMLRequest=${encodeURIComponent(message)}&RelayState=${encodeURIComponent(relayState)}`;
  if (signing) {
    query += `&SigAlg=${encodeURIComponent(RSA_SHA256)}`;
    const signature = SamlLib.constructMessageSignature(query, signing.privateKey, undefined, true, RSA_SHA256);
    query += `&Signature=${encodeURIComponent(signature.toString())}`;
  }
  return `${ssoUrl}${ssoUrl.includes('?') ? '&' : '?'}${query}`;
}

function postForm(xml: string, { ssoUrl, signing }: SamlSignOn, relayState: string): SamlForm {
  const message = signing ? signed(xml, signing) : xml;
  return {
    action: ssoUrl,
    fields: { SAMLRequest: Buffer.from(message).toString('base64'), RelayState: relayState },
  };
}

function signed(xml: string, signing: NonNullable<SamlSignOn['signing']>): string {
  return SamlLib.constructSAMLSignature({
    rawSamlMessage: xml,
    referenceTagXPath: "/*[local-name(.)='AuthnRequest']",
    privateKey: signing.privateKey,
    signingCert: certificateBody(signing.certificate),
    signatureAlgorithm: RSA_SHA256,
    isBase64Output: false,
    signatureConfig: {
      prefix: 'ds',
      location: { reference: "/*[local-name(.)='AuthnRequest']/*[local-name(.)='Issuer']", action: 'after' },
    },
  });
}
