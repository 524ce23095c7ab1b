// What the SCIM tests start from: the service on a real port over a database of its own, organizations made over REST,
// and directories that talk to it with real tokens.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { createScim, type Scim, type ScimRequestFacts } from '../../scim/router.ts';
import type { VerifyAccessToken } from '../../src/http/access-token.ts';
import { createLogger } from '../../src/log.ts';
import {
  type Answer,
  type Json,
  type MadeOrganization,
  type Setup,
  setup,
  TEST_SECRET_KEY,
} from '../support/server.ts';

export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
export const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';

type ScimCall = (
  method: string,
  path: string,
  body?: unknown,
  options?: { headers?: Record<string, string>; raw?: string },
) => Promise<Answer>;

/** A directory that speaks: its organization, its token, and a client that carries it. */
export type TestDirectory = {
  readonly org: MadeOrganization;
  readonly id: string;
  readonly token: string;
  readonly call: ScimCall;
  /** A user that is there afterwards. */
  user(userName: string, more?: Record<string, unknown>): Promise<Json>;
  group(displayName: string, members?: readonly string[], more?: Record<string, unknown>): Promise<Json>;
  patch(path: string, ...operations: readonly object[]): Promise<Answer>;
};

export type ScimSetup = AsyncDisposable & {
  readonly t: Setup;
  readonly scim: Scim;
  readonly scimUrl: string;
  /** How often the service said that something changed. */
  readonly changes: () => number;
  /** What was measured of each request. */
  readonly observed: readonly ScimRequestFacts[];
  readonly directory: (options?: { org?: MadeOrganization; profile?: string }) => Promise<TestDirectory>;
  /** A client with any token, or none. */
  readonly client: (token: string | undefined) => ScimCall;
  /** One statement as the superuser. */
  readonly sql: <Row extends pg.QueryResultRow = Json>(text: string, values?: unknown[]) => Promise<Row[]>;
};

type ScimOptions = {
  readonly ratePerSecond?: number;
  readonly clockStands?: boolean;
  readonly verifyAccessToken?: VerifyAccessToken;
};

export async function setupScim(options: ScimOptions = {}): Promise<ScimSetup> {
  // the API is made first; its replays go through the service that is made below
  const service: { scim?: Scim } = {};
  const t = await setup({
    poolSize: 16,
    clockStands: options.clockStands ?? false,
    perform: (caller, message) => service.scim!.perform(caller, message),
  });
  let changes = 0;
  const observed: ScimRequestFacts[] = [];
  // a client that waits between two requests must not meet a connection that just closes
  const server = createServer({ keepAliveTimeout: 60_000 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const scim = createScim({
    db: t.db,
    clock: t.clock,
    log: createLogger({ logLevel: 'silent' }),
    credentials: t.credentials,
    baseUrl: origin,
    secretKey: TEST_SECRET_KEY,
    verifyAccessToken: options.verifyAccessToken,
    ratePerSecond: options.ratePerSecond ?? 100_000,
    changed: () => {
      changes += 1;
    },
    observe: (facts) => void observed.push(facts),
  });
  service.scim = scim;
  server.on('request', (request, response) => {
    request.url = (request.url ?? '').slice('/scim/v2'.length) || '/';
    void scim.handle(request, response);
  });
  const scimUrl = `${origin}/scim/v2`;
  const client = (token: string | undefined) => clientOf(scimUrl, token);
  const admin = new pg.Pool({ connectionString: t.database.adminUrl, max: 2, application_name: 'test admin' });
  return {
    t,
    scim,
    scimUrl,
    changes: () => changes,
    observed,
    client,
    directory: async ({ org, profile = 'generic' } = {}) => {
      const home = org ?? (await t.make.organization());
      const { id, token } = await makeDirectory(t, home, profile);
      return directoryOf(home, id, token, client(token));
    },
    sql: async (text, values) => (await admin.query(text, values)).rows,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await scim.close();
      await admin.end();
      await t[Symbol.asyncDispose]();
    },
  };
}

/** A directory and its token, made as an administrator makes them. */
async function makeDirectory(t: Setup, org: MadeOrganization, profile: string): Promise<{ id: string; token: string }> {
  const path = `/v1/organizations/${org.id}/directories`;
  const directory = await t.call('POST', path, { key: org.ownerKey, body: { displayName: profile, profile } });
  const body = { displayName: 'test' };
  const token = await t.call('POST', `${path}/${directory.body.id}/tokens`, { key: org.ownerKey, body });
  if (token.status !== 201) throw new Error(`No token: ${JSON.stringify([directory.body, token.body])}`);
  return { id: directory.body.id, token: token.body.token };
}

function directoryOf(org: MadeOrganization, id: string, token: string, call: ScimCall): TestDirectory {
  const made = async (path: string, body: unknown): Promise<Json> => {
    const answer = await call('POST', path, body);
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return {
    org,
    id,
    token,
    call,
    user: (userName, more = {}) => made('/Users', { schemas: [USER], userName, ...more }),
    group: (displayName, members = [], more = {}) =>
      made('/Groups', { schemas: [GROUP], displayName, members: members.map((value) => ({ value })), ...more }),
    patch: (path, ...Operations) => call('PATCH', path, { schemas: [PATCH], Operations }),
  };
}

function clientOf(scimUrl: string, token: string | undefined): ScimCall {
  return async (method, path, body, { headers = {}, raw } = {}) => {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${scimUrl}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(payload === undefined ? {} : { 'content-type': 'application/scim+json' }),
        ...headers,
      },
      ...(payload === undefined ? {} : { body: payload }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? '' : JSON.parse(text) };
  };
}
