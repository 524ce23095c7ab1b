// The AuthnRequest that begins a sign-in, for the redirect and the POST binding. SAML core 3.4.1. The text is our own,
// since samlify's template engine fills placeholders inside values that it has filled.
import { randomUUID } from 'node:crypto';
import { escapeXml } from './dom.ts';
import { BINDING_POST, NS } from './names.ts';
import { type OutgoingMessage, postForm, redirectUrl, type SamlForm, type SamlSigning } from './send-message.ts';

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
  /** Undefined sends requests unsigned. */
  readonly signing: SamlSigning | undefined;
};

export type AuthnRequest =
  | { readonly id: string; readonly binding: 'redirect'; readonly url: string }
  | { readonly id: string; readonly binding: 'post'; readonly form: SamlForm };

/**
 * Builds the request. The caller stores `id` with the connection and the browser before it sends the browser away.
 *
 * @param options.relayState an opaque key of ours, at most 80 bytes; never an address
 */
export function createAuthnRequest(
  signOn: SamlSignOn,
  options: { readonly relayState: string; readonly forceAuthn: boolean; readonly now: Date },
): AuthnRequest {
  const id = `_${randomUUID()}`;
  const message: OutgoingMessage = {
    element: 'AuthnRequest',
    xml: requestXml(id, signOn, options.forceAuthn, options.now),
    to: signOn.ssoUrl,
    relayState: options.relayState,
    signing: signOn.signing,
  };
  return signOn.binding === 'redirect'
    ? { id, binding: 'redirect', url: redirectUrl(message) }
    : { id, binding: 'post', form: postForm(message) };
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
