// What a test of the API starts from: a database of its own, a clock that moves by hand, and the API on a real port.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Logger } from 'pino';
import { pino } from 'pino';
import type { Clock } from '../../src/clock.ts';
import type { RequestContext } from '../../src/context.ts';
import { Database } from '../../src/db/database.ts';
import type { Perform } from '../../src/directory/replay-request.ts';
import { directoryRoutes } from '../../src/directory/routes.ts';
import type { VerifyAccessToken } from '../../src/http/access-token.ts';
import { type Api, type ApiDeps, createApi } from '../../src/http/create-api.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { newId } from '../../src/ids.ts';
import { invitationRoutes } from '../../src/invitations/routes.ts';
import { CredentialCache } from '../../src/keys/credential-cache.ts';
import { createOperatorKey } from '../../src/keys/operator-keys.ts';
import { createLogger } from '../../src/log.ts';
import { createSso } from '../../sso/create-sso.ts';
import { fetchAllowedBy } from '../../sso/outbound/guarded-fetch.ts';
import { ssoRoutes } from '../../sso/routes.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';

/** SECRET_KEY of every test API. */
export const TEST_SECRET_KEY = 'test-0123456789-0123456789';

export type TestClock = Clock & { advance(seconds: number): void };

/** Starts at the real time, because the database's own defaults do; one that stands moves by hand only. */
export function createTestClock({ stands = false } = {}): TestClock {
  const startMs = Date.now();
  let offsetMs = 0;
  return {
    now: () => new Date((stands ? startMs : Date.now()) + offsetMs),
    advance: (seconds) => {
      offsetMs += seconds * 1000;
    },
  };
}

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: Json };
// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects and fails when it is not there
export type Json = any;

/** One request with a JSON body; `key` is the bearer. */
type Call = (
  method: string,
  path: string,
  options?: { key?: string; body?: unknown; headers?: Record<string, string>; raw?: string },
) => Promise<Answer>;

export type Setup = AsyncDisposable & {
  readonly baseUrl: string;
  readonly database: TestDatabase;
  readonly db: Database;
  readonly clock: TestClock;
  readonly credentials: CredentialCache;
  readonly api: Api;
  readonly operatorKey: string;
  /** Every line that was logged, as text. */
  readonly logLines: readonly string[];
  readonly call: Call;
  readonly make: Make;
};

export type MadeOrganization = { readonly id: string; readonly key: string; readonly ownerKey: string };

type Make = {
  /** With a verified domain `<key>.test`. */
  organization(key?: string): Promise<MadeOrganization>;
  /** An active member of the organization's own domain. */
  member(org: MadeOrganization, options?: { role?: string; name?: string; teams?: string[] }): Promise<Json>;
  team(org: MadeOrganization, displayName: string): Promise<Json>;
  directory(org: MadeOrganization): Promise<string>;
  /** A key with exactly these permissions. */
  key(org: MadeOrganization, permissions: readonly string[], memberId?: string): Promise<{ id: string; key: string }>;
};

export type SetupOptions = {
  readonly verifyAccessToken?: VerifyAccessToken;
  readonly resolveTxt?: ApiDeps['resolveTxt'];
  readonly probes?: ApiDeps['probes'];
  readonly poolSize?: number;
  readonly clockStands?: boolean;
  /** The SCIM service's, where a test has one. */
  readonly perform?: Perform;
  /** Serves the browser's part of sign-in, too (without Keycloak). */
  readonly signIn?: boolean;
};

const nothingToPerform: Perform = () => Promise.reject(new Error('This test has no SCIM service.'));

