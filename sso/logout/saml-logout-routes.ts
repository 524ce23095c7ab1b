// SAML single logout (profiles 4.4), by redirect and by POST at one address: the company's request, which ends its
// sessions here and is answered, and its answer to ours, after which the browser goes on at Keycloak.
import { type RequestHandler, type Response, Router } from 'express';
import { DomainError } from '../../src/errors.ts';
import type { SamlConnectionRecord } from '../connections/connection.ts';
import { findConnection, findOrganizationOfConnection } from '../connections/connection-queries.ts';
import { samlLogout } from '../connections/protocol-view.ts';
import { postPage } from '../pages/post-page.ts';
import type { SamlLogoutConnection } from '../saml/connection.ts';
import { buildLogoutResponse, type LogoutToSend } from '../saml/logout-message.ts';
import type { LogoutMessage } from '../saml/receive-logout.ts';
import { verifyLogoutRequest, verifyLogoutResponse } from '../saml/verify-logout.ts';
import { readForm } from '../sign-in/read-form.ts';
import { atRoute, contextOf, type SignInDeps, sendOn, sendPage, sendRefusal, textOf } from '../sign-in/respond.ts';
import { endByCompany } from './end-by-company.ts';
import { takeLogoutRequest } from './logout-request-store.ts';
import { sendBack } from './send-away.ts';

const MESSAGE_LIMIT = '256kb';

type Parties = { readonly connection: SamlConnectionRecord; readonly logout: SamlLogoutConnection };

export function samlLogoutRoutes(deps: SignInDeps, limited: RequestHandler): Router {
  const router = Router();
  const form = readForm(deps, MESSAGE_LIMIT);
  const path = '/sso/saml/:connection/slo';
  const named = atRoute('/sso/saml/{connection}/slo');

  router.get(path, named, limited, async (req, res) => {
    const rawQuery = req.originalUrl.slice(req.originalUrl.indexOf('?') + 1);
    const isAnswer = req.query.SAMLResponse !== undefined;
    await take(deps, res, req.params.connection as string, { binding: 'redirect', rawQuery }, isAnswer, req.query);
  });
  router.post(path, named, limited, form, async (req, res) => {
    const body = (req.body ?? {}) as Record<string, unknown>;
    const isAnswer = body.SAMLResponse !== undefined;
    await take(deps, res, req.params.connection as string, { binding: 'post', body }, isAnswer, body);
  });
  return router;
}

async function take(
  deps: SignInDeps,
  res: Response,
  connectionId: string,
  message: LogoutMessage,
  isAnswer: boolean,
  parameters: Readonly<Record<string, unknown>>,
): Promise<void> {
  const orgId = await findOrganizationOfConnection(deps, connectionId);
  const connection = orgId === undefined ? undefined : await findConnection(deps, orgId, connectionId);
  const logout = connection?.protocol === 'saml' ? samlLogout(deps.config.baseUrl, connection) : undefined;
  if (connection?.protocol !== 'saml' || !logout) {
    return sendRefusal(deps, res, { code: 'request_unknown', interactionUid: undefined });
  }
  const parties = { connection, logout };
  if (isAnswer) return takeAnswer(deps, res, parties, message, textOf(parameters.RelayState));
  return takeRequest(deps, res, parties, message);
}

/** The sessions that it names are over before it is answered. One that is not valid is not answered. */
async function takeRequest(
  deps: SignInDeps,
  res: Response,
  { connection, logout }: Parties,
  message: LogoutMessage,
): Promise<void> {
  const now = deps.clock.now();
  const request = verifyLogoutRequest(message, logout, now);
  if (!request.ok) {
    deps.log.info({ connection: connection.id, refusal: request.refusal }, `logout refused: ${request.detail}`);
    return sendRefusal(deps, res, { code: 'logout_refused', interactionUid: undefined });
  }
  const { id: messageId, until, nameId, sessionIndexes, relayState } = request;
  const ctx = contextOf(deps, res, { kind: 'connection', id: connection.id });
  const named = { subject: nameId.value, nameFormat: nameId.format, sessionIndexes };
  try {
    await endByCompany(deps, ctx, { connection, messageId, until, named });
  } catch (error) {
    if (!(error instanceof DomainError && error.data.rule === 'assertion_replayed')) throw error;
    return sendRefusal(deps, res, { code: 'logout_refused', interactionUid: undefined });
  }
  send(res, buildLogoutResponse(logout, { inResponseTo: messageId, status: 'success', relayState, now }));
}

/** Whatever the company answers, the person has logged out here: the browser goes on at Keycloak. */
async function takeAnswer(
  deps: SignInDeps,
  res: Response,
  { connection, logout }: Parties,
  message: LogoutMessage,
  relayState: string,
): Promise<void> {
  const now = deps.clock.now();
  const request = await deps.db.inOrg(connection.orgId, (tx) => takeLogoutRequest(tx, connection.id, relayState, now));
  if (request?.requestId === undefined) return sendBack(deps, res, undefined);
  const answer = verifyLogoutResponse(message, logout, request.requestId, now);
  if (!answer.ok) {
    const fields = { connection: connection.id, refusal: answer.refusal };
    deps.log.warn(fields, `the company's answer to a logout is not valid: ${answer.detail}`);
  }
  await sendBack(deps, res, request);
}

function send(res: Response, message: LogoutToSend): void {
  if (message.method === 'redirect') sendOn(res, message.url);
  else sendPage(res, postPage({ action: message.url, fields: message.fields }));
}
