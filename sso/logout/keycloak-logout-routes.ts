// Keycloak's logout comes by us (OpenID Connect RP-Initiated Logout 1.0): we keep no session that outlives a request, so
// there is nobody to ask. What ends is the session at the company; then the browser goes back, to registered addresses only.
import { type RequestHandler, Router } from 'express';
import { isUuid } from '../../src/ids.ts';
import { findOrganizationOfClient, findProviderClient } from '../provider/provider-clients.ts';
import { verifiedHint } from '../provider/verified-hint.ts';
import { atRoute, contextOf, type SignInDeps, sendOn, textOf } from '../sign-in/respond.ts';
import { leaveCompanies } from './leave-companies.ts';
import { sendAway } from './send-away.ts';

const END_SESSION = '/oidc/session/end';

export function keycloakLogoutRoutes(deps: SignInDeps, limited: RequestHandler): Router {
  const { keycloak, appUrl } = deps.config;
  const router = Router();
  router.get(END_SESSION, atRoute(END_SESSION), limited, async (req, res) => {
    const clientId = textOf(req.query.client_id);
    const target = textOf(req.query.post_logout_redirect_uri);
    const state = textOf(req.query.state);
    const client = await findProviderClient({ ...deps, clients: { keycloak } }, clientId);
    const allowed = client?.post_logout_redirect_uris?.includes(target) ?? false;
    const back = new URL(allowed ? target : appUrl);
    if (allowed && state !== '') back.searchParams.set('state', state);
    const organization = client && (await findOrganizationOfClient(deps, clientId));
    const hint = organization && (await verifiedHint(deps, clientId, textOf(req.query.id_token_hint)));
    // only Keycloak holds the ID token, so nobody else logs somebody out at the company
    if (!hint || !isUuid(String(hint.sid))) return sendOn(res, back.href);
    const ctx = contextOf(deps, res, { kind: 'person', id: String(hint.sub) });
    const session = { orgId: organization.id, sessionId: String(hint.sid), returnTo: back.href };
    sendAway(res, await leaveCompanies(deps, ctx, session), back.href);
  });
  return router;
}
