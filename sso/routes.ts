// Every REST operation on how an organization's people sign in.
import type { Endpoint } from '../src/http/endpoint.ts';
import { connectionTestRoutes } from './connection-tests/connection-test-routes.ts';
import { keyRotationRoutes } from './connections/key-rotation-routes.ts';
import { presetRoutes } from './connections/preset-routes.ts';
import { refreshRoutes } from './connections/refresh-routes.ts';
import { connectionRoutes } from './connections/routes.ts';
import type { SsoDeps } from './deps.ts';
import { signInPolicyRoutes } from './enforcement/routes.ts';
import { entryGrantRoutes } from './entry/entry-grant-routes.ts';
import { identityRoutes } from './identities/identity-routes.ts';
import type { GuardedFetch } from './outbound/guarded-fetch.ts';
import { setupLinkRoutes } from './setup/setup-link-routes.ts';
import { traceRoutes } from './sign-in/trace-routes.ts';

export function ssoRoutes(
  deps: Pick<SsoDeps, 'db' | 'clock' | 'config'> & { readonly outbound: GuardedFetch },
): Endpoint[] {
  return [
    ...presetRoutes(deps),
    ...connectionRoutes(deps),
    ...refreshRoutes(deps),
    ...keyRotationRoutes(deps),
    ...connectionTestRoutes(deps),
    ...entryGrantRoutes(deps),
    ...identityRoutes(deps),
    ...signInPolicyRoutes(deps),
    ...setupLinkRoutes(deps),
    ...traceRoutes(deps),
  ];
}
