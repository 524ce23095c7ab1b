// The HTTP half of the process: what every request passes first, the REST API with its documents, and what answers last.
// src/app.ts puts SCIM, SSO and the pages between.
import { type ErrorRequestHandler, type RequestHandler, Router } from 'express';
import type { Logger } from 'pino';
import { auditRoutes } from '../audit/routes.ts';
import type { Config } from '../config.ts';
import type { CoreDeps } from '../db/core-deps.ts';
import { adoptionRoutes } from '../directory/adoption-routes.ts';
import { grantRoutes } from '../grants/routes.ts';
import type { CredentialCache } from '../keys/credential-cache.ts';
import { keyRoutes } from '../keys/routes.ts';
import { accessRoutes } from '../members/access-routes.ts';
import { memberRoutes } from '../members/routes.ts';
import type { ResolveTxt } from '../orgs/resolve-txt.ts';
import { orgRoutes } from '../orgs/routes.ts';
import type { VerifyAccessToken } from './access-token.ts';
import { docsRoutes } from './docs-routes.ts';
import type { Endpoint } from './endpoint.ts';
import { healthRoutes, type Probe } from './health.ts';
import type { HttpMetrics } from './metrics.ts';
import { mountEndpoints } from './mount-endpoints.ts';
import { createOpenApiDocument } from './openapi.ts';
import { nothingHere, problemHandler } from './problem.ts';
import { requestScope, scopeOf } from './request-scope.ts';
import { securityHeaders } from './security-headers.ts';

export type ApiDeps = CoreDeps & {
  readonly config: Pick<Config, 'baseUrl'>;
  readonly log: Logger;
  readonly credentials: CredentialCache;
  /** Undefined when no Keycloak is configured. */
  readonly verifyAccessToken: VerifyAccessToken | undefined;
  readonly resolveTxt: ResolveTxt;
  /** Endpoints of parts above this one (invitations, directories, connections). */
  readonly endpoints: readonly Endpoint[];
  /** What /readyz names when it is degraded. */
  readonly probes: readonly Probe[];
  readonly metrics: HttpMetrics;
  readonly version: string;
};

export type Api = {
  /** Before everything: request scope and log line, security headers. */
  readonly first: readonly RequestHandler[];
  /** /v1, /healthz, /readyz, /metrics, /openapi.json, /docs. */
  readonly router: Router;
  /** After everything: 404, and every error as a problem. */
  readonly last: readonly (RequestHandler | ErrorRequestHandler)[];
  readonly endpoints: readonly Endpoint[];
};

/** Does no I/O. `app.use(...api.first, …, api.router, …, ...api.last)`. */
export function createApi(deps: ApiDeps): Api {
  const endpoints: readonly Endpoint[] = [
    ...orgRoutes(deps),
    ...memberRoutes(deps),
    ...adoptionRoutes(deps),
    ...grantRoutes(deps),
    ...keyRoutes(deps),
    ...accessRoutes(deps),
    ...auditRoutes(deps),
    ...deps.endpoints,
  ];
  const { metrics } = deps;
  const router = Router();
  router.use(healthRoutes(deps));
  router.get('/metrics', async (_request, response) => {
    scopeOf(response).route = '/metrics';
    const { contentType, text } = await metrics.render();
    response.setHeader('Cache-Control', 'no-store');
    response.type(contentType).send(text);
  });
  const { baseUrl } = deps.config;
  router.use(docsRoutes(() => createOpenApiDocument(endpoints, { baseUrl, version: deps.version })));
  router.use(mountEndpoints(endpoints, deps));
  return {
    first: [requestScope({ log: deps.log, metrics }), securityHeaders(deps.config)],
    router,
    last: [nothingHere, problemHandler(deps.config)],
    endpoints,
  };
}
