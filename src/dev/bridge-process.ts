// Drawbridge itself as a child process of the local system and of tests: the same command that production runs, with a
// configuration made from the parts that run beside it.

import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { DatabaseUrls } from '../db/prepare.ts';
import { type ManagedProcess, startProcess, tailOf } from './processes.ts';
import type { LocalSecrets } from './secrets.ts';
import { StartTrouble } from './trouble.ts';

const MAIN = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
const CLONE = fileURLToPath(new URL('../../', import.meta.url));
const READY_WITHIN_MS = 60_000;

export type BridgeInput = {
  readonly role: 'serve' | 'web' | 'worker';
  readonly baseUrl: string;
  readonly port: number;
  readonly databases: DatabaseUrls;
  readonly keycloak: { readonly url: string; readonly realm: string } | undefined;
  readonly secrets: LocalSecrets;
  readonly smtpUrl: string | undefined;
  readonly appUrl: string;
  readonly logFile: string;
  /** Of Node itself, such as an inspector's port. */
  readonly nodeOptions?: readonly string[];
};

/** The environment that `src/config.ts` reads, for a bridge beside local parts. */
export function bridgeEnvironment(
  input: Omit<BridgeInput, 'role' | 'logFile' | 'nodeOptions'>,
): Record<string, string> {
  const { secrets, databases } = input;
  return {
    NODE_ENV: 'development',
    HOST: '127.0.0.1',
    PORT: String(input.port),
    BASE_URL: input.baseUrl,
    APP_URL: input.appUrl,
    DATABASE_URL: databases.ownerUrl,
    DATABASE_APP_URL: databases.appUrl,
    DATABASE_WORKER_URL: databases.workerUrl,
    SECRET_KEY: secrets.secretKey,
    ...(input.smtpUrl === undefined ? {} : { SMTP_URL: input.smtpUrl }),
    ...(input.keycloak === undefined
      ? {}
      : {
          KEYCLOAK_URL: input.keycloak.url,
          KEYCLOAK_REALM: input.keycloak.realm,
          KEYCLOAK_CLIENT_SECRET: secrets.keycloakRuntime,
          KEYCLOAK_CONNECTIONS_CLIENT_SECRET: secrets.keycloakConnections,
          KEYCLOAK_LOGIN_CLIENT_SECRET: secrets.keycloakLogin,
          KEYCLOAK_PROVIDER_SECRET: secrets.keycloakProvider,
        }),
  };
}

/** Starts the bridge and waits until `/readyz` answers 200. Throws StartTrouble with the last lines of its log. */
export async function startBridge(input: BridgeInput): Promise<ManagedProcess> {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^(PATH|HOME|LANG|TZ|TMPDIR|LOG_LEVEL)$/.test(name)),
  );
  const bridge = await startProcess({
    command: process.execPath,
    args: [...(input.nodeOptions ?? []), MAIN, input.role],
    env: { ...inherited, ...bridgeEnvironment(input) },
    cwd: CLONE,
    logFile: input.logFile,
    stopSignal: 'SIGTERM',
    orphanSignal: 'KILL',
    graceMs: 10_000,
  });
  if (input.role !== 'worker') await waitUntilReady(bridge, input);
  return bridge;
}

async function waitUntilReady(bridge: ManagedProcess, input: BridgeInput): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (bridge.isRunning() && Date.now() < deadline) {
    const answer = await fetch(`http://127.0.0.1:${input.port}/readyz`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.status === 200) return;
    await delay(100);
  }
  await bridge.kill();
  throw new StartTrouble(
    'start_failed',
    `Drawbridge did not get ready; the last lines of ${input.logFile}:\n${tailOf(input.logFile)}`,
  );
}
