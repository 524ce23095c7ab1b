// The local Keycloak: fetched and built once in the user's cache folder, then started on its own database of the local
// Postgres, on loopback only. Build options (database, cache, health, features) are part of the cache folder's name.

import { createHash, randomBytes } from 'node:crypto';
import { access, chmod, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { withFolderLock } from '../../scripts/folder-lock.mjs';
import { requireJava } from './java.ts';
import { fetchKeycloakArchive, KEYCLOAK_VERSION } from './keycloak-download.ts';
import { requireFreePort } from './ports.ts';
import { type ManagedProcess, runToEnd, startProcess, tailOf } from './processes.ts';
import { explainFileTrouble, refuseInProduction, StartTrouble } from './trouble.ts';

const START_WITHIN_MS = 5 * 60_000;
const POLL_MS = 250;
const LAUNCHER = process.platform === 'win32' ? 'kc.bat' : 'kc.sh';

/** The folder of a Keycloak built with our options and `features`, made at first use. Throws StartTrouble. */
export async function ensureKeycloak(input: {
  readonly log: (line: string) => void;
  readonly features?: readonly string[];
}): Promise<{ home: string }> {
  refuseInProduction('The local Keycloak');
  await requireJava();
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'drawbridge');
  const features = [...(input.features ?? [])].sort();
  const options = ['--db=postgres', '--cache=local', '--health-enabled=true'];
  if (features.length > 0) options.push(`--features=${features.join(',')}`);
  const hash = createHash('sha256').update(options.join(' ')).digest('hex').slice(0, 12);
  const home = join(cache, `keycloak-${KEYCLOAK_VERSION}-${hash}`);
  try {
    await mkdir(cache, { recursive: true });
    await withFolderLock(
      `${home}.lock`,
      () => buildInto(home, cache, options, input.log),
      (pid) => input.log(`Waiting for another process (${pid}) that builds Keycloak ...`),
    );
  } catch (error) {
    throw explainFileTrouble(error, cache);
  }
  return { home };
}

