// How a message of ours travels through the browser: deflated into an address, or in a form that the browser posts.
// SAML bindings 3.4 and 3.5. samlify signs the form's message; the address is signed as it stands.
import { deflateRawSync } from 'node:zlib';
import { SamlLib } from 'samlify';
import { certificateBody } from './key-pair.ts';

const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
/** SAML bindings 3.4.3 */
const MAX_RELAY_STATE_BYTES = 80;

/** A form that the browser posts to `action`. */
export type SamlForm = { readonly action: string; readonly fields: Readonly<Record<string, string>> };

/** Our key (RSA, PEM) and its certificate. */
export type SamlSigning = { readonly privateKey: string; readonly certificate: string };

export type OutgoingMessage = {
  /** The root element's local name: what a signature of ours refers to. */
  readonly element: 'AuthnRequest' | 'LogoutRequest' | 'LogoutResponse';
  readonly xml: string;
  readonly to: string;
  /** With a request an opaque key of ours, at most 80 bytes; with an answer what the request had, whatever its length. */
  readonly relayState: string | undefined;
  readonly signing: SamlSigning | undefined;
};

/** The signature covers the encoded parameters in this order, exactly as they stand in the address (bindings 3.4.4.1). */
export function redirectUrl(message: OutgoingMessage): string {
  const { to, signing } = message;
  let query = `${parameterOf(message)}=${encodeURIComponent(deflateRawSync(message.xml).toString('base64'))}`;
  const relayState = checkedRelayState(message);
  if (relayState !== undefined) query += `&RelayState=${encodeURIComponent(relayState)}`;
  if (signing) {
    query += `&SigAlg=${encodeURIComponent(RSA_SHA256)}`;
    const signature = SamlLib.constructMessageSignature(query, signing.privateKey, undefined, true, RSA_SHA256);
    query += `&Signature=${encodeURIComponent(signature.toString())}`;
  }
  return `${to}${to.includes('?') ? '&' : '?'}${query}`;
}

export function postForm(message: OutgoingMessage): SamlForm {
  const xml = message.signing ? signed(message, message.signing) : message.xml;
  const relayState = checkedRelayState(message);
  return {
    action: message.to,
    fields: {
      [parameterOf(message)]: Buffer.from(xml).toString('base64'),
      ...(relayState === undefined ? {} : { RelayState: relayState }),
    },
  };
}

function parameterOf({ element }: OutgoingMessage): string {
  return element === 'LogoutResponse' ? 'SAMLResponse' : 'SAMLRequest';
}

function checkedRelayState({ element, relayState }: OutgoingMessage): string | undefined {
  const isOurs = element !== 'LogoutResponse';
  if (isOurs && relayState !== undefined && Buffer.byteLength(relayState) > MAX_RELAY_STATE_BYTES) {
    throw new RangeError('RelayState is too long');
  }
  return relayState;
}

function signed({ xml, element }: OutgoingMessage, signing: SamlSigning): string {
  const root = `/*[local-name(.)='${element}']`;
  return SamlLib.constructSAMLSignature({
    rawSamlMessage: xml,
    referenceTagXPath: root,
    privateKey: signing.privateKey,
    signingCert: certificateBody(signing.certificate),
    signatureAlgorithm: RSA_SHA256,
    isBase64Output: false,
    signatureConfig: { prefix: 'ds', location: { reference: `${root}/*[local-name(.)='Issuer']`, action: 'after' } },
  });
}
