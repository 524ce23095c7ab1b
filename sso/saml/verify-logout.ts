// What a logout message must survive: signed, by this connection's identity provider, to our own address, now; a request
// says whose session, an answer which request of ours. Every field is read from what the signature covers: the query's
// octets, or the canonical bytes of the posted element. SAML core 3.7, profiles 4.4.4.
import { requireAlgorithms, type SignaturePolicy, signingKeys, verifies } from './algorithms.ts';
import type { SamlNameId } from './assertion.ts';
import { checkIssuerElement } from './check-issuer.ts';
import { refuseBadNamespaces } from './check-namespaces.ts';
import { checkVersion } from './check-response.ts';
import { CLOCK_SKEW_SECONDS, type SamlLogoutConnection } from './connection.ts';
import { attribute, children, token } from './dom.ts';
import { nameIdIn, readNameId } from './name-id.ts';
import { NS } from './names.ts';
import { checkEncoding, checkMarkup, openRoot, readStatus, refuseDuplicateIds, usableId } from './open-document.ts';
import { type Detached, type LogoutMessage, receiveLogout } from './receive-logout.ts';
import { quoted, Refused } from './refusals.ts';
import { type Check, runSteps, type SamlRefusal, type Steps } from './run-steps.ts';
import { refuseStraySignatures, verifySignature } from './signature.ts';
import { isFuture, isPast, timeAttribute } from './times.ts';

/** How old a message may be: it travels through the browser at once. */
const MAX_AGE_MS = 5 * 60 * 1000;
const MAX_SESSION_INDEXES = 100;

type Verification = {
  readonly element: 'LogoutRequest' | 'LogoutResponse';
  readonly message: LogoutMessage;
  readonly connection: SamlLogoutConnection;
  readonly now: Date;
  xml: Buffer;
  text: string;
  relayState: string | undefined;
  detached: Detached | undefined;
  /** First as sent, then as read from the bytes that its signature covers. */
  root: Element;
  /** SHA-256 fingerprint of the certificate that verified. */
  certificate: string;
  /** The message must be remembered by its ID until then. */
  until: Date;
  nameId: SamlNameId;
  sessionIndexes: readonly string[];
  partial: boolean;
};

type Verified = {
  readonly ok: true;
  readonly id: string;
  readonly relayState: string | undefined;
  readonly certificate: string;
  readonly checks: readonly Check[];
};

export type VerifiedLogoutRequest = Verified & {
  readonly nameId: SamlNameId;
  /** The sessions to end; none names all of that person. */
  readonly sessionIndexes: readonly string[];
  /** The caller refuses an `id` that it has seen, and may forget it after this time. */
  readonly until: Date;
};

/** `partial`: the identity provider could not reach every other application. */
export type VerifiedLogoutResponse = Verified & { readonly partial: boolean };

// biome-ignore format: the steps are a table, in the order in which they run
const STEPS: Steps<Verification> = [
  ['message',       take],
  ['encoding',      checkEncoding],
  ['markup',        checkMarkup],
  ['root element',  (v) => { v.root = openRoot(v.text, v.element, 'not_logout'); return v.element; }],
  ['namespaces',    (v) => refuseBadNamespaces(v.root)],
  ['unique IDs',    (v) => refuseDuplicateIds(v.root)],
  ['signature',     checkSignature],
  ['ID',            (v) => usableId(v.root)],
  ['version',       (v) => checkVersion(v.root)],
  ['issuer',        (v) => checkIssuerElement(children(v.root, NS.assertion, 'Issuer'), v.connection.idpEntityId)],
  ['destination',   checkDestination],
  ['times',         checkTimes],
];

const REQUEST_STEPS: Steps<Verification> = [
  ...STEPS,
  ['name ID', checkNameId],
  ['session indexes', readSessionIndexes],
];

/** Checks a LogoutRequest completely. Left to the caller: refusing an ID seen before, and ending the sessions. */
export function verifyLogoutRequest(
  message: LogoutMessage,
  connection: SamlLogoutConnection,
  now: Date,
): VerifiedLogoutRequest | SamlRefusal {
  const v = { element: 'LogoutRequest', message, connection, now } as Verification;
  const result = runSteps(REQUEST_STEPS, v);
  if (!result.ok) return result;
  return { ...verified(v, result.checks), nameId: v.nameId, sessionIndexes: v.sessionIndexes, until: v.until };
}

