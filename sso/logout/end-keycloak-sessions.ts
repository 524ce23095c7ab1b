// The queue's task `end_keycloak_sessions`: as OpenID provider we tell Keycloak, our client, which session is over
// (OpenID Connect Back-Channel Logout 1.0). Keycloak does not find a session by that which a password had opened before its
// person came by the company, so it is also ended by its own id, where the event of the sign-in has told it. Exactly that
// session ends, with the tokens that came of it. A second run finds nothing to end, and is answered the same.
import { randomUUID } from 'node:crypto';
import { importJWK, SignJWT } from 'jose';
import { z } from 'zod';
import { defineTask, type Task } from '../../src/jobs/task.ts';
import { providerClientId } from '../../src/keycloak/identity-provider.ts';
import type { SsoDeps } from '../deps.ts';
import type { KeyRing } from '../provider/key-ring.ts';
import { type BrowserSession, sessionsOfBrowser } from './upstream-session-store.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const TIMEOUT_MS = 10_000;
/** Keycloak ended its session, but one of its own clients did not answer it. */
const CLIENT_SILENT = 504;

const payload = z.object({ orgId: z.uuid(), sessionIds: z.array(z.uuid()) });

type Deps = Pick<SsoDeps, 'db' | 'clock' | 'endKeycloakSession'> & {
  readonly config: Pick<SsoDeps['config'], 'baseUrl' | 'keycloak'>;
  readonly keyRing: KeyRing;
};

/** Throws where Keycloak refuses or does not answer: the queue tries again. */
export function endKeycloakSessionsTask(deps: Deps): Task {
  return defineTask(payload, async ({ orgId, sessionIds }, { log }) => {
    if (!deps.config.keycloak) return;
    const over = new Map<string, BrowserSession>();
    for (const id of sessionIds) {
      const beside = await sessionsOfBrowser({ query: deps.db.realm.bind(deps.db) }, orgId, id);
      for (const session of beside) over.set(session.id, session);
    }
    for (const session of over.values()) await tellKeycloak(deps, deps.config.keycloak, session);
    const known = [...over.values()].flatMap(({ keycloakSession }) => keycloakSession ?? []);
    for (const id of new Set(known)) await deps.endKeycloakSession(id);
    log.info({ sessions: sessionIds.length }, 'Keycloak was told of ended sessions');
  });
}

async function tellKeycloak(
  deps: Deps,
  keycloak: { readonly url: string; readonly realm: string },
  session: BrowserSession,
): Promise<void> {
  const response = await fetch(
    `${keycloak.url}/realms/${keycloak.realm}/protocol/openid-connect/logout/backchannel-logout`,
    {
      method: 'POST',
      body: new URLSearchParams({ logout_token: await logoutToken(deps, session) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    },
  );
  const words = await response.text();
  if (!response.ok && response.status !== CLIENT_SILENT) {
    throw new Error(`Keycloak answered ${response.status} to a logout: ${words.slice(0, 300)}`);
  }
}

async function logoutToken(deps: Deps, { id, organizationKey, personId }: BrowserSession): Promise<string> {
  const { signing } = await deps.keyRing.keys();
  const now = Math.floor(deps.clock.now().getTime() / 1000);
  return new SignJWT({ sid: id, events: { [EVENT]: {} } })
    .setProtectedHeader({ alg: 'RS256', kid: String(signing.kid), typ: 'logout+jwt' })
    .setIssuer(`${deps.config.baseUrl}/oidc`)
    .setAudience(providerClientId(organizationKey))
    .setSubject(personId)
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + 120)
    .sign(await importJWK(signing, 'RS256'));
}
