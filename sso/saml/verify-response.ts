// What a SAML response must survive: one pure function over document, connection, outstanding request and time. It
// answers a verified assertion or a named refusal, and what each step found. Nothing is undone on a refusal, since
// nothing was done: the caller consumes the request, remembers the assertion's ID and finds the person afterwards.
// SAML profiles 4.1.4.3; the order is: the document, what is signed, what the response says, what the assertion says.
import type { Assertion } from './assertion.ts';
import {
  checkAudience,
  checkAuthentication,
  checkAuthnContext,
  checkConditionsUnderstood,
  checkSession,
  checkValidity,
} from './check-conditions.ts';
import { checkIssuerElement } from './check-issuer.ts';
import { refuseBadNamespaces } from './check-namespaces.ts';
import {
  checkDestination,
  checkIssueInstant,
  checkResponseInResponseTo,
  checkResponseIssuer,
  checkResponseVersion,
  checkStatus,
  checkVersion,
} from './check-response.ts';
import { checkConfirmation, checkNameId } from './check-subject.ts';
import {
  checkSignaturePlaces,
  checkSignaturePolicy,
  verifyAssertionSignature,
  verifyResponseSignature,
} from './cover-assertion.ts';
import { children } from './dom.ts';
import { NS } from './names.ts';
import {
  checkEncoding,
  checkMarkup,
  checkOneAssertion,
  checkRoot,
  checkSize,
  checkUniqueIds,
} from './open-document.ts';
import { readAssertion } from './read-assertion.ts';
import { type Check, runSteps, type SamlRefusal, type Steps } from './run-steps.ts';
import type { Verification, VerifyInput } from './verification.ts';

// biome-ignore format: the steps are a table, in the order in which they run
const STEPS: Steps<Verification> = [
  // the document, unsigned
  ['size',                     checkSize],
  ['encoding',                 checkEncoding],
  ['markup',                   checkMarkup],
  ['root element',             checkRoot],
  ['namespaces',               (v) => refuseBadNamespaces(v.response)],
  ['unique IDs',               checkUniqueIds],
  ['one assertion',            checkOneAssertion],
  // what is signed
  ['signature places',         checkSignaturePlaces],
  ['response signature',       verifyResponseSignature],
  ['assertion signature',      verifyAssertionSignature],
  ['signature policy',         checkSignaturePolicy],
  // what the response says
  ['response version',         checkResponseVersion],
  ['status',                   checkStatus],
  ['response issuer',          checkResponseIssuer],
  ['destination',              checkDestination],
  ['response issue instant',   (v) => checkIssueInstant(v, v.response)],
  ['response in response to',  checkResponseInResponseTo],
  // what the assertion says
  ['assertion version',        (v) => checkVersion(v.assertion)],
  ['issuer',                   (v) => checkIssuerElement(children(v.assertion, NS.assertion, 'Issuer'), v.connection.idpEntityId)],
  ['issue instant',            (v) => checkIssueInstant(v, v.assertion)],
  ['name ID',                  checkNameId],
  ['bearer confirmation',      checkConfirmation],
  ['validity',                 checkValidity],
  ['audience',                 checkAudience],
  ['conditions understood',    checkConditionsUnderstood],
  ['authentication',           checkAuthentication],
  ['authentication context',   checkAuthnContext],
  ['session',                  checkSession],
  ['values',                   readAssertion],
];

export type VerifiedAssertion = {
  readonly ok: true;
  readonly assertion: Assertion;
  /** SHA-256 fingerprint of the certificate that the signature over the assertion verified with. */
  readonly certificate: string;
  readonly checks: readonly Check[];
};

/**
 * Checks a SAML response completely. Left to the caller: consuming the request once, bound to the browser; refusing an
 * assertion ID seen before (until `notOnOrAfter` and the tolerance have passed).
 */
export function verifyResponse(input: VerifyInput): VerifiedAssertion | SamlRefusal {
  const v = { ...input, responseSigned: false, assertionSigned: false } as Verification;
  const result = runSteps(STEPS, v);
  return result.ok ? { ...result, assertion: v.read, certificate: v.certificate } : result;
}