/** Checks the answer to the LogoutRequest `expectedId`, which the caller takes from its own store and uses up. */
export function verifyLogoutResponse(
  message: LogoutMessage,
  connection: SamlLogoutConnection,
  expectedId: string,
  now: Date,
): VerifiedLogoutResponse | SamlRefusal {
  const v = { element: 'LogoutResponse', message, connection, now } as Verification;
  const result = runSteps(
    [...STEPS, ['in response to', (one) => checkAnswers(one, expectedId)], ['status', checkStatus]],
    v,
  );
  return result.ok ? { ...verified(v, result.checks), partial: v.partial } : result;
}

function verified(v: Verification, checks: readonly Check[]): Verified {
  return { ok: true, id: usableId(v.root), relayState: v.relayState, certificate: v.certificate, checks };
}

function take(v: Verification): string {
  Object.assign(v, receiveLogout(v.message, v.element === 'LogoutRequest' ? 'SAMLRequest' : 'SAMLResponse'));
  return `${v.message.binding}, ${v.xml.length} bytes`;
}

function checkSignature(v: Verification): string {
  const policy = { keys: signingKeys(v.connection.certificates), allowSha1: v.connection.allowSha1 };
  if (v.message.binding === 'redirect') {
    if (!v.detached) throw new Refused('signature_missing', 'no SigAlg or Signature parameter');
    v.certificate = verifyDetached(v.detached, policy);
  } else {
    refuseStraySignatures(v.root, [v.root]);
    const signed = verifySignature(v.root, policy);
    v.root = signed.element;
    v.certificate = signed.certificate;
  }
  return `verified with ${v.certificate}`;
}

function verifyDetached({ octets, algorithm, signature }: Detached, policy: SignaturePolicy): string {
  requireAlgorithms({ signature: algorithm }, policy);
  const match = policy.keys.find(({ key }) => verifies(algorithm, key, octets, signature));
  if (!match) throw new Refused('signature_invalid', `the query, ${policy.keys.length} certificates tried`);
  return match.fingerprint;
}

/** SAML bindings 3.4.5.2 and 3.5.5.2: a signed message names where it goes; one for another service is no use here. */
function checkDestination(v: Verification): string {
  const destination = attribute(v.root, 'Destination');
  if (destination !== v.connection.sloUrl) {
    throw new Refused('destination', `${quoted(destination)} instead of ${quoted(v.connection.sloUrl)}`);
  }
  return destination;
}

function checkTimes(v: Verification): string {
  const issued = timeAttribute(v.root, 'IssueInstant');
  if (!issued) throw new Refused('time_invalid', 'no IssueInstant');
  if (isFuture(issued, v.now)) throw new Refused('not_yet_valid', `IssueInstant ${issued.toISOString()}`);
  const stale = new Date(issued.getTime() + MAX_AGE_MS);
  const end = timeAttribute(v.root, 'NotOnOrAfter');
  const first = end && end < stale ? end : stale;
  if (isPast(first, v.now)) throw new Refused('logout_expired', `ended ${first.toISOString()}`);
  v.until = new Date(first.getTime() + CLOCK_SKEW_SECONDS * 1000);
  return `issued ${issued.toISOString()}`;
}

function checkNameId(v: Verification): string {
  v.nameId = readNameId(nameIdIn(v.root, v.connection));
  return v.nameId.format ?? 'no format';
}

function readSessionIndexes(v: Verification): string {
  const found = children(v.root, NS.protocol, 'SessionIndex').map((index) => token(index) ?? '');
  if (found.length > MAX_SESSION_INDEXES || found.includes('')) {
    throw new Refused('session_index_invalid', `${found.length} session indexes`);
  }
  v.sessionIndexes = found;
  return found.length === 0 ? 'all sessions' : `${found.length} sessions`;
}

function checkAnswers(v: Verification, expectedId: string): string {
  const answered = attribute(v.root, 'InResponseTo');
  if (answered !== expectedId) throw new Refused('in_response_to', `the answer is to ${quoted(answered)}`);
  return answered;
}

function checkStatus(v: Verification): string {
  v.partial = readStatus(v.root) === 'partial';
  return v.partial ? 'partial logout' : 'Success';
}
