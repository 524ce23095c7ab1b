// `npm start`: everything on this machine, in the order of need, each long step shown. Ends with the facts of what runs
// on the terminal and in `.drawbridge/dev.json`; Ctrl-C stops all of it, and a second start goes on where this one was.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { migrate } from '../db/migrate.ts';
import { type DatabaseUrls, prepareDatabase } from '../db/prepare.ts';
import { startBridge } from './bridge-process.ts';
import { startDemoApp } from './demo-app.ts';
import { prepareKeycloakDatabase, prepareRealm } from './keycloak-realm.ts';
import { ensureKeycloak, type LocalKeycloak, startKeycloak } from './keycloak-server.ts';
import { describeSystem, type LocalFacts } from './local-facts.ts';
import { startMailbox } from './mailbox.ts';
import { choosePort } from './ports.ts';
import { startPostgres } from './postgres.ts';
import { localSecrets } from './secrets.ts';
import { seedDemo } from './seed-demo.ts';
import { StartTrouble } from './trouble.ts';

const CLONE = fileURLToPath(new URL('../../', import.meta.url));
const HOME = join(CLONE, '.drawbridge');
const FACTS = join(HOME, 'dev.json');
const REALM = 'drawbridge';

type Stoppable = { stop(): Promise<void> };

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Runs until Ctrl-C or until a part ends by itself. */
export async function start(): Promise<void> {
  const running: Stoppable[] = [];
  const stopAll = async () => {
    rmSync(FACTS, { force: true });
    for (const part of running.splice(0).reverse()) await part.stop().catch((error: unknown) => say(String(error)));
  };
  let interrupted: (() => void) | undefined;
  const interruption = new Promise<void>((resolve) => {
    interrupted = resolve;
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupted?.());
  try {
    rmSync(FACTS, { force: true });
    const started = startAll(running);
    const first = await Promise.race([started, interruption]);
    if (first) {
      writeFileSync(FACTS, `${JSON.stringify(first, null, 2)}\n`, { mode: 0o600 });
      say(describeSystem(first));
      await interruption;
    }
    say('\nStopping ...');
    await stopAll();
    await started.catch(() => {});
  } finally {
    await stopAll();
  }
  process.exit(process.exitCode ?? 0);
}

async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  const since = performance.now();
  say(`${name} ...`);
  const result = await work();
  say(`${name}: up (${((performance.now() - since) / 1000).toFixed(1)} s)`);
  return result;
}

async function startAll(running: Stoppable[]): Promise<LocalFacts> {
  const secrets = localSecrets(join(HOME, 'secrets.json'));
  const ports = await choosePorts();
  const adminUrl =
    process.env.DATABASE_URL ??
    (await step('Postgres', async () => {
      const postgres = await startPostgres({ dataDir: join(HOME, 'postgres'), log: say });
      running.push(postgres);
      return postgres.adminUrl;
    }));
  const passwords = { owner: secrets.databaseOwner, app: secrets.databaseApp, worker: secrets.databaseWorker };
  const databases = await prepareDatabase(adminUrl, 'drawbridge', passwords);
  const [keycloak] = await Promise.all([
    startLocalKeycloak(running, adminUrl, secrets, ports),
    step('Migrations', () => migrate(databases.ownerUrl)),
    step(
      'Mailbox',
      async () => void running.push(await startMailbox({ smtpPort: ports.smtp, httpPort: ports.mailbox })),
    ),
  ]);
  return startBridgeAndDemo({ running, databases, keycloak, secrets, ports });
}

type Ports = Awaited<ReturnType<typeof choosePorts>>;

