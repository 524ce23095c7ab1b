// Every REST operation on how an organization's people sign in.
import type { Endpoint } from '../src/http/endpoint.ts';
import { connectionRoutes } from './connections/routes.ts';
import type { SsoDeps } from './deps.ts';
import { entryGrantRoutes } from './entry/entry-grant-routes.ts';
import { traceRoutes } from './sign-in/trace-routes.ts';

export function ssoRoutes(deps: Pick<SsoDeps, 'db' | 'clock' | 'config'>): Endpoint[] {
  return [...connectionRoutes(deps), ...entryGrantRoutes(deps), ...traceRoutes(deps)];
}
