// The page of one attempt, for the administrator who was given its reference. Keycloak says who is at the browser; whoever
// manages the organization's connections may read it, and nobody else learns whether it exists. No session is kept.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Router } from 'express';
import { DomainError } from '../../src/errors.ts';
import { isUuid, newSecret } from '../../src/ids.ts';
import { createKeycloakSignIn } from '../../src/invitations/keycloak-sign-in.ts';
import { findRightsOfPerson } from '../../src/members/members-queries.ts';
import { deriveKey } from '../../src/seal.ts';
import { findConnection } from '../connections/connection-queries.ts';
import type { SsoDeps } from '../deps.ts';
import { attemptPage, noAttemptPage, staleAttemptPage } from '../pages/attempt-page.ts';
import type { Page } from '../pages/page.ts';
import { browserHashes, ensureBrowser } from './browser-cookie.ts';
import { findOrganizationKey } from './home-realm.ts';
import { atRoute, sendOn, sendPage, textOf } from './respond.ts';
import { findOrganizationOfTrace, listSignIns } from './traces-queries.ts';

const CALLBACK = '/sso/attempts/callback';

export function attemptRoutes(deps: SsoDeps): Router {
  const { baseUrl, secretKey, keycloak } = deps.config;
  const router = Router();
  if (!keycloak) return router;
  const signIn = createKeycloakSignIn({ keycloak, baseUrl, secretKey, clock: deps.clock, callbackPath: CALLBACK });
  const key = deriveKey(secretKey, 'attempt page');
  const sealOf = (id: string, nonce: string, browser: Buffer) =>
    createHmac('sha256', key).update(`${id} ${nonce} `).update(browser).digest();

  router.get(CALLBACK, atRoute(CALLBACK), async (req, res) => {
    const state = textOf(req.query.state);
    const id = attemptOf(browserHashes(req, baseUrl), state, sealOf);
    if (id === undefined || textOf(req.query.code) === '') return sendPage(res, noAttemptPage());
    const who = await signIn.finish(textOf(req.query.code), state).catch((error: unknown) => {
      if (error instanceof DomainError && error.code === 'sign_in_refused') return undefined;
      throw error;
    });
    if (!who) return sendPage(res, staleAttemptPage(`/sso/attempts/${id}`));
    sendPage(res, who.personId === undefined ? noAttemptPage() : await read(deps, who.personId, id));
  });

  router.get('/sso/attempts/:attempt', atRoute('/sso/attempts/{attempt}'), (req, res) => {
    const id = req.params.attempt;
    if (!isUuid(id)) return sendPage(res, noAttemptPage());
    const nonce = newSecret();
    const seal = sealOf(id, nonce, ensureBrowser(req, res, baseUrl));
    sendOn(res, signIn.requestUrl({ state: `${id}.${nonce}.${seal.toString('base64url')}` }));
  });

  return router;
}

/** The attempt that a state of this browser's names. */
function attemptOf(
  browsers: readonly Buffer[],
  state: string,
  sealOf: (id: string, nonce: string, browser: Buffer) => Buffer,
): string | undefined {
  const [id = '', nonce = '', sent = ''] = state.split('.');
  const seal = Buffer.from(sent, 'base64url');
  const isMine = browsers.some((browser) => {
    const expected = sealOf(id, nonce, browser);
    return seal.length === expected.length && timingSafeEqual(seal, expected);
  });
  return isMine ? id : undefined;
}

async function read(deps: SsoDeps, personId: string, id: string): Promise<Page> {
  const orgId = await findOrganizationOfTrace(deps, id);
  const rights = orgId === undefined ? undefined : await findRightsOfPerson(deps.db, orgId, personId);
  if (orgId === undefined || !rights?.permissions.has('connection.manage')) return noAttemptPage();
  const [attempt] = await listSignIns(deps, orgId, { id, limit: 1 });
  if (!attempt) return noAttemptPage();
  const connection =
    attempt.connectionId === undefined ? undefined : await findConnection(deps, orgId, attempt.connectionId);
  const organization = await findOrganizationKey(deps, orgId);
  return attemptPage({ attempt, organization: organization ?? orgId, connection: connection?.displayName });
}
