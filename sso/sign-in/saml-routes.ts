// The SAML side of a sign-in. The company's page posts the response across sites, so no Lax cookie comes with it: the
// ACS only stores it and answers 303 to a GET, where the cookie is there to check.
import { type Response, Router } from 'express';
import { findConnection, findOrganizationOfConnection } from '../connections/connection-queries.ts';
import { spMetadata } from '../connections/protocol-view.ts';
import { claimedRequest } from '../saml/claimed-request.ts';
import { spMetadataXml } from '../saml/sp-metadata.ts';
import { browserHashes } from './browser-cookie.ts';
import { finishSignIn } from './finish-sign-in.ts';
import { findOrganizationKey, startUrl } from './home-realm.ts';
import { readForm } from './read-form.ts';
import { atRoute, contextOf, type SignInDeps, sendFinished, sendOn, sendRefusal, textOf } from './respond.ts';
import { findRequestIdSent, storeResponse } from './sign-in-request-store.ts';
import { verifySamlAnswer } from './verify-saml.ts';

const ACS_LIMIT = '1mb';

export function samlRoutes(deps: SignInDeps): Router {
  const router = Router();
  const form = readForm(deps, ACS_LIMIT);

  router.get('/sso/saml/:connection/metadata', atRoute('/sso/saml/{connection}/metadata'), async (req, res) => {
    const orgId = await findOrganizationOfConnection(deps, req.params.connection);
    const connection = orgId === undefined ? undefined : await findConnection(deps, orgId, req.params.connection);
    if (connection?.protocol !== 'saml') return sendNothingHere(deps, res);
    res.attachment(`drawbridge-${connection.id}.xml`);
    res.type('application/samlmetadata+xml').send(spMetadataXml(spMetadata(deps.config.baseUrl, connection)));
  });

  router.post('/sso/saml/:connection/acs', atRoute('/sso/saml/{connection}/acs'), form, async (req, res) => {
    const connectionId = req.params.connection as string;
    const body = (req.body ?? {}) as Record<string, unknown>;
    const response = textOf(body.SAMLResponse);
    const state = textOf(body.RelayState);
    const orgId = await findOrganizationOfConnection(deps, connectionId);
    if (orgId === undefined || response === '') return sendNothingHere(deps, res);
    const claimed = OUR_STATE.test(state) ? undefined : claimedRequest(response);
    if (!OUR_STATE.test(state) && claimed === undefined) return sendUnsolicited(deps, res, orgId);
    const id = claimed === undefined ? state : await findRequestIdSent(deps, orgId, { connectionId, sentId: claimed });
    if (id === undefined) return sendNothingHere(deps, res);
    await storeResponse(deps, orgId, { connectionId, id, response });
    sendOn(res, `/sso/saml/${connectionId}/finish?request=${id}`);
  });

  router.get('/sso/saml/:connection/finish', atRoute('/sso/saml/{connection}/finish'), async (req, res) => {
    const connectionId = req.params.connection;
    const finished = await finishSignIn(
      deps,
      (id) => contextOf(deps, res, { kind: 'connection', id }),
      { connectionId, by: { id: textOf(req.query.request) }, browsers: browserHashes(req, deps.config.baseUrl) },
      (connection, request, trace) => verifySamlAnswer(deps, connection, request, trace),
    );
    await sendFinished(deps, res, finished);
  });

  return router;
}

/** A request row's id. Anything else in RelayState is an identity provider's own, as when it began by itself. */
const OUR_STATE = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A response that nobody asked for proves nothing: it is a hint that this company's person wants to sign in. */
async function sendUnsolicited(deps: SignInDeps, res: Response, orgId: string): Promise<void> {
  const key = await findOrganizationKey(deps, orgId);
  sendOn(res, startUrl(deps.config.appUrl, key, undefined));
}

function sendNothingHere(deps: SignInDeps, res: Response): void {
  sendRefusal(deps, res, { code: 'request_unknown', interactionUid: undefined });
}
