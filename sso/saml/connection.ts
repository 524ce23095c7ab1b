// What a SAML check needs to know of a connection and of the request that it answers. The entity ID and the ACS
// address carry the connection's id, so that audience and recipient bind an assertion to one tenant.
import type { SamlSigning } from './send-message.ts';

/** Which element the connection's identity provider must sign. `either`: whatever is signed must cover the assertion. */
type SignedPart = 'assertion' | 'response' | 'both' | 'either';

export type SamlConnection = {
  readonly id: string;
  /** Our own entity ID and assertion consumer address for this connection (`samlEndpoints`). */
  readonly spEntityId: string;
  readonly acsUrl: string;
  /** The identity provider's entity ID; the only issuer accepted. */
  readonly idpEntityId: string;
  /** The identity provider's signing certificates, PEM or bare base64 DER; each is tried. Their dates are not checked. */
  readonly certificates: readonly string[];
  readonly signedPart: SignedPart;
  /** AuthnContextClassRefs, one of which the sign-in must have had; empty demands none. */
  readonly authnContexts: readonly string[];
  /** SHA-1 signatures and digests are taken (a dated, audited decision for this one connection). */
  readonly allowSha1: boolean;
  /** Our private keys (PEM) for encrypted assertions, newest first; empty: encrypted assertions are refused. */
  readonly decryptionKeys: readonly string[];
  /** Refuses assertions that come in the clear. */
  readonly requireEncryption: boolean;
};

/** The AuthnRequest that the response must answer. The caller consumes its row once and binds it to the browser. */
export type OutstandingRequest = {
  readonly id: string;
  readonly issuedAt: Date;
  /** The request carried ForceAuthn: the person must have authenticated after `issuedAt`. */
  readonly forceAuthn: boolean;
};

/** What logout messages of one connection are made and checked with. */
export type SamlLogoutConnection = Pick<
  SamlConnection,
  'id' | 'spEntityId' | 'idpEntityId' | 'certificates' | 'allowSha1' | 'decryptionKeys'
> & {
  /** Our own address for logout messages (`samlEndpoints`). */
  readonly sloUrl: string;
  /** Where the identity provider takes logout requests, and answers to its own: the same address unless it says otherwise. */
  readonly idp: { readonly requestUrl: string; readonly responseUrl: string; readonly binding: 'redirect' | 'post' };
  /** Logout messages are always signed. */
  readonly signing: SamlSigning;
};

/** Times are compared with this tolerance for the two clocks. Source: design, section 4. */
export const CLOCK_SKEW_SECONDS = 120;

/**
 * The addresses of one connection.
 *
 * @param baseUrl Drawbridge's public origin, without a trailing slash
 */
export function samlEndpoints(baseUrl: string, connectionId: string): SamlEndpoints {
  const base = `${baseUrl}/sso/saml/${connectionId}`;
  return { spEntityId: `${base}/metadata`, acsUrl: `${base}/acs`, sloUrl: `${base}/slo` };
}

type SamlEndpoints = { readonly spEntityId: string; readonly acsUrl: string; readonly sloUrl: string };