async function choosePorts() {
  const asked = (name: string) => (process.env[name] ? Number(process.env[name]) : undefined);
  const choose = (part: string, usual: number, name: string) =>
    choosePort({ part, usual, asked: asked(name), log: say });
  return {
    bridge: await choose('Drawbridge', 3000, 'PORT'),
    app: await choose('the demo application', 3001, 'DEMO_APP_PORT'),
    keycloak: await choose('Keycloak', 8180, 'KEYCLOAK_PORT'),
    management: await choose("Keycloak's management", 9000, 'KEYCLOAK_MANAGEMENT_PORT'),
    smtp: await choose('the mailbox (SMTP)', 1025, 'SMTP_PORT'),
    mailbox: await choose('the mailbox', 8025, 'MAILBOX_PORT'),
  };
}

/** Without Java the rest runs, and the output says what to install. */
async function startLocalKeycloak(
  running: Stoppable[],
  adminUrl: string,
  secrets: ReturnType<typeof localSecrets>,
  ports: Ports,
): Promise<LocalKeycloak | undefined> {
  try {
    return await step('Keycloak', async () => {
      const databaseUrl = await prepareKeycloakDatabase(adminUrl, 'drawbridge_keycloak', secrets.keycloakDatabase);
      const { home } = await ensureKeycloak({ log: say });
      const keycloak = await startKeycloak({
        home,
        databaseUrl,
        port: ports.keycloak,
        managementPort: ports.management,
        adminUser: 'admin',
        adminPassword: secrets.keycloakAdmin,
        themeDir: join(CLONE, 'keycloak-theme'),
        logFile: join(HOME, 'keycloak.log'),
      });
      running.push(keycloak);
      return keycloak;
    });
  } catch (error) {
    if (!(error instanceof StartTrouble && error.kind.startsWith('java_'))) throw error;
    say(`Keycloak: not started. ${error.message} Everything but sign-in works without it.`);
    return undefined;
  }
}

async function startBridgeAndDemo(parts: {
  running: Stoppable[];
  databases: DatabaseUrls;
  keycloak: LocalKeycloak | undefined;
  secrets: ReturnType<typeof localSecrets>;
  ports: Ports;
}): Promise<LocalFacts> {
  const { running, databases, keycloak, secrets, ports } = parts;
  const bridge = {
    baseUrl: `http://127.0.0.1:${ports.bridge}`,
    port: ports.bridge,
    databases,
    keycloak: keycloak && { url: keycloak.url, realm: REALM },
    secrets,
    smtpUrl: `smtp://127.0.0.1:${ports.smtp}`,
    appUrl: `http://127.0.0.1:${ports.app}`,
  };
  if (keycloak) {
    await step('Realm', () => prepareRealm({ keycloakUrl: keycloak.url, realm: REALM, ...bridge }));
  }
  await step('Drawbridge', async () => {
    const child = await startBridge({ ...bridge, role: 'serve', logFile: join(HOME, 'drawbridge.log') });
    running.push(child);
    void child.ended.then(
      () => running.includes(child) && say(`Drawbridge ended; see ${join(HOME, 'drawbridge.log')}`),
    );
  });
  const seeded = await step('Demo data', () =>
    seedDemo({
      baseUrl: bridge.baseUrl,
      appDatabaseUrl: databases.appUrl,
      stateFile: join(HOME, 'demo.json'),
      company: keycloak && {
        url: `http://localhost:${ports.keycloak}`,
        adminUser: 'admin',
        adminPassword: secrets.keycloakAdmin,
        oidcClientSecret: secrets.globexClient,
      },
    }),
  );
  if (keycloak) {
    running.push(
      await startDemoApp({ port: ports.app, keycloakUrl: keycloak.url, realm: REALM, clientId: 'drawbridge-demo' }),
    );
  }
  return {
    baseUrl: bridge.baseUrl,
    ...seeded,
    mailbox: { url: `http://127.0.0.1:${ports.mailbox}/mailbox` },
    keycloak: keycloak
      ? { url: keycloak.url, realm: REALM, adminUser: 'admin', adminPassword: secrets.keycloakAdmin }
      : null,
    demoApp: keycloak ? { url: bridge.appUrl } : null,
  };
}
