// A whole system for a test file, made of the parts that a user runs: the bridge as a process of its own on a cloned
// database and a realm of its own in the run's Keycloak, a mailbox, the demo application, two companies' realms.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseUrls } from '../../src/db/prepare.ts';
import { type BridgeInput, startBridge } from '../../src/dev/bridge-process.ts';
import { startDemoApp } from '../../src/dev/demo-app.ts';
import { prepareRealm } from '../../src/dev/keycloak-realm.ts';
import type { LocalFacts } from '../../src/dev/local-facts.ts';
import { startMailbox } from '../../src/dev/mailbox.ts';
import { findFreePort } from '../../src/dev/ports.ts';
import type { ManagedProcess } from '../../src/dev/processes.ts';
import { newSecrets } from '../../src/dev/secrets.ts';
import { seedDemo } from '../../src/dev/seed-demo.ts';
import { getTestKeycloak } from './keycloak.ts';
import { createTestDatabase } from './postgres.ts';

export type TestSystem = AsyncDisposable & {
  readonly facts: LocalFacts & {
    readonly demoApp: { readonly url: string };
    readonly keycloak: NonNullable<LocalFacts['keycloak']>;
  };
  /** The bridge that runs now. */
  bridge(): ManagedProcess;
  /** Starts the bridge again, on the same port and data. */
  restartBridge(): Promise<void>;
  readonly bridgeInput: BridgeInput;
};

type KeycloakAccess = { readonly url: string; readonly adminUser: string; readonly adminPassword: string };

/** Boots the system; `keycloak` and `databases` are the run's own unless the test brings some that it may kill. */
export async function startSystem(
  options: { keycloak?: KeycloakAccess; databases?: DatabaseUrls } = {},
): Promise<TestSystem> {
  const running: { stop(): Promise<void> }[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-system-'));
  const own = options.databases === undefined ? await createTestDatabase() : undefined;
  const databases = options.databases ?? {
    ownerUrl: own!.url,
    appUrl: own!.appUrl,
    workerUrl: own!.workerUrl,
  };
  const keycloak = options.keycloak ?? (await getTestKeycloak());
  const mark = randomBytes(3).toString('hex');
  const realm = `drawbridge-${mark}`;
  const secrets = newSecrets();
  const [port, appPort, smtpPort, mailboxPort] = await Promise.all([0, 1, 2, 3].map(() => findFreePort()));
  running.push(await startMailbox({ smtpPort: smtpPort!, httpPort: mailboxPort! }));
  const input: BridgeInput = {
    role: 'serve',
    baseUrl: `http://127.0.0.1:${port}`,
    port: port!,
    databases,
    keycloak: { url: keycloak.url, realm },
    secrets,
    smtpUrl: `smtp://127.0.0.1:${smtpPort}`,
    appUrl: `http://127.0.0.1:${appPort}`,
    logFile: join(folder, 'bridge.log'),
  };
  await prepareRealm({ ...input, keycloakUrl: keycloak.url, realm, ...keycloak });
  let bridge = await startBridge(input);
  const seeded = await seedDemo({
    baseUrl: input.baseUrl,
    appDatabaseUrl: databases.appUrl,
    realmSuffix: `-${mark}`,
    company: {
      url: keycloak.url.replace('127.0.0.1', 'localhost'),
      adminUser: keycloak.adminUser,
      adminPassword: keycloak.adminPassword,
      oidcClientSecret: secrets.globexClient,
    },
  });
  running.push(await startDemoApp({ port: appPort!, keycloakUrl: keycloak.url, realm, clientId: 'drawbridge-demo' }));
  return {
    facts: {
      baseUrl: input.baseUrl,
      ...seeded,
      mailbox: { url: `http://127.0.0.1:${mailboxPort}/mailbox` },
      keycloak: { url: keycloak.url, realm, adminUser: keycloak.adminUser, adminPassword: keycloak.adminPassword },
      demoApp: { url: input.appUrl },
    },
    bridge: () => bridge,
    bridgeInput: input,
    restartBridge: async () => {
      await bridge.stop();
      bridge = await startBridge(input);
    },
    [Symbol.asyncDispose]: async () => {
      await bridge.stop();
      for (const part of running.reverse()) await part.stop();
      await own?.[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
