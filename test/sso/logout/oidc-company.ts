// A company that speaks OpenID Connect, for the tests of logout: a real oidc-provider with one employee, her connection, and
// a scripted relying party as Keycloak.
import type { JWTPayload } from 'jose';
import { ScriptedBrowser } from '../../../src/dev/scripted-browser.ts';
import { backchannelLogoutUri, signedOutUri } from '../../../sso/logout/logout-addresses.ts';
import { oidcRedirectUri } from '../../../sso/oidc/connection.ts';
import { CLIENT, startUpstream } from '../oidc/upstream.ts';
import { startBridge } from '../support/bridge.ts';

export const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

export type OidcCompany = Awaited<ReturnType<typeof startOidcCompany>>;

export async function startOidcCompany() {
  const bridge = await startBridge();
  const { id: orgId } = await bridge.make.organization('globex', 'globex.test');
  const directoryId = await bridge.make.directory(orgId);
  const memberId = await bridge.make.directoryUser(orgId, directoryId, { address: 'gina@globex.test' });
  const issuer = 'http://127.0.0.1:1/';
  const client = { clientId: CLIENT.id, clientSecret: CLIENT.secret, logoutAtCompany: true };
  const connectionId = await bridge.make.connection(orgId, { protocol: 'oidc', issuer, directoryId, ...client });
  const upstream = await startUpstream({
    redirectUri: oidcRedirectUri(bridge.baseUrl, connectionId),
    claims: { email: 'gina@globex.test' },
    logout: {
      signedOutUri: signedOutUri(bridge.baseUrl, connectionId),
      backchannelLogoutUri: backchannelLogoutUri(bridge.baseUrl, connectionId),
    },
  });
  await bridge.rows(
    `update connection set settings = settings || jsonb_build_object('issuer', $2::text), version = version + 1
    where id = $1`,
    [connectionId, upstream.issuer],
  );
  let count = 0;
  return {
    bridge,
    upstream,
    connectionId,
    memberId,
    /** Runs what waits, and forgets what Keycloak has been told. */
    async settle(): Promise<void> {
      await bridge.runJobs();
      bridge.logouts.tokens.length = 0;
      bridge.ports.endedSessions.length = 0;
    },
    /** A completed sign-in: what Keycloak holds of it. */
    async signIn(browser = new ScriptedBrowser()) {
      const { answer, page } = await bridge.signIn(browser, 'sso-globex');
      if (!answer || answer.error !== undefined) throw new Error(page.html);
      return { idToken: answer.idToken, sid: String(answer.claims.sid) };
    },
    sessionOf: (sid: string) =>
      bridge.one<{ ended_by: string | null; session_index: string; subject: string }>(
        'select ended_by, session_index, subject from upstream_session where id = $1',
        [sid],
      ),
    /** As a company's provider tells of a logout. */
    async tell(token: string, connection = connectionId) {
      const response = await fetch(backchannelLogoutUri(bridge.baseUrl, connection), {
        method: 'POST',
        body: new URLSearchParams({ logout_token: token }),
      });
      const words = await response.text();
      return { status: response.status, words, cache: response.headers.get('cache-control') };
    },
    logoutClaims(changes: Record<string, unknown> = {}): JWTPayload {
      count += 1;
      const now = Math.floor(Date.now() / 1000);
      const events = { [EVENT]: {} };
      return {
        iss: upstream.issuer,
        aud: CLIENT.id,
        iat: now,
        exp: now + 120,
        jti: `jti-${count}`,
        events,
        ...changes,
      };
    },
    async stop(): Promise<void> {
      await upstream.stop();
      await bridge[Symbol.asyncDispose]();
    },
  };
}
