// The composition root: every part is made here, by hand and in order, so that "who needs what" is one screen.
// What is started is stopped in reverse order.
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import express from 'express';
import type { Logger } from 'pino';
import { createScim } from '../scim/router.ts';
import { createSso, type Sso } from '../sso/create-sso.ts';
import { systemClock } from './clock.ts';
import type { Config } from './config.ts';
import type { CoreDeps } from './db/core-deps.ts';
import { Database } from './db/database.ts';
import { directoryRoutes } from './directory/routes.ts';
import { createAccessTokenVerifier, type VerifyAccessToken } from './http/access-token.ts';
import { createApi } from './http/create-api.ts';
import type { Probe } from './http/health.ts';
import { createMetrics, type HttpMetrics } from './http/metrics.ts';
import { createAcceptance } from './invitations/acceptance.ts';
import { invitationRoutes } from './invitations/routes.ts';
import { startJobs } from './jobs/runner.ts';
import { TIMED_TASKS_CRONTAB, timedTasks } from './jobs/timed-tasks.ts';
import { hasCredential } from './keycloak/credentials.ts';
import { endSession } from './keycloak/end-session.ts';
import { readEventLag } from './keycloak/event-store.ts';
import { EventWorker } from './keycloak/event-worker.ts';
import { createKeycloak, type Keycloak } from './keycloak/keycloak.ts';
import { projectPerson } from './keycloak/project-person.ts';
import { ProjectionWorker } from './keycloak/projection-worker.ts';
import { CredentialCache } from './keys/credential-cache.ts';
import { createLogger } from './log.ts';
import { mailHealth } from './mail/mail-health.ts';
import { createMailer } from './mail/mailer.ts';
import { mailTasks } from './mail/send-mail.ts';
import { domainTasks } from './orgs/check-domains.ts';
import { createTxtResolver, type ResolveTxt } from './orgs/resolve-txt.ts';

export type Deps = AsyncDisposable &
  CoreDeps & {
    readonly config: Config;
    readonly log: Logger;
    readonly credentials: CredentialCache;
    readonly metrics: HttpMetrics;
    /** Undefined when no Keycloak is configured. */
    readonly verifyAccessToken: VerifyAccessToken | undefined;
    /** Its database connections are the worker role's own, so that a queue of projections never starves requests. */
    readonly keycloak: Keycloak | undefined;
    /** Runs in a process with the role of worker; asked for the lag in every process. */
    readonly projection: ProjectionWorker | undefined;
    readonly resolveTxt: ResolveTxt;
    readonly sso: Sso;
    readonly acceptance: ReturnType<typeof createAcceptance>;
    readonly scim: ReturnType<typeof createScim>;
  };

