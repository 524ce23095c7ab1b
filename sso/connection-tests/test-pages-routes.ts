// The browser's side of a test sign-in: the link's page, and its button that goes on to the company. A refusal before the
// company is reached is the test's result, too.
import { Router } from 'express';
import { findConnection } from '../connections/connection-queries.ts';
import { postPage } from '../pages/post-page.ts';
import { testGonePage, testResultPage, testStartPage } from '../pages/test-pages.ts';
import { beginSignIn } from '../sign-in/begin-sign-in.ts';
import { ensureBrowser } from '../sign-in/browser-cookie.ts';
import { SignInRefused } from '../sign-in/refusals.ts';
import { atRoute, contextOf, type SignInDeps, sendOn, sendPage } from '../sign-in/respond.ts';
import { isForeignForm } from '../sign-in/same-site.ts';
import { beginTrace } from '../sign-in/sign-in-trace.ts';
import { findOpenTest } from './begin-test.ts';
import { startTest } from './connection-test-store.ts';
import { finishTest } from './finish-test.ts';

const ROUTE = '/sso/test/{token}';

export function testPageRoutes(deps: SignInDeps): Router {
  const router = Router();
  router.get('/sso/test/:token', atRoute(ROUTE), async (req, res) => {
    const test = await findOpenTest(deps, req.params.token);
    const connection = test && (await findConnection(deps, test.orgId, test.connectionId));
    if (!connection) return sendPage(res, testGonePage());
    sendPage(res, testStartPage(connection.displayName, `/sso/test/${req.params.token}`));
  });
  router.post('/sso/test/:token', atRoute(ROUTE), async (req, res) => {
    const test = isForeignForm(req) ? undefined : await findOpenTest(deps, req.params.token);
    const connection = test && (await findConnection(deps, test.orgId, test.connectionId));
    const started = connection && (await deps.db.inOrg(test.orgId, (tx) => startTest(tx, test.id, deps.clock.now())));
    if (!connection || !started) return sendPage(res, testGonePage());
    const browserHash = ensureBrowser(req, res, deps.config.baseUrl);
    try {
      const away = await beginSignIn(deps, {
        connection,
        answers: { testId: test.id },
        browserHash,
        loginHint: undefined,
        forceLogin: false,
      });
      if ('url' in away) sendOn(res, away.url);
      else sendPage(res, postPage(away.form));
    } catch (error) {
      if (!(error instanceof SignInRefused)) throw error;
      const trace = beginTrace(connection.orgId, connection.id);
      const ctx = contextOf(deps, res, { kind: 'connection', id: connection.id });
      const verify = () => Promise.reject(error);
      const result = await finishTest(deps, ctx, { testId: test.id, connection, browserHash, trace, verify });
      sendPage(res, testResultPage(connection, result));
    }
  });
  return router;
}