async function buildInto(
  home: string,
  cache: string,
  options: readonly string[],
  log: (line: string) => void,
): Promise<void> {
  if (await isBuilt(home)) return;
  const archive = await fetchKeycloakArchive(cache, log);
  const draft = `${home}.${randomBytes(4).toString('hex')}`;
  try {
    await mkdir(draft, { recursive: true });
    const unpacked = await runToEnd('tar', ['-xzf', archive, '-C', draft, '--strip-components=1']);
    if (unpacked.code !== 0) throw failedStep('unpacked', unpacked.output, cache);
    log('Building Keycloak for Postgres (once, half a minute) ...');
    await chmod(join(draft, 'bin', LAUNCHER), 0o755);
    const built = await runToEnd(join(draft, 'bin', LAUNCHER), ['build', ...options], {
      cwd: draft,
      env: cleanEnvironment(),
    });
    if (built.code !== 0) throw failedStep('built', built.output, cache);
    await rename(draft, home);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function isBuilt(home: string): Promise<boolean> {
  return access(join(home, 'bin', LAUNCHER)).then(
    () => true,
    () => false,
  );
}

function failedStep(step: string, output: string, folder: string): Error {
  if (/No space left on device|Disk quota exceeded/.test(output)) {
    return Object.assign(new Error(output), { code: 'ENOSPC' });
  }
  const reason = output.trim().split('\n').slice(-5).join(' | ');
  return new StartTrouble('start_failed', `Keycloak could not be ${step} in ${folder}: ${reason}`);
}

/** KC_* settings of the shell must not leak into our Keycloak. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(KC_|KEYCLOAK_|JAVA_OPTS)/.test(name)));
}

export type KeycloakInput = {
  /** From ensureKeycloak. */
  readonly home: string;
  /** postgres://user:password@host:port/database of a database that is Keycloak's alone; it must exist. */
  readonly databaseUrl: string;
  readonly port: number;
  readonly managementPort: number;
  readonly adminUser: string;
  readonly adminPassword: string;
  /** A folder of themes, served without a build. */
  readonly themeDir?: string;
  /** Compiles for speed under load instead of for a quick start: for a measurement. */
  readonly forLoad?: boolean;
  /** Receives all that Keycloak prints; emptied at start. */
  readonly logFile: string;
};

export type LocalKeycloak = {
  readonly url: string;
  readonly pid: number;
  readonly isRunning: () => boolean;
  stop(): Promise<void>;
  /** SIGKILL, for tests of what a crash leaves. */
  kill(): Promise<void>;
};

/**
 * Starts Keycloak and waits until it is ready and gives the admin a token. It listens on 127.0.0.1, and its pages work
 * under `localhost` too (another site for the browser): clients that try ::1 first fall back to 127.0.0.1.
 * Throws StartTrouble with the last lines of its log if it ends early.
 */
export async function startKeycloak(input: KeycloakInput): Promise<LocalKeycloak> {
  refuseInProduction('The local Keycloak');
  // Keycloak itself would notice a taken port only after half a minute.
  await requireFreePort(input.port, 'Keycloak');
  await requireFreePort(input.managementPort, "Keycloak's management");
  await mkdir(dirname(input.logFile), { recursive: true });
  await rm(input.logFile, { force: true });
  const server = await startProcess({
    command: join(input.home, 'bin', LAUNCHER),
    args: startArguments(input),
    env: { ...cleanEnvironment(), ...startEnvironment(input) },
    cwd: input.home,
    logFile: input.logFile,
    stopSignal: 'SIGTERM',
    orphanSignal: 'KILL',
    graceMs: 15_000,
  });
  const url = `http://127.0.0.1:${input.port}`;
  await waitUntilReady(server, url, input);
  return { url, pid: server.pid, isRunning: server.isRunning, stop: server.stop, kill: server.kill };
}

function startArguments(input: KeycloakInput): string[] {
  return [
    'start',
    '--optimized',
    '--http-enabled=true',
    '--http-host=127.0.0.1',
    `--http-port=${input.port}`,
    '--http-management-host=127.0.0.1',
    `--http-management-port=${input.managementPort}`,
    '--hostname-strict=false',
    ...(input.themeDir === undefined ? [] : [`--spi-theme--folder--dir=${input.themeDir}`]),
  ];
}

function startEnvironment(input: KeycloakInput): NodeJS.ProcessEnv {
  const database = new URL(input.databaseUrl);
  return {
    KC_DB_URL: `jdbc:postgresql://${database.host}${database.pathname}`,
    KC_DB_USERNAME: decodeURIComponent(database.username),
    KC_DB_PASSWORD: decodeURIComponent(database.password),
    KC_DB_POOL_MAX_SIZE: '30',
    KC_BOOTSTRAP_ADMIN_USERNAME: input.adminUser,
    KC_BOOTSTRAP_ADMIN_PASSWORD: input.adminPassword,
    JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx512m',
    // The first compiler only: a start in 11 s instead of 18 s.
    ...(input.forLoad === true ? {} : { JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1' }),
  };
}

async function waitUntilReady(server: ManagedProcess, url: string, input: KeycloakInput): Promise<void> {
  const deadline = Date.now() + START_WITHIN_MS;
  let last = 'no answer';
  while (server.isRunning()) {
    last = await probe(url, input);
    if (last === 'ready') return;
    if (Date.now() > deadline) {
      await server.kill();
      throw new StartTrouble(
        'start_failed',
        `Keycloak was not ready within five minutes (${last}); its log is ${input.logFile}.`,
      );
    }
    await delay(POLL_MS);
  }
  throw new StartTrouble(
    'start_failed',
    `Keycloak ended while starting; the last lines of ${input.logFile}:\n${tailOf(input.logFile)}`,
  );
}

/** `ready`, or what is still missing. */
async function probe(url: string, input: KeycloakInput): Promise<string> {
  try {
    const health = await fetch(`http://127.0.0.1:${input.managementPort}/health/ready`, {
      signal: AbortSignal.timeout(5_000),
    });
    await health.arrayBuffer();
    if (health.status !== 200) return `health ${health.status}`;
    // Health turns ready before the first admin exists, so the token is what counts.
    const token = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'password',
        client_id: 'admin-cli',
        username: input.adminUser,
        password: input.adminPassword,
      }),
      signal: AbortSignal.timeout(10_000),
    });
    const answer = await token.text();
    return token.status === 200 ? 'ready' : `the admin's token: ${token.status} ${answer.slice(0, 200)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
