// The application has logged out, and Keycloak sends the browser by us: the session at the company is over with us, and
// where the connection says so the browser goes on to end it at the company, before it returns to Keycloak.
import { recordAudit } from '../../src/audit/record-audit.ts';
import type { RequestContext } from '../../src/context.ts';
import { newId } from '../../src/ids.ts';
import type { Connection, OidcConnectionRecord, SamlConnectionRecord } from '../connections/connection.ts';
import { findConnection } from '../connections/connection-queries.ts';
import { oidcConnection, samlLogout } from '../connections/protocol-view.ts';
import type { SsoDeps } from '../deps.ts';
import type { RelyingParty } from '../oidc/relying-party.ts';
import { buildLogoutRequest } from '../saml/logout-message.ts';
import type { SamlForm } from '../saml/send-message.ts';
import { signedOutUri } from './logout-addresses.ts';
import { insertLogoutRequest, type LogoutRequest } from './logout-request-store.ts';
import type { StoredSession } from './upstream-session.ts';
import { endInKeycloak, endOwnSession } from './upstream-session-store.ts';

/** How long a browser may be away at the company before Keycloak's session is ended without it. */
const AWAY_MS = 2 * 60 * 1000;

type Deps = Pick<SsoDeps, 'db' | 'clock' | 'config'> & { readonly relyingParty: RelyingParty };
type Back = Pick<LogoutRequest, 'id' | 'returnTo'>;
type Leaving = { readonly to: { readonly url: string } | { readonly form: SamlForm }; readonly request: LogoutRequest };

/**
 * Ends the session and says where the browser goes: the company, or straight back (undefined). A company that cannot be
 * reached or has no logout never keeps anybody from logging out here.
 */
export async function leaveCompany(
  deps: Deps,
  ctx: RequestContext,
  { orgId, sessionId, returnTo }: { readonly orgId: string; readonly sessionId: string; readonly returnTo: string },
): Promise<Leaving['to'] | undefined> {
  const ended = await endSession(deps, ctx, orgId, sessionId);
  if (!ended?.connection.settings.logoutAtCompany) return undefined;
  const { connection, session } = ended;
  const id = newId();
  const back = { id, returnTo };
  const leaving =
    connection.protocol === 'oidc'
      ? await leaveOidc(deps, connection, session, back)
      : leaveSaml(deps, connection, session, back);
  if (!leaving) return undefined;
  const now = deps.clock.now();
  await deps.db.inOrg(orgId, async (tx) => {
    await insertLogoutRequest(tx, connection.id, leaving.request, now);
    // Keycloak ends its session when the browser is back; one that stays at the company must not keep it open
    const runAt = new Date(now.getTime() + AWAY_MS);
    await endInKeycloak(tx, { sessionIds: [sessionId], runAt });
  });
  return leaving.to;
}

async function endSession(
  deps: Deps,
  ctx: RequestContext,
  orgId: string,
  sessionId: string,
): Promise<{ connection: Connection; session: StoredSession } | undefined> {
  const session = await deps.db.inOrg(orgId, async (tx) => {
    const ended = await endOwnSession(tx, deps.config.secretKey, sessionId, deps.clock.now());
    if (!ended) return undefined;
    await recordAudit(tx, ctx, {
      action: 'session.ended',
      subjectKind: 'member',
      subjectId: ended.memberId,
      data: { by: 'application', connection: ended.connectionId },
    });
    return ended;
  });
  const connection = session && (await findConnection(deps, orgId, session.connectionId));
  return connection && { connection, session };
}

async function leaveOidc(
  deps: Deps,
  connection: OidcConnectionRecord,
  { idToken }: StoredSession,
  { id, returnTo }: Back,
): Promise<Leaving | undefined> {
  const upstream = oidcConnection(connection);
  if (!upstream) return undefined;
  const redirectUri = signedOutUri(deps.config.baseUrl, connection.id);
  const started = await deps.relyingParty.startLogout(upstream, { redirectUri, state: id, idToken });
  return started.ok ? { to: { url: started.url }, request: { id, requestId: undefined, returnTo } } : undefined;
}

function leaveSaml(
  deps: Deps,
  connection: SamlConnectionRecord,
  session: StoredSession,
  { id, returnTo }: Back,
): Leaving | undefined {
  const logout = samlLogout(deps.config.baseUrl, connection);
  if (!logout) return undefined;
  const { subject: value, nameFormat: format, nameQualifier, spNameQualifier, sessionIndex } = session;
  const nameId = { value, format, nameQualifier, spNameQualifier };
  const sent = buildLogoutRequest(logout, { nameId, sessionIndex, relayState: id, now: deps.clock.now() });
  const to = sent.method === 'redirect' ? { url: sent.url } : { form: { action: sent.url, fields: sent.fields } };
  return { to, request: { id, requestId: sent.id, returnTo } };
}
