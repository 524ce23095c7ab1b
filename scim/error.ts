// A failure -> the SCIM error that the directory's log shows (RFC 7644 section 3.12). The only place that sets an error
// status; what has no name is a fault of ours: 500 with the request's id, never 404.
import { DomainError, type ErrorInfo, errorInfo } from '../src/errors.ts';
import type { ScimAnswer } from './exchange.ts';
import { ERROR } from './schema/names.ts';

const RETRY_AFTER_SECONDS = 5;

/** `scimType` stands where RFC 7644 table 9 has one for the failure; `status` is a text, as the RFC demands. */
export function errorAnswer(error: unknown, requestId: string): ScimAnswer & { readonly body: string } {
  const known = error instanceof DomainError ? error : undefined;
  const info: ErrorInfo = errorInfo(known?.code ?? 'internal');
  const detail = known ? known.message : `Something failed on our side. Ask about request ${requestId}.`;
  const body = JSON.stringify({
    schemas: [ERROR],
    status: String(info.status),
    ...(info.scimType ? { scimType: info.scimType } : {}),
    detail,
  });
  return { status: info.status, body, headers: headersOf(known) };
}

function headersOf(error: DomainError | undefined): Record<string, string> {
  switch (error?.code) {
    case 'unauthenticated':
      return { 'WWW-Authenticate': 'Bearer realm="scim"' };
    case 'unavailable':
      return { 'Retry-After': String(RETRY_AFTER_SECONDS) };
    case 'too_many_requests':
      return { 'Retry-After': String(error.data.retryAfterSeconds ?? 1) };
    case 'method_not_allowed':
      return { Allow: String(error.data.allow ?? '') };
    default:
      return {};
  }
}
