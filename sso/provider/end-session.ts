// Keycloak ends a person's session with us too (RP-initiated logout). We keep no session that outlives a request, so
// there is nothing to end and nobody to ask: the browser goes straight back, to registered addresses only.
import type { RequestHandler } from 'express';
import type { Provider } from 'oidc-provider';

export function endSession(provider: Provider, appUrl: string): RequestHandler {
  return async (req, res) => {
    const { client_id: clientId, post_logout_redirect_uri: target, state } = req.query;
    const client = typeof clientId === 'string' ? await provider.Client.find(clientId) : undefined;
    const allowed = typeof target === 'string' && client?.postLogoutRedirectUris?.includes(target);
    const url = new URL(allowed ? target : appUrl);
    if (allowed && typeof state === 'string') url.searchParams.set('state', state);
    res.redirect(303, url.href);
  };
}
