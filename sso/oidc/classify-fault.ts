// openid-client's and jose's errors under our names. The first's codes are coarse; the claim or the parameter at fault is in the cause.
import { errors } from 'jose';
import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';
import { OutboundFault } from '../outbound/outbound-fault.ts';
import type { OidcRefusalCode } from './refusals.ts';

export type Fault = { readonly code: OidcRefusalCode; readonly detail: string };

const CLAIMS: Readonly<Record<string, OidcRefusalCode>> = {
  iss: 'id_token_issuer',
  aud: 'id_token_audience',
  azp: 'id_token_audience',
  nonce: 'id_token_nonce',
};

/** By code, then by the first words that fit; the order matters. */
const FAULTS: readonly (readonly [code: string, message: RegExp, refusal: OidcRefusalCode])[] = [
  ['OAUTH_HTTP_REQUEST_FORBIDDEN', /./, 'insecure'],
  ['OAUTH_REQUEST_PROTOCOL_FORBIDDEN', /./, 'insecure'],
  ['OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED', /issuer/, 'discovery_issuer'],
  ['OAUTH_JWT_TIMESTAMP_CHECK_FAILED', /./, 'id_token_time'],
  ['OAUTH_INVALID_RESPONSE', /"alg"/, 'id_token_algorithm'],
  ['OAUTH_INVALID_RESPONSE', /"iss" \(issuer\)(?! claim)/, 'response_issuer'],
  ['OAUTH_INVALID_RESPONSE', /"state"/, 'state'],
  ['OAUTH_INVALID_RESPONSE', /authorization code|parameter|"parameters"/, 'response_invalid'],
  ['OAUTH_INVALID_RESPONSE', /"id_token"/, 'id_token_missing'],
  ['OAUTH_INVALID_RESPONSE', /JWT/, 'id_token_invalid'],
  ['OAUTH_PARSE_ERROR', /JWT/, 'id_token_invalid'],
  ['OAUTH_UNSUPPORTED_OPERATION', /./, 'id_token_algorithm'],
];

/** Names an error that openid-client threw while a code was exchanged; undefined when it is none of its errors. */
export function classifyFault(error: unknown): Fault | undefined {
  if (error instanceof AuthorizationResponseError) {
    return { code: 'provider_error', detail: describe(error.error, error.error_description) };
  }
  if (error instanceof ResponseBodyError) {
    return { code: 'token_refused', detail: describe(error.error, error.error_description) };
  }
  if (error instanceof OutboundFault) return outbound(error);
  if (error instanceof errors.JOSEError) return signature(error);
  if (!(error instanceof ClientError)) return undefined;
  const { code, cause } = error;
  if (cause instanceof OutboundFault) return outbound(cause);
  const inner = cause instanceof Error ? cause : error;
  if (code === 'OAUTH_JWT_CLAIM_COMPARISON_FAILED') return { code: claimFault(inner), detail: inner.message };
  const known = FAULTS.find(([candidate, message]) => candidate === code && message.test(inner.message));
  return known ? { code: known[2], detail: inner.message } : unreachable(error);
}

function claimFault(error: Error): OidcRefusalCode {
  const claim = (error.cause as { claim?: unknown } | undefined)?.claim;
  return (typeof claim === 'string' && CLAIMS[claim]) || 'id_token_invalid';
}

function outbound({ code, message }: OutboundFault): Fault {
  return { code: code === 'insecure' ? 'insecure' : 'unreachable', detail: message };
}

function unreachable(error: Error): Fault {
  const inner = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return { code: 'unreachable', detail: oneLine(`${error.message}${inner}`) };
}

/** What is wrong with a signature; what the token says is the library's to check. */
function signature(error: errors.JOSEError): Fault {
  const isAlgorithm = error instanceof errors.JOSENotSupported || error instanceof errors.JOSEAlgNotAllowed;
  return { code: isAlgorithm ? 'id_token_algorithm' : 'id_token_signature', detail: error.message };
}

function describe(error: string, description: string | undefined): string {
  return oneLine(description === undefined ? error : `${error}: ${description}`);
}

/** What a provider wrote, or what was wrong with it: printable and bounded. */
function oneLine(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a0-\ud7ff]+/g, ' ').slice(0, 300);
}
