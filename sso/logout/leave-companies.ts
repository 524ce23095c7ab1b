// The application has logged out, and Keycloak sends the browser by us: what companies have signed in there is over with
// us, and where a connection says so the browser goes on to end it at its company, one after another, before it returns to
// Keycloak.
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
import { insertLogoutRequest, type LogoutRequest, type Stop } from './logout-request-store.ts';
import type { StoredSession } from './upstream-session.ts';
import { endInKeycloak, endOwnSession, findUpstreamSession, sessionsOfBrowser } from './upstream-session-store.ts';

/** How long a browser may be away at the company before Keycloak's session is ended without it. */
const AWAY_MS = 2 * 60 * 1000;

type Deps = Pick<SsoDeps, 'db' | 'clock' | 'config'> & { readonly relyingParty: RelyingParty };
type Back = Omit<LogoutRequest, 'requestId'>;
type Leaving = { readonly to: { readonly url: string } | { readonly form: SamlForm }; readonly request: LogoutRequest };

/**
 * Ends the session, and those that other companies have opened in the same session of Keycloak, and says where the browser
 * goes: to the first company, or straight back (undefined).
 */
export async function leaveCompanies(
  deps: Deps,
  ctx: RequestContext,
  { returnTo, ...own }: Stop & { readonly returnTo: string },
): Promise<Leaving['to'] | undefined> {
  // by connection: a browser that has come by one company again has one session there
  const stops = new Map<string, Stop>();
  const end = async (stop: Stop) => {
    const connectionId = await endSession(deps, ctx, stop);
    if (connectionId !== undefined && !stops.has(connectionId)) stops.set(connectionId, stop);
  };
  await end(own);
  const beside = await sessionsOfBrowser({ query: deps.db.realm.bind(deps.db) }, own.orgId, own.sessionId);
  for (const { orgId, id: sessionId } of beside) await end({ orgId, sessionId });
  return leaveNext(deps, { onward: [...stops.values()], returnTo });
}

/**
 * Where the browser goes next; undefined: back, nothing is left. A company that cannot be reached or has no logout never
 * keeps anybody from logging out here.
 */
export async function leaveNext(
  deps: Deps,
  { onward: [stop, ...onward], returnTo }: Pick<LogoutRequest, 'onward' | 'returnTo'>,
): Promise<Leaving['to'] | undefined> {
  if (!stop) return undefined;
  const { orgId, sessionId } = stop;
  const session = await deps.db.inOrg(orgId, (tx) => findUpstreamSession(tx, deps.config.secretKey, sessionId));
  const connection = session && (await findConnection(deps, orgId, session.connectionId));
  const back = { id: newId(), returnTo, onward };
  if (!session || !connection?.settings.logoutAtCompany) return leaveNext(deps, back);
  const leaving = await leave(deps, connection, session, back);
  if (!leaving) return leaveNext(deps, back);
  const now = deps.clock.now();
  await deps.db.inOrg(orgId, async (tx) => {
    await insertLogoutRequest(tx, connection.id, leaving.request, now);
    // Keycloak ends its session when the browser is back; one that stays at the company must not keep it open
    const runAt = new Date(now.getTime() + AWAY_MS);
    await endInKeycloak(tx, { sessionIds: [sessionId], runAt });
  });
  return leaving.to;
}

/** Gives its connection; undefined for one that was over already, or nobody's. */
async function endSession(deps: Deps, ctx: RequestContext, { orgId, sessionId }: Stop): Promise<string | undefined> {
  return deps.db.inOrg(orgId, async (tx) => {
    const ended = await endOwnSession(tx, sessionId, deps.clock.now());
    if (!ended) return undefined;
    await recordAudit(tx, ctx, {
      action: 'session.ended',
      subjectKind: 'member',
      subjectId: ended.memberId,
      data: { by: 'application', connection: ended.connectionId },
    });
    return ended.connectionId;
  });
}

function leave(
  deps: Deps,
  connection: Connection,
  session: StoredSession,
  back: Back,
): Promise<Leaving | undefined> | Leaving | undefined {
  return connection.protocol === 'oidc'
    ? leaveOidc(deps, connection, session, back)
    : leaveSaml(deps, connection, session, back);
}

async function leaveOidc(
  deps: Deps,
  connection: OidcConnectionRecord,
  { idToken }: StoredSession,
  back: Back,
): Promise<Leaving | undefined> {
  const upstream = oidcConnection(connection);
  if (!upstream) return undefined;
  const redirectUri = signedOutUri(deps.config.baseUrl, connection.id);
  const started = await deps.relyingParty.startLogout(upstream, { redirectUri, state: back.id, idToken });
  return started.ok ? { to: { url: started.url }, request: { ...back, requestId: undefined } } : undefined;
}

function leaveSaml(
  deps: Deps,
  connection: SamlConnectionRecord,
  session: StoredSession,
  back: Back,
): Leaving | undefined {
  const logout = samlLogout(deps.config.baseUrl, connection);
  if (!logout) return undefined;
  const { subject: value, nameFormat: format, nameQualifier, spNameQualifier, sessionIndex } = session;
  const nameId = { value, format, nameQualifier, spNameQualifier };
  const sent = buildLogoutRequest(logout, { nameId, sessionIndex, relayState: back.id, now: deps.clock.now() });
  const to = sent.method === 'redirect' ? { url: sent.url } : { form: { action: sent.url, fields: sent.fields } };
  return { to, request: { ...back, requestId: sent.id } };
}