const PROJECTION_CONNECTIONS = 10;
const LAG_WORTH_SAYING_SECONDS = 30;
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Makes and starts the parts of a role. Disposing stops them in reverse order. */
export async function createDeps(
  config: Config,
  role: { readonly web?: boolean; readonly worker?: boolean },
): Promise<Deps> {
  await using stack = new AsyncDisposableStack();
  const clock = systemClock;
  const log = createLogger(config);
  const db = stack.adopt(new Database(config.database.appUrl, { size: config.database.pool }), (it) => it.close());
  const workerDb = stack.adopt(
    new Database(config.database.workerUrl, { size: PROJECTION_CONNECTIONS, applicationName: 'drawbridge-projection' }),
    (it) => it.close(),
  );
  const credentials = stack.adopt(new CredentialCache({ db, clock, log, listenUrl: config.database.appUrl }), (it) =>
    it.close(),
  );
  await credentials.start();
  const verifyAccessToken = config.keycloak && createAccessTokenVerifier(config.keycloak, clock);
  const keycloak = createKeycloak(config, workerDb);
  const projection = keycloak && new ProjectionWorker(keycloak, log);
  const metrics = createMetrics({
    pool: () => db.connections,
    projection: async () => (await projection?.lag()) ?? { due: 0, oldestSeconds: 0 },
    eventLag: () => readEventLag({ query: db.realm.bind(db) }),
  });
  const core = { db, clock, config, log };
  const resolveTxt = createTxtResolver(config.dnsServers);
  const acceptance = createAcceptance({
    ...core,
    keycloak: keycloak && {
      projectPerson: (personId) => projectPerson(keycloak, personId, { endSessions: false }),
      hasCredential: (personId) => hasCredential(keycloak, personId),
    },
  });
  const sso = await createSso({
    ...core,
    resolveTxt,
    projectPerson: async (personId) => keycloak && projectPerson(keycloak, personId, { endSessions: false }),
    endKeycloakSession: async (sessionId) => keycloak && endSession(keycloak, sessionId),
    invitationEntry: acceptance.invitationEntry,
  });
  const scim = stack.adopt(
    createScim({
      db,
      clock,
      log,
      credentials,
      baseUrl: config.baseUrl,
      secretKey: config.secretKey,
      verifyAccessToken,
      ratePerSecond: config.scimRatePerSecond,
      changed: () => projection?.kick(),
      observe: metrics.observe,
    }),
    (it) => it.close(),
  );
  if (role.worker) {
    const tasks = {
      ...timedTasks({ clock }),
      ...domainTasks({ clock, resolveTxt }),
      ...sso.tasks,
      ...mailTasks({ ...core, mailer: createMailer(config) }),
    };
    stack.adopt(
      await startJobs({ ownerUrl: config.database.ownerUrl, log, tasks, crontab: TIMED_TASKS_CRONTAB }),
      (it) => it.stop(),
    );
    if (projection) {
      projection.start();
      stack.adopt(projection, (it) => it.stop());
    }
    if (keycloak) {
      const events = stack.adopt(new EventWorker(keycloak, { clock, log }), (it) => it.stop());
      events.start();
    }
  }
  const started = stack.move();
  const dispose = () => started.disposeAsync();
  const parts = { credentials, metrics, verifyAccessToken, keycloak, projection, resolveTxt, sso, acceptance, scim };
  return { ...core, ...parts, [Symbol.asyncDispose]: dispose };
}

/** A client that talks as if to a proxy names the origin, too (RFC 9112 section 3.2.2). */
const SCIM = /^(?:https?:\/\/[^/?#]*)?\/scim\/v2(?=[/?]|$)/i;

/** Everything that a web process answers. */
export function createApp(deps: Deps): RequestListener {
  const { config } = deps;
  const api = createApi({
    ...deps,
    endpoints: [
      ...directoryRoutes({ ...deps, perform: deps.scim.perform }),
      ...invitationRoutes(deps),
      ...deps.sso.endpoints,
    ],
    probes: probesOf(deps),
    version,
  });
  const app = express();
  app.disable('x-powered-by');
  if (config.trustProxy) app.set('trust proxy', config.trustProxy);
  app.use(...api.first);
  app.get('/', (_request, response) => response.redirect('/docs'));
  app.use(deps.sso.router, deps.acceptance.router);
  app.use(api.router, ...api.last);
  return (request, response) => {
    const path = request.url?.replace(SCIM, '') ?? '';
    if (path === request.url) return app(request, response);
    // SCIM passes by Express: its path is hot, and its errors have a form of their own
    request.url = path.startsWith('/') ? path : `/${path}`;
    void deps.scim.handle(request, response);
  };
}

/** What is waited for, not needed: Keycloak's lag and the mail server. */
function probesOf({ projection, db, keycloak }: Deps): Probe[] {
  return [
    {
      part: 'keycloak',
      check: async () => {
        if (!keycloak || !projection) return 'KEYCLOAK_URL is not set: nobody can sign in, and nothing is projected';
        const { due, oldestSeconds } = await projection.lag();
        return oldestSeconds > LAG_WORTH_SAYING_SECONDS
          ? `${due} changes wait for Keycloak, the oldest for ${Math.round(oldestSeconds)} s`
          : undefined;
      },
    },
    { part: 'mail', check: () => mailHealth(db) },
  ];
}
