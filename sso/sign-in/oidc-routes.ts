// The OpenID Connect side of a sign-in: the code comes back as a top-level GET, with our Lax cookie.
import { Router } from 'express';
import { keysNewestFirst } from '../connections/connection.ts';
import { findConnection, findOrganizationOfConnection } from '../connections/connection-queries.ts';
import { CLIENT_KEYS_MAX_AGE_SECONDS, type ClientKey, publicClientKeys } from '../oidc/client-key.ts';
import { browserHashes } from './browser-cookie.ts';
import { finishSignIn } from './finish-sign-in.ts';
import { atRoute, contextOf, type SignInDeps, sendFinished, sendRefusal, textOf } from './respond.ts';
import { verifyOidcAnswer } from './verify-oidc.ts';

export function oidcRoutes(deps: SignInDeps): Router {
  const router = Router();
  router.get('/sso/oidc/:connection/callback', atRoute('/sso/oidc/{connection}/callback'), async (req, res) => {
    const connectionId = req.params.connection;
    const finished = await finishSignIn(
      deps,
      (id) => contextOf(deps, res, { kind: 'connection', id }),
      { connectionId, by: { state: textOf(req.query.state) }, browsers: browserHashes(req, deps.config.baseUrl) },
      (connection, request, trace) => verifyOidcAnswer(deps, req.originalUrl, connection, request, trace),
    );
    await sendFinished(deps, res, finished);
  });
  // what a provider needs to know us by our key: the set, or its certificate for those that take a file
  router.get('/sso/oidc/:connection/jwks', atRoute('/sso/oidc/{connection}/jwks'), async (req, res) => {
    const keys = await clientKeysOf(deps, req.params.connection as string);
    res.set('Cache-Control', `public, max-age=${CLIENT_KEYS_MAX_AGE_SECONDS}`).json(publicClientKeys(keys));
  });
  router.get('/sso/oidc/:connection/certificate', atRoute('/sso/oidc/{connection}/certificate'), async (req, res) => {
    const [newest] = await clientKeysOf(deps, req.params.connection as string);
    if (!newest) return sendRefusal(deps, res, { code: 'request_unknown', interactionUid: undefined });
    res.type('application/x-pem-file').send(newest.certificate);
  });
  return router;
}

/** While one is being replaced both, the new one first. */
async function clientKeysOf(deps: SignInDeps, connectionId: string): Promise<readonly ClientKey[]> {
  const orgId = await findOrganizationOfConnection(deps, connectionId);
  const connection = orgId === undefined ? undefined : await findConnection(deps, orgId, connectionId);
  return connection?.protocol === 'oidc' ? keysNewestFirst(connection.secret?.clientKey) : [];
}
