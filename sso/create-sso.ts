// Everything that sign-in serves: our OIDC provider for Keycloak, the browser's way to the company and back, the REST
// operations on connections. What expires is swept by a timed job.
import { Router } from 'express';
import type { Endpoint } from '../src/http/endpoint.ts';
import type { Task } from '../src/jobs/task.ts';
import { testPageRoutes } from './connection-tests/test-pages-routes.ts';
import { connectionTasks } from './connections/refresh-tasks.ts';
import type { SsoDeps } from './deps.ts';
import { endKeycloakSessionsTask } from './logout/end-keycloak-sessions.ts';
import { keycloakLogoutRoutes } from './logout/keycloak-logout-routes.ts';
import { limitLogouts } from './logout/limit-logouts.ts';
import { oidcLogoutRoutes } from './logout/oidc-logout-routes.ts';
import { samlLogoutRoutes } from './logout/saml-logout-routes.ts';
import { END_KEYCLOAK_SESSIONS } from './logout/upstream-session-store.ts';
import { createRelyingParty } from './oidc/relying-party.ts';
import { fetchAllowedBy } from './outbound/guarded-fetch.ts';
import { createKeyRing } from './provider/key-ring.ts';
import { createProvider } from './provider/provider.ts';
import { rotateKeysTask } from './provider/rotate-keys-task.ts';
import { ssoRoutes } from './routes.ts';
import { setupPageRoutes } from './setup/setup-page-routes.ts';
import { attemptRoutes } from './sign-in/attempt-routes.ts';
import { nothingHere, troubleHandler } from './sign-in/handle-trouble.ts';
import { interactionRoutes } from './sign-in/interaction-routes.ts';
import { oidcRoutes } from './sign-in/oidc-routes.ts';
import { refuseUnstorable } from './sign-in/read-form.ts';
import { atRoute } from './sign-in/respond.ts';
import { samlRoutes } from './sign-in/saml-routes.ts';
import { startRoutes } from './sign-in/start-routes.ts';

export type Sso = {
  /** Serves `/oidc` and `/sso`; comes before any middleware that reads request bodies. */
  readonly router: Router;
  readonly endpoints: Endpoint[];
  /** The queue's tasks, by name. */
  readonly tasks: Readonly<Record<string, Task>>;
};

export async function createSso(deps: SsoDeps): Promise<Sso> {
  const { config, clock } = deps;
  const keyRing = await createKeyRing(deps);
  const { provider, handle } = await createProvider(deps, keyRing);
  const relyingParty = createRelyingParty({
    clock,
    allowLoopbackHttp: config.environment !== 'production',
    allowedNetworks: config.ssoAllowedNetworks,
  });
  const outbound = fetchAllowedBy(config);
  const signIn = { ...deps, provider, keyRing, relyingParty, outbound };
  const router = Router();
  router.use(['/oidc', '/sso'], refuseUnstorable(signIn));
  const limited = limitLogouts(deps);
  router.use(
    keycloakLogoutRoutes(signIn, limited),
    oidcLogoutRoutes(signIn, limited),
    samlLogoutRoutes(signIn, limited),
  );
  router.use('/oidc', atRoute('/oidc'), handle);
  router.use(
    attemptRoutes(deps),
    startRoutes(signIn),
    interactionRoutes(signIn),
    samlRoutes(signIn),
    oidcRoutes(signIn),
    testPageRoutes(signIn),
    setupPageRoutes(signIn),
  );
  router.use('/sso', nothingHere(signIn));
  router.use(['/oidc', '/sso'], troubleHandler(signIn));
  return {
    router,
    endpoints: ssoRoutes({ ...deps, outbound }),
    tasks: {
      ...connectionTasks({ ...deps, outbound }),
      [END_KEYCLOAK_SESSIONS]: endKeycloakSessionsTask(signIn),
      rotate_signing_keys: rotateKeysTask(deps),
    },
  };
}
