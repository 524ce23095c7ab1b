// Keycloak ends a person's session with us too (RP-initiated logout). We keep no session that outlives a request, so
// there is nothing to end and nobody to ask: the browser goes straight back, to registered addresses only.
import type { RequestHandler } from 'express';
import type { SsoDeps } from '../deps.ts';
import { findProviderClient } from './provider-clients.ts';

export function endSession(deps: Pick<SsoDeps, 'db' | 'clock' | 'config'>): RequestHandler {
  const { keycloak, appUrl } = deps.config;
  return async (req, res) => {
    const { client_id: clientId, post_logout_redirect_uri: target, state } = req.query;
    const client =
      typeof clientId === 'string' ? await findProviderClient({ ...deps, clients: { keycloak } }, clientId) : undefined;
    const allowed = typeof target === 'string' && client?.post_logout_redirect_uris?.includes(target);
    const url = new URL(allowed ? target : appUrl);
    if (allowed && typeof state === 'string') url.searchParams.set('state', state);
    res.redirect(303, url.href);
  };
}
