// The SAML answer of one request: the pure check, then the assertion's id is used up.
import type { Connection } from '../connections/connection.ts';
import { samlConnection } from '../connections/protocol-view.ts';
import { type RefreshDeps, refreshAfterFailure } from '../connections/refresh-connection.ts';
import type { SsoDeps } from '../deps.ts';
import { decodeBase64 } from '../saml/base64.ts';
import { CLOCK_SKEW_SECONDS, type SamlConnection } from '../saml/connection.ts';
import type { SamlRefusalCode } from '../saml/refusals.ts';
import { verifyResponse } from '../saml/verify-response.ts';
import { type RefusalCode, SignInRefused } from './refusals.ts';
import { keepDocument } from './sign-in-document.ts';
import type { SignInRequest } from './sign-in-request-store.ts';
import { rememberAssertion } from './sign-in-store.ts';
import { note, type SignInTrace } from './sign-in-trace.ts';
import { samlPerson, type UpstreamPerson } from './upstream-person.ts';

/** What a response is refused for when the company has just changed its key; by AES-CBC that is all that is told. */
const NO_KEY_FITS: ReadonlySet<SamlRefusalCode> = new Set([
  'certificate_unknown',
  'signature_invalid',
  'decryption_failed',
]);

export async function verifySamlAnswer(
  deps: RefreshDeps & Pick<SsoDeps, 'log'>,
  connection: Connection,
  request: SignInRequest,
  trace: SignInTrace,
): Promise<UpstreamPerson> {
  const upstream = connection.protocol === 'saml' ? samlConnection(deps.config.baseUrl, connection) : undefined;
  const { sent, response } = request;
  if (!upstream || sent.protocol !== 'saml') {
    throw new SignInRefused(
      'connection_mismatch',
      'The request was not made for SAML, or the connection is incomplete.',
    );
  }
  if (response === undefined) throw new SignInRefused('request_unknown', 'No response was posted for this request.');
  const xml = decodeBase64(response);
  if (!xml) {
    trace.facts.samlRefusal = 'not_base64' satisfies SamlRefusalCode;
    throw new SignInRefused('response_refused', 'not_base64: the form field is not base64.');
  }
  keepDocument(deps, trace, connection, xml);
  const verifyWith = (company: SamlConnection) =>
    verifyResponse({
      xml,
      connection: company,
      request: { id: sent.id, issuedAt: new Date(sent.issuedAt), forceAuthn: sent.forceAuthn },
      now: deps.clock.now(),
    });
  let verified = verifyWith(upstream);
  if (!verified.ok && NO_KEY_FITS.has(verified.refusal)) {
    const fresh = await refreshAfterFailure(deps, connection);
    const renewed = fresh?.protocol === 'saml' ? samlConnection(deps.config.baseUrl, fresh) : undefined;
    if (renewed) {
      note(trace, 'metadata', true, 'read again, since no certificate fitted the signature');
      verified = verifyWith(renewed);
    }
  }
  trace.checks.push(...verified.checks);
  if (!verified.ok) {
    trace.facts.samlRefusal = verified.refusal;
    const code: RefusalCode = verified.refusal === 'status' ? 'identity_provider_refused' : 'response_refused';
    throw new SignInRefused(code, `${verified.refusal}: ${verified.detail}`);
  }
  const { assertion } = verified;
  trace.facts.certificate = verified.certificate;
  await rememberAssertion(deps, {
    orgId: connection.orgId,
    connectionId: connection.id,
    assertionId: assertion.id,
    until: new Date(assertion.notOnOrAfter.getTime() + CLOCK_SKEW_SECONDS * 1000),
  });
  return samlPerson(connection.settings, assertion);
}
