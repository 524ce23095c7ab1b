// What belongs to one HTTP request from its first byte to its log line: id, logger, who asked, which route. One line is
// written per request; tokens, queries and bodies never are.
import type { RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { newId } from '../ids.ts';
import type { HttpMetrics } from './metrics.ts';

export type RequestScope = {
  readonly requestId: string;
  readonly log: Logger;
  /** The path's template, so that lines and metrics do not differ by id. Set by whoever owns the route. */
  route?: string;
  /** Who asked, as kind and id. Set when the credential is known to be good. */
  principal?: { readonly kind: string; readonly id: string };
};

/** An id that a proxy or caller may give: long enough to be one, short and plain enough to be logged. */
const SANE_ID = /^[A-Za-z0-9_.:-]{8,128}$/;

/** Opens the scope of each request. Comes before every other handler of the process. */
export function requestScope(deps: { log: Logger; metrics: HttpMetrics }): RequestHandler {
  return (request, response, next) => {
    const given = request.get('x-request-id');
    const requestId = given !== undefined && SANE_ID.test(given) ? given : newId();
    const scope: RequestScope = { requestId, log: deps.log.child({ requestId }) };
    response.locals.scope = scope;
    response.setHeader('X-Request-Id', requestId);
    const startedMs = performance.now();
    response.once('close', () => {
      const durationMs = performance.now() - startedMs;
      const route = scope.route ?? 'none';
      const { method } = request;
      // a caller who went away before the answer has no status; 499 is what proxies write
      const status = response.writableEnded ? response.statusCode : 499;
      deps.metrics.observe({ method, route, status, durationMs });
      scope.log.info(
        { method, route, status, durationMs: Math.round(durationMs * 10) / 10, principal: scope.principal },
        'request',
      );
    });
    next();
  };
}

/** The scope that `requestScope` opened. */
export function scopeOf(response: Response): RequestScope {
  return response.locals.scope as RequestScope;
}
