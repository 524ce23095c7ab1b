// The OpenID Connect side of a sign-in: the code comes back as a top-level GET, with our Lax cookie.
import { Router } from 'express';
import { browserHashes } from './browser-cookie.ts';
import { finishSignIn } from './finish-sign-in.ts';
import { atRoute, contextOf, type SignInDeps, sendFinished, textOf } from './respond.ts';
import { verifyOidcAnswer } from './verify-oidc.ts';

export function oidcRoutes(deps: SignInDeps): Router {
  const router = Router();
  router.get('/sso/oidc/:connection/callback', atRoute('/sso/oidc/{connection}/callback'), async (req, res) => {
    const connectionId = req.params.connection;
    const finished = await finishSignIn(
      deps,
      (id) => contextOf(deps, res, { kind: 'connection', id }),
      { connectionId, by: { state: textOf(req.query.state) }, browsers: browserHashes(req) },
      (connection, request, trace) => verifyOidcAnswer(deps, req.originalUrl, connection, request, trace),
    );
    await sendFinished(deps, res, finished);
  });
  return router;
}
