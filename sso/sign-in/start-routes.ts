// "Sign in with your company": for people whom Keycloak's own page cannot route.
import { Router } from 'express';
import { startPage } from '../pages/start-page.ts';
import { findHomeRealm, startUrl } from './home-realm.ts';
import { atRoute, type SignInDeps, sendOn, sendPage, textOf } from './respond.ts';

const ADDRESS = /^[^\s@]+@[^\s@]+$/;

export function startRoutes(deps: Pick<SignInDeps, 'db' | 'config'>): Router {
  const router = Router();
  router.get('/sso/start', atRoute('/sso/start'), async (req, res) => {
    const { appUrl } = deps.config;
    const address = textOf(req.query.email).trim();
    if (address === '') return sendPage(res, startPage({ appUrl }));
    const usable = ADDRESS.test(address) && address.length <= 254;
    const key = usable ? await findHomeRealm(deps, address) : undefined;
    if (key === undefined) return sendPage(res, startPage({ appUrl, unknownAddress: address.slice(0, 254) }));
    sendOn(res, startUrl(appUrl, key, address));
  });
  return router;
}
