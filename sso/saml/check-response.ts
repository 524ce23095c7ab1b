// What the Response element must say (SAML core 3.2.2, profiles 4.1.4.2). Where only the assertion is signed these
// fields are not, and can only lead to a refusal.

import { checkIssuerElement } from './check-issuer.ts';
import { attribute, children } from './dom.ts';
import { NS } from './names.ts';
import { refuseFailure } from './open-document.ts';
import { quoted, Refused } from './refusals.ts';
import { isFuture, timeAttribute } from './times.ts';
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

/**
 * Providers date NotBefore back by up to 5 minutes for services whose clocks are behind; what they issue for those must
 * not fail here. How old it is does not matter: the assertion's own ends bound it.
 */
const ISSUED_AHEAD_MS = 5 * 60 * 1000;

/** Required by the schema. */
export function checkIssueInstant({ now }: Verification, element: Element): string {
  const issued = timeAttribute(element, 'IssueInstant');
  if (!issued) throw new Refused('issue_instant', `no IssueInstant on the ${element.localName}`);
  const latest = new Date(now.getTime() + ISSUED_AHEAD_MS);
  if (isFuture(issued, latest)) throw new Refused('issue_instant', `${element.localName}: ${issued.toISOString()}`);
  return issued.toISOString();
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
