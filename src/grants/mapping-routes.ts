// REST: everything about mapping (docs/mapping.md), one list.
import type { CoreDeps } from '../db/core-deps.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { explainRoutes } from './explain-routes.ts';
import { mappingViewRoutes } from './mapping-view-routes.ts';
import { planRoutes } from './plan-routes.ts';
import { ruleRoutes } from './rule-routes.ts';

export function mappingRoutes(deps: CoreDeps): Endpoint[] {
  return [...ruleRoutes(deps), ...planRoutes(deps), ...mappingViewRoutes(deps), ...explainRoutes(deps)];
}
