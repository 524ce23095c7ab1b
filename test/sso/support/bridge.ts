// Sign-in over real HTTP and a real database, with a scripted relying party in Keycloak's place: it asks our provider as
// Keycloak's identity providers do, and exchanges the code. Keycloak itself plays in test/e2e.
import { createHash, randomBytes } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import express from 'express';
import { createRemoteJWKSet, type JWTPayload, jwtVerify } from 'jose';
import pg from 'pg';
import { pino } from 'pino';
import type { RequestContext } from '../../../src/context.ts';
import { Database } from '../../../src/db/database.ts';
import type { Page, ScriptedBrowser } from '../../../src/dev/scripted-browser.ts';
import { createDirectoryUser } from '../../../src/directory/change-directory-user.ts';
import type { Endpoint } from '../../../src/http/endpoint.ts';
import { newId } from '../../../src/ids.ts';
import type { JobHelpers } from '../../../src/jobs/task.ts';
import { idpClientSecret } from '../../../src/keycloak/idp-secret.ts';
import { claimDomain } from '../../../src/orgs/claim-domain.ts';
import { layOrganization } from '../../../src/orgs/create-organization.ts';
import { OPERATOR_RIGHTS, type Rights } from '../../../src/roles/rights.ts';
import type { CreateConnectionInput } from '../../../sso/connections/connection-input.ts';
import { createConnectionSchema } from '../../../sso/connections/connection-input.ts';
import { createConnection } from '../../../sso/connections/create-connection.ts';
import { activateConnection } from '../../../sso/connections/update-connection.ts';
import { createSso, type Sso } from '../../../sso/create-sso.ts';
import type { SsoDeps } from '../../../sso/deps.ts';
import type { InvitationEntry } from '../../../sso/provider/invitation-entry.ts';
import { createTestDatabase } from '../../support/postgres.ts';

const PROVIDER_SECRET = 'test-provider-secret-of-some-length';
const REALM = 'drawbridge';

export type MemberInput = {
  readonly address: string;
  readonly externalId?: string;
  readonly userName?: string;
  readonly active?: boolean;
};

export type Bridge = Awaited<ReturnType<typeof startBridge>>;

/**
 * `restartEachRequest`: every request is served by a process that has just started and knows nothing. `processes`: so many
 * live side by side, and each request goes to the next of them.
 */
