// The one renderer of errors for REST: RFC 9457 problem details from the error table. What has no name becomes a 500
// that tells an id and nothing else.
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { DomainError, type ErrorCode, errorInfo } from '../errors.ts';
import { type RequestScope, scopeOf } from './request-scope.ts';

const RETRY_AFTER_SECONDS = 5;

type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly requestId: string;
} & Readonly<Record<string, unknown>>;

/** The answer to a failure. */
function toProblem(error: unknown, requestId: string, baseUrl: string): Problem {
  const known = asKnown(error);
  const code = known?.code ?? 'internal';
  const { status, title } = errorInfo(code);
  return {
    ...publicData(known),
    type: `${baseUrl}/problems/${code}`,
    title,
    status,
    code,
    detail: known?.message ?? 'The failure was logged under the request id.',
    requestId,
  };
}

/** The last handler: whatever was thrown becomes a problem. */
export function problemHandler(deps: { baseUrl: string }): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    const scope = scopeOf(response);
    const problem = toProblem(error, scope.requestId, deps.baseUrl);
    logFailure(scope, error, problem);
    if (response.headersSent) return next(error);
    if (problem.status === 401) response.setHeader('WWW-Authenticate', wwwAuthenticate(error));
    if (problem.status === 503 || problem.status === 429) {
      response.setHeader('Retry-After', String(problem.retryAfterSeconds ?? RETRY_AFTER_SECONDS));
    }
    response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  };
}

/** For what no route took. */
export const nothingHere: RequestHandler = () => {
  throw new DomainError('not_found', 'There is nothing at this address.');
};

function logFailure(scope: RequestScope, error: unknown, problem: Problem): void {
  if (problem.code === 'internal') scope.log.error({ err: error }, 'unexpected failure');
  else if (problem.status >= 500) scope.log.warn({ err: error, code: problem.code }, 'request could not be served');
  else scope.log.debug({ code: problem.code, detail: problem.detail }, 'request refused');
}

/** RFC 6750 section 3.1: `error` only when a token was presented. */
function wwwAuthenticate(error: unknown): string {
  if (!(error instanceof DomainError && error.data.presented === true)) return 'Bearer realm="drawbridge"';
  return `Bearer realm="drawbridge", error="invalid_token", error_description="${error.message}"`;
}

/** `presented` is for the header alone. */
function publicData(error: DomainError | undefined): Record<string, unknown> {
  const { presented: _, ...data } = error?.data ?? {};
  return data;
}

function asKnown(error: unknown): DomainError | undefined {
  if (error instanceof DomainError) return error;
  // Express: a path that cannot be decoded
  if (error instanceof URIError) return new DomainError('invalid_request', 'The path cannot be decoded.');
  return undefined;
}
