// What the Response element must say (SAML core 3.2.2, profiles 4.1.4.2). Where only the assertion is signed these
// fields are not, and can only lead to a refusal.

import { checkIssuerElement } from './check-issuer.ts';
import { attribute, children } from './dom.ts';
import { NS } from './names.ts';
import { refuseFailure } from './open-document.ts';
import { quoted, Refused } from './refusals.ts';
import type { Verification } from './verification.ts';

export function checkResponseVersion(v: Verification): string {
  return checkVersion(v.response);
}

export function checkVersion(element: Element): string {
  const version = attribute(element, 'Version');
  if (version !== '2.0') throw new Refused('version', quoted(version));
  return '2.0';
}

export function checkStatus(v: Verification): string {
  return refuseFailure(v.response);
}

/** Optional on a Response; where it is, it is the connection's identity provider. */
export function checkResponseIssuer(v: Verification): string {
  const issuers = children(v.response, NS.assertion, 'Issuer');
  return issuers.length === 0 ? 'none' : checkIssuerElement(issuers, v.connection.idpEntityId);
}

export function checkDestination(v: Verification): string {
  const destination = attribute(v.response, 'Destination');
  if (destination === undefined) return 'none';
  if (destination !== v.connection.acsUrl) {
    throw new Refused('destination', `${quoted(destination)} instead of ${quoted(v.connection.acsUrl)}`);
  }
  return destination;
}

export function checkResponseInResponseTo(v: Verification): string {
  const answered = attribute(v.response, 'InResponseTo');
  if (answered === undefined) throw new Refused('unsolicited', 'no InResponseTo on the response');
  if (answered !== v.request.id) throw new Refused('in_response_to', `the response answers ${quoted(answered)}`);
  return answered;
}