export async function startBridge(options: { restartEachRequest?: boolean; processes?: number } = {}) {
  const database = await createTestDatabase();
  const db = new Database(database.appUrl, { size: 4 });
  const admin = new pg.Client({ connectionString: database.adminUrl });
  await admin.connect();
  /** The logout tokens that Keycloak was sent, and what it answers to them. */
  const logouts = { tokens: [] as string[], status: 200 };
  const keycloak = await listen(async (request, response) => {
    response.setHeader('content-type', 'text/plain');
    if (request.url?.endsWith('/logout/backchannel-logout')) {
      logouts.tokens.push(new URLSearchParams(await text(request)).get('logout_token') ?? '');
      response.statusCode = logouts.status;
    }
    response.end(`Keycloak got ${request.url}`);
  });
  const bridge = await listen((request, response) => serve(request, response));
  /** The clock is so much ahead, or stands. */
  const later = { ms: 0, stands: undefined as Date | undefined };
  const ports = {
    projected: [] as string[],
    endedSessions: [] as string[],
    project: async (_personId: string): Promise<void> => {},
    invitationEntry: (async () => ({ refusal: { code: 'none', detail: 'No invitation.' } })) as InvitationEntry,
  };
  const deps: SsoDeps = {
    db,
    clock: { now: () => later.stands ?? new Date(Date.now() + later.ms) },
    resolveTxt: async () => [],
    log: pino({ level: process.env.LOG_LEVEL ?? 'silent' }),
    config: {
      environment: 'test',
      ssoAllowedNetworks: [],
      baseUrl: bridge.url,
      appUrl: 'http://127.0.0.1:9/app',
      secretKey: 'test-secret-key-of-some-length',
      keycloak: {
        url: keycloak.url,
        realm: REALM,
        clientId: 'x',
        clientSecret: 'x',
        connectionsClientSecret: 'x',
        loginClientSecret: 'x',
        providerSecret: PROVIDER_SECRET,
      },
    },
    projectPerson: (personId) => {
      ports.projected.push(personId);
      return ports.project(personId);
    },
    endKeycloakSession: async (id) => void ports.endedSessions.push(id),
    invitationEntry: (input) => ports.invitationEntry(input),
    projectionLimitMs: 200,
  };
  let sso: Sso = await createSso(deps);
  const apps = [express().use(sso.router)];
  while (apps.length < (options.processes ?? 1)) apps.push(express().use((await createSso(deps)).router));
  let served = 0;
  const serve: RequestListener = async (request, response) => {
    if (options.restartEachRequest) {
      sso = await createSso(deps);
      apps[0] = express().use(sso.router);
    }
    served += 1;
    apps[served % apps.length]?.(request, response);
  };
  const ctx: RequestContext = { requestId: 'test', log: deps.log, actor: { kind: 'system', id: 'test' } };
  const rows = async <T extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
    (await admin.query<T>(text, values)).rows;

  return {
    deps,
    db,
    ctx,
    ports,
    later,
    baseUrl: bridge.url,
    keycloakUrl: keycloak.url,
    logouts,
    /** Runs what waits in the queue now, by the clock or the database's; a job that fails stays. */
    async runJobs(): Promise<void> {
      const jobs = await rows<{ id: string; name: string; payload: unknown }>(
        `select j.id, t.identifier as name, j.payload from graphile_worker._private_jobs j
          join graphile_worker._private_tasks t on t.id = j.task_id where j.run_at <= greatest($1, now()) order by j.id`,
        [deps.clock.now()],
      );
      for (const { id, name, payload } of jobs) {
        const query: JobHelpers['query'] = (sql, values) => admin.query(sql, values);
        const helpers = { log: deps.log, attempt: 1, lastAttempt: false, signal: undefined, query };
        await sso.tasks[name]?.(payload, helpers);
        await rows('delete from graphile_worker._private_jobs where id = $1', [id]);
      }
    },
    /** As superuser: sees everything. */
    rows,
    one: async <T extends pg.QueryResultRow>(text: string, values: unknown[] = []) => (await rows<T>(text, values))[0],
    sso: () => sso,
    /** Calls a REST operation as the HTTP layer does, once query and body have been parsed; gives the answer's body. */
    async call<T>(
      method: Endpoint['method'],
      path: string,
      orgId: string,
      sent: { params?: object; query?: object; body?: unknown; rights?: Rights } = {},
    ): Promise<T> {
      const whole = `/v1/organizations/{org}${path}`;
      const found = sso.endpoints.find((one) => one.method === method && one.path === whole);
      if (!found) throw new Error(`there is no ${method} ${whole}`);
      const answer = await found.handle({
        params: sent.params,
        query: found.query?.parse(sent.query ?? {}),
        body: found.body?.parse(sent.body),
        orgId,
        rights: sent.rights ?? OPERATOR_RIGHTS,
        principal: { kind: 'operator', id: 'test' },
        ctx,
      } as unknown as Parameters<Endpoint['handle']>[0]);
      return answer.body as T;
    },
    make: {
      async organization(key: string, domain: string): Promise<{ id: string; key: string; domain: string }> {
        const id = newId();
        await db.inOrg(id, (tx) => layOrganization(tx, ctx, { key, displayName: key }));
        await claimDomain(deps, ctx, id, { domain, decided: true });
        return { id, key, domain };
      },
      async directory(orgId: string): Promise<string> {
        const [row] = await rows<{ id: string }>(
          `insert into directory (org_id, display_name) values ($1, 'People') returning id`,
          [orgId],
        );
        return row!.id;
      },
      /** Pushed by the directory; gives the member's id. */
      async directoryUser(orgId: string, directoryId: string, user: MemberInput): Promise<string> {
        const change = await createDirectoryUser(
          deps,
          { orgId, directoryId },
          {
            userName: user.userName ?? user.address,
            externalId: user.externalId,
            active: user.active ?? true,
            address: user.address,
            displayName: undefined,
            givenName: 'Given',
            familyName: 'Family',
            email: user.address,
            resource: JSON.stringify({ userName: user.userName ?? user.address }),
          },
        );
        return change.member_id;
      },
      /** Somebody made by hand, with a password unless told otherwise. */
      async member(orgId: string, address: string, role = 'member', hasCredential = true): Promise<string> {
        const [person] = await rows<{ id: string }>('insert into person (has_credential) values ($1) returning id', [
          hasCredential,
        ]);
        await rows(
          'insert into person_address (address_key, address, person_id, proved_at) values (fold_key($1), $1, $2, now())',
          [address, person!.id],
        );
        const [member] = await rows<{ id: string }>(
          `insert into member (org_id, person_id, status, role_key, address, address_key)
            values ($1, $2, 'active', $3, $4, fold_key($4)) returning id`,
          [orgId, person!.id, role, address],
        );
        await rows(`insert into carrier (org_id, member_id, source, ref) values ($1, $2, 'manual', $2)`, [
          orgId,
          member!.id,
        ]);
        await rows(
          `insert into access_grant (org_id, member_id, target_kind, target, source, ref)
            values ($1, $2, 'role', $3, 'manual', 'test')`,
          [orgId, member!.id, role],
        );
        return member!.id;
      },
      /** Active from now on. */
      async connection(orgId: string, input: Record<string, unknown>): Promise<string> {
        const parsed: CreateConnectionInput = createConnectionSchema.parse({ displayName: 'Company', ...input });
        const { id } = await createConnection(deps, ctx, orgId, parsed);
        await activateConnection(deps, ctx, orgId, id, { rights: OPERATOR_RIGHTS, untested: true });
        return id;
      },
      async team(orgId: string, key: string, group: string): Promise<string> {
        const [row] = await rows<{ id: string }>(
          'insert into team (org_id, key, display_name) values ($1, $2, $2) returning id',
          [orgId, key],
        );
        await rows(
          `insert into mapping_rule (org_id, source, match, value, value_key, target_kind, target, created_by)
            values ($1, 'sso.groups', 'display_name', $2, fold_key($2), 'team', $3, '{}')`,
          [orgId, group, row!.id],
        );
        await rows(`select match_rules($1, array(select id from mapping_rule where org_id = $1), '[]')`, [orgId]);
        return row!.id;
      },
    },
    teamsOf: async (memberId: string) =>
      (
        await rows<{ key: string }>(
          'select t.key from team_member m join team t on t.id = m.team_id where m.member_id = $1 order by 1',
          [memberId],
        )
      ).map((row) => row.key),
    /** As Keycloak does for a browser that it sends to an identity provider of ours. */
    keycloakAsks(alias: string, parameters: Record<string, string> = {}): KeycloakRequest {
      const clientId = `keycloak-${alias === 'invitation' ? alias : alias.replace(/^sso-/, '')}`;
      const redirectUri = `${keycloak.url}/realms/${REALM}/broker/${alias}/endpoint`;
      const verifier = randomBytes(32).toString('base64url');
      const state = randomBytes(12).toString('base64url');
      const query = new URLSearchParams({
        client_id: clientId,
        redirect_uri: redirectUri,
        response_type: 'code',
        scope: 'openid email profile',
        state,
        nonce: `n-${state}`,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...parameters,
      });
      return { url: `${bridge.url}/oidc/auth?${query}`, clientId, redirectUri, verifier, state };
    },
    /** The whole way of one browser; `url` is where it ended. */
    async signIn(browser: ScriptedBrowser, alias: string, parameters: Record<string, string> = {}) {
      const asked = this.keycloakAsks(alias, parameters);
      const page = await browser.open(asked.url);
      return {
        asked,
        page,
        answer: page.url.startsWith(asked.redirectUri) ? await this.keycloakGets(asked, page) : undefined,
      };
    },
    personOf: async (memberId: string) =>
      (await rows<{ person_id: string }>('select person_id from member where id = $1', [memberId]))[0]?.person_id,
    lastTrace: async (orgId: string) =>
      (
        await rows<{ outcome: string; refusal: string | null; member_id: string | null; detail: TraceDetail }>(
          'select outcome, refusal, member_id, detail from sign_in_trace where org_id = $1 order by id desc limit 1',
          [orgId],
        )
      )[0],
    /** What Keycloak learns when the browser is back: the ID token's claims, or the error. */
    async keycloakGets(request: KeycloakRequest, page: Page): Promise<Answer> {
      if (!page.url.startsWith(request.redirectUri)) {
        throw new Error(`The browser is at ${page.url} (${page.status}): ${page.html.slice(0, 1500)}`);
      }
      const answer = new URL(page.url).searchParams;
      if (answer.get('state') !== request.state) throw new Error('another state came back');
      const error = answer.get('error');
      if (error !== null) return { error };
      return exchange(bridge.url, request, answer.get('code') ?? '');
    },
    async [Symbol.asyncDispose]() {
      await bridge.stop();
      await keycloak.stop();
      await db.close();
      await admin.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

export type TraceDetail = {
  readonly checks: { readonly name: string; readonly ok: boolean; readonly detail: string }[];
  readonly [fact: string]: unknown;
};

export type KeycloakRequest = {
  readonly url: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly verifier: string;
  readonly state: string;
};

export type Answer =
  | { readonly claims: JWTPayload; readonly idToken: string; readonly error?: undefined }
  | { readonly error: string };

/** Redeems a code as Keycloak does; throws with the error's name. */
export async function exchange(
  baseUrl: string,
  request: KeycloakRequest,
  code: string,
): Promise<{ readonly idToken: string; readonly claims: JWTPayload }> {
  const response = await fetch(`${baseUrl}/oidc/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: request.redirectUri,
      client_id: request.clientId,
      client_secret: idpClientSecret(PROVIDER_SECRET, request.clientId),
      code_verifier: request.verifier,
    }),
  });
  const tokens = (await response.json()) as { id_token: string; error?: string };
  if (tokens.error) throw new Error(tokens.error);
  const keys = createRemoteJWKSet(new URL(`${baseUrl}/oidc/jwks`));
  const { payload } = await jwtVerify(tokens.id_token, keys, { issuer: `${baseUrl}/oidc`, audience: request.clientId });
  return { idToken: tokens.id_token, claims: payload };
}

async function listen(handler: RequestListener): Promise<{ url: string; stop(): Promise<void> }> {
  const server: Server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