/** Dispose it in `afterAll`. */
export async function setup(options: SetupOptions = {}): Promise<Setup> {
  const database = await createTestDatabase();
  const clock = createTestClock({ stands: options.clockStands ?? false });
  const logLines: string[] = [];
  const log = createLogger({ logLevel: 'debug' }, { write: (line) => void logLines.push(line) });
  const db = new Database(database.appUrl, { size: options.poolSize ?? 8, applicationName: 'test' });
  const credentials = new CredentialCache({ db, clock, log, listenUrl: database.appUrl });
  await credentials.start();
  const app = express();
  // a client that waits between two requests must not meet a connection that just closes
  const server = createServer({ keepAliveTimeout: 60_000 }, app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = {
    baseUrl,
    appUrl: 'http://127.0.0.1:9/app',
    secretKey: TEST_SECRET_KEY,
    keycloak: undefined,
    environment: 'test' as const,
    ssoAllowedNetworks: [],
  };
  const resolveTxt = options.resolveTxt ?? (async () => []);
  const api = createApi({
    db,
    clock,
    log,
    credentials,
    config,
    verifyAccessToken: options.verifyAccessToken,
    resolveTxt,
    // as src/app.ts composes them: a test that walks all endpoints walks the product's
    endpoints: [
      ...directoryRoutes({ db, clock, config, perform: options.perform ?? nothingToPerform }),
      ...invitationRoutes({ db, clock, config }),
      ...ssoRoutes({ db, clock, config, outbound: fetchAllowedBy(config) }),
    ],
    probes: options.probes ?? [],
    metrics: createMetrics({
      pool: () => db.connections,
      projection: async () => ({ due: 0, oldestSeconds: 0 }),
      eventLag: async () => undefined,
    }),
    version: '0.0.0-test',
  });
  app.use(...api.first);
  if (options.signIn) {
    const noInvitation = async () => ({ refusal: { code: 'none', detail: 'No invitation.' } });
    const sso = await createSso({
      ...{ db, clock, log, config, resolveTxt },
      projectPerson: async () => {},
      endKeycloakSession: async () => {},
      invitationEntry: noInvitation,
    });
    app.use(sso.router);
  }
  app.use(api.router);
  app.use(...api.last);
  const { text: operatorKey } = await createOperatorKey({ db });
  const call = caller(baseUrl);
  return {
    baseUrl,
    database,
    db,
    clock,
    credentials,
    api,
    operatorKey,
    logLines,
    call,
    make: makers(call, operatorKey, db),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await credentials.close();
      await db.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

function caller(baseUrl: string): Call {
  return async (method, path, { key, body, headers = {}, raw } = {}) => {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(payload === undefined ? {} : { body: payload }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? JSON.parse(text) : text,
    };
  };
}

function makers(call: Call, operatorKey: string, db: Database): Make {
  let count = 0;
  const made = async (method: string, path: string, key: string, body: unknown): Promise<Json> => {
    const answer = await call(method, path, { key, body });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return {
    async organization(key = `org-${newId().slice(-12)}`) {
      const { organization, ownerKey } = await made('POST', '/v1/organizations', operatorKey, {
        key,
        displayName: key,
      });
      const domain = { domain: `${key}.test`, verified: true };
      await made('POST', `/v1/organizations/${key}/domains`, operatorKey, domain);
      return { id: organization.id, key, ownerKey };
    },
    async member(org, { role, name, teams } = {}) {
      count += 1;
      const local = name ?? `person${count}`;
      const body = {
        address: `${local}@${org.key}.test`,
        displayName: local,
        ...(role && { role }),
        ...(teams && { teams }),
      };
      return made('POST', `/v1/organizations/${org.id}/members`, org.ownerKey, body);
    },
    team: (org, displayName) => made('POST', `/v1/organizations/${org.id}/teams`, org.ownerKey, { displayName }),
    async directory(org) {
      const text = `insert into directory (org_id, display_name) values ($1, 'Directory') returning id`;
      const [row] = await db.query<{ id: string }>(org.id, { text, values: [org.id] });
      return row?.id ?? '';
    },
    async key(org, permissions, memberId) {
      const body = { displayName: 'test key', permissions, ...(memberId && { memberId }) };
      const { id, key } = await made('POST', `/v1/organizations/${org.id}/api-keys`, org.ownerKey, body);
      return { id, key };
    },
  };
}

/** A context for calling use cases directly. */
export function testContext(log: Logger = pino({ level: 'silent' })): RequestContext {
  return { requestId: newId(), log, actor: { kind: 'system', id: 'test' } };
}
