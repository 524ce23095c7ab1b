// Logout towards OpenID Connect companies: what they tell us server to server, and the browser that comes back from
// logging out there.
import { type RequestHandler, type Response, Router } from 'express';
import { DomainError } from '../../src/errors.ts';
import { findConnection, findOrganizationOfConnection } from '../connections/connection-queries.ts';
import { oidcConnection } from '../connections/protocol-view.ts';
import { readForm } from '../sign-in/read-form.ts';
import { atRoute, contextOf, type SignInDeps, textOf } from '../sign-in/respond.ts';
import { endByCompany } from './end-by-company.ts';
import { type LogoutRequest, takeLogoutRequest } from './logout-request-store.ts';
import { sendBack } from './send-away.ts';

const TOKEN_LIMIT = '64kb';

export function oidcLogoutRoutes(deps: SignInDeps, limited: RequestHandler): Router {
  const router = Router();
  const form = readForm(deps, TOKEN_LIMIT);

  router.post(
    '/sso/oidc/:connection/backchannel-logout',
    atRoute('/sso/oidc/{connection}/backchannel-logout'),
    limited,
    form,
    async (req, res) => {
      const connectionId = req.params.connection as string;
      const token = textOf(((req.body ?? {}) as Record<string, unknown>).logout_token);
      const refusal = await endByToken(deps, res, connectionId, token);
      res.set('Cache-Control', 'no-store');
      if (refusal === undefined) res.status(200).end();
      else res.status(refusal.status).json({ error: 'invalid_request', error_description: refusal.detail });
    },
  );

  router.get(
    '/sso/oidc/:connection/signed-out',
    atRoute('/sso/oidc/{connection}/signed-out'),
    limited,
    async (req, res) => {
      const connectionId = req.params.connection;
      await sendBack(deps, res, await findRequest(deps, connectionId as string, textOf(req.query.state)));
    },
  );

  return router;
}

/** Undefined when it was taken, also when it ended nothing; what is wrong otherwise (section 2.8). */
async function endByToken(
  deps: SignInDeps,
  res: Response,
  connectionId: string,
  token: string,
): Promise<{ status: 400 | 503; detail: string } | undefined> {
  const orgId = await findOrganizationOfConnection(deps, connectionId);
  const connection = orgId === undefined ? undefined : await findConnection(deps, orgId, connectionId);
  const upstream = connection?.protocol === 'oidc' ? oidcConnection(connection) : undefined;
  if (!connection || !upstream || token === '') return { status: 400, detail: 'no logout token is expected here' };
  const verified = await deps.relyingParty.verifyLogout(upstream, token);
  if (!verified.ok) {
    deps.log.info({ connection: connectionId, refusal: verified.refusal }, `logout refused: ${verified.detail}`);
    return { status: verified.refusal === 'logout_token' ? 400 : 503, detail: verified.detail };
  }
  const { sub: subject, sid, jti: messageId, until } = verified;
  const named = { subject, sessionIndexes: sid === undefined ? [] : [sid] };
  const ctx = contextOf(deps, res, { kind: 'connection', id: connectionId });
  try {
    await endByCompany(deps, ctx, { connection, messageId, until, named });
    return undefined;
  } catch (error) {
    if (error instanceof DomainError && error.data.rule === 'assertion_replayed') {
      return { status: 400, detail: 'the token was used before' };
    }
    throw error;
  }
}

async function findRequest(deps: SignInDeps, connectionId: string, id: string): Promise<LogoutRequest | undefined> {
  const orgId = await findOrganizationOfConnection(deps, connectionId);
  if (orgId === undefined) return undefined;
  return deps.db.inOrg(orgId, (tx) => takeLogoutRequest(tx, connectionId, id, deps.clock.now()));
}
