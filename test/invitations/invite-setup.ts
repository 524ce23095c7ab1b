// What the tests of invitations start from: the API and the acceptance's pages on real ports, a database of its own, the
// queue and a mailbox where a test asks for them. Keycloak is a port here; the hops through the real one, with a real
// browser, are covered in test/e2e.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Request } from 'express';
import pg from 'pg';
import { pino } from 'pino';
import { requestScope } from '../../src/http/request-scope.ts';
import { type Acceptance, createAcceptance } from '../../src/invitations/acceptance.ts';
import { invitationToken } from '../../src/invitations/invitation-token.ts';
import {
  type Answer,
  type Json,
  type MadeOrganization,
  type Setup,
  setup,
  TEST_SECRET_KEY,
} from '../support/server.ts';

export const KEYCLOAK_URL = 'http://127.0.0.1:1';

/** Keycloak as the acceptance sees it, told by the test. */
type ToldKeycloak = {
  readonly projected: string[];
  readonly withCredential: Set<string>;
  failing: boolean;
};

export type InviteSetup = AsyncDisposable & {
  readonly t: Setup;
  readonly keycloak: ToldKeycloak;
  readonly acceptance: Acceptance;
  readonly pagesUrl: string;
  readonly invite: (org: MadeOrganization, body: Json, key?: string) => Promise<Answer>;
  /** The token that the newest mail of an invitation carries. */
  readonly tokenOf: (invitation: { id: string; sentCount: number }) => string;
  /** GET or POST of a page, redirects not followed. */
  readonly page: (method: string, path: string, headers?: Record<string, string>) => Promise<Answer>;
  /** Presses Accept; answers the browser's cookie. */
  readonly accept: (token: string) => Promise<{ answer: Answer; cookie: string }>;
  /** What our OIDC provider asks when Keycloak has sent this browser. */
  readonly enter: (cookie: string) => ReturnType<Acceptance['invitationEntry']>;
  /** One statement behind everybody's back. */
  readonly sql: <Row extends pg.QueryResultRow = Json>(text: string, values?: unknown[]) => Promise<Row[]>;
};

export async function setupInvitations(options: { poolSize?: number } = {}): Promise<InviteSetup> {
  const t = await setup(options);
  const keycloak: ToldKeycloak = { projected: [], withCredential: new Set(), failing: false };
  const pages = await servePages(t, keycloak);
  const admin = new pg.Pool({ connectionString: t.database.adminUrl, max: 2, application_name: 'test admin' });
  const page = async (method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> => {
    const response = await fetch(`${pages.url}${path}`, { method, redirect: 'manual', headers });
    return { status: response.status, headers: response.headers, body: await response.text() };
  };
  return {
    t,
    keycloak,
    acceptance: pages.acceptance,
    pagesUrl: pages.url,
    invite: (org, body, key = org.ownerKey) => t.call('POST', `/v1/organizations/${org.id}/invitations`, { key, body }),
    tokenOf: ({ id, sentCount }) => invitationToken(TEST_SECRET_KEY, id, sentCount),
    page,
    accept: async (token) => {
      const answer = await page('POST', `/invitations/${token}/accept`, { 'sec-fetch-site': 'same-origin' });
      return { answer, cookie: answer.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
    },
    enter: (cookie) => pages.acceptance.invitationEntry({ uid: 'uid', req: { headers: { cookie } } as Request }),
    sql: async (text, values = []) => (await admin.query(text, values)).rows,
    [Symbol.asyncDispose]: async () => {
      await pages.stop();
      await admin.end();
      await t[Symbol.asyncDispose]();
    },
  };
}

async function servePages(t: Setup, told: ToldKeycloak) {
  const app = express();
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const log = pino({ level: 'silent' });
  const acceptance = createAcceptance({
    db: t.db,
    clock: t.clock,
    log,
    config: {
      baseUrl: url,
      appUrl: 'http://app.test',
      secretKey: TEST_SECRET_KEY,
      keycloak: {
        url: KEYCLOAK_URL,
        realm: 'drawbridge',
        clientId: 'drawbridge-runtime',
        clientSecret: 'x',
        connectionsClientSecret: 'x',
        loginClientSecret: 'x',
        providerSecret: 'x',
      },
    },
    keycloak: {
      hasCredential: async (personId) => told.withCredential.has(personId),
      projectPerson: async (personId) => {
        if (told.failing) throw new Error('Keycloak is down');
        told.projected.push(personId);
      },
    },
  });
  const metrics = { observe: () => {}, render: async () => ({ contentType: '', text: '' }) };
  app.use(requestScope({ log, metrics }), acceptance.router);
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, acceptance, stop };
}
