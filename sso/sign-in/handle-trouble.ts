// What fails under /sso or /oidc is shown to a person, so it is a page like the others, never a stack or a JSON body.
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { DomainError } from '../../src/errors.ts';
import type { SsoDeps } from '../deps.ts';
import { contextOf, sendRefusal } from './respond.ts';

/** What no route took: a mistyped address, or one that only takes forms and was opened anew. */
export function nothingHere(deps: Pick<SsoDeps, 'config'>): RequestHandler {
  return (_req, res) => sendRefusal(deps, res, { code: 'request_unknown', interactionUid: undefined });
}

export function troubleHandler(deps: Pick<SsoDeps, 'config' | 'log'>): ErrorRequestHandler {
  return (error, _req, res, next) => {
    if (res.headersSent) return next(error);
    const { requestId, log } = contextOf(deps, res, { kind: 'system', id: 'sso' });
    const refusal = { reference: requestId, interactionUid: undefined };
    if (error instanceof DomainError && error.code === 'too_many_requests') {
      res.set('Retry-After', String(error.data.retryAfterSeconds));
      return sendRefusal(deps, res, { code: 'too_many_requests', ...refusal });
    }
    if (isClientFault(error)) return sendRefusal(deps, res, { code: 'response_unreadable', ...refusal });
    log.error({ err: error, requestId }, 'a sign-in request failed');
    const unavailable = error instanceof DomainError && error.code === 'unavailable';
    sendRefusal(deps, res, { code: unavailable ? 'unavailable' : 'internal', ...refusal });
  };
}

/** The body parser's own errors: too large, too many fields, broken encoding. */
function isClientFault(error: unknown): boolean {
  const status = (error as { status?: unknown }).status;
  return typeof status === 'number' && status >= 400 && status < 500;
}
