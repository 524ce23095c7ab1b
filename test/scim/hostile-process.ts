// Drawbridge's web process, run as in production on a database of its own, and what to attack in it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../../src/db/database.ts';
import { type ApiClient, createApiClient } from '../../src/dev/api-client.ts';
import { startBridge } from '../../src/dev/bridge-process.ts';
import { findFreePort } from '../../src/dev/ports.ts';
import { newSecrets } from '../../src/dev/secrets.ts';
import { createOperatorKey } from '../../src/keys/operator-keys.ts';
import { heapAtRest } from '../support/heap.ts';
import { createTestDatabase } from '../support/postgres.ts';
import type { Target } from './hostile-requests.ts';
import { GROUP, USER } from './scim-setup.ts';

export type WebProcess = AsyncDisposable & {
  readonly port: number;
  readonly target: Target;
  readonly scim: ApiClient;
  isRunning(): boolean;
  /** What its log says at or above a level of pino's, each once. */
  logged(level: number): string[];
  /** Resident memory in MB; undefined where the system does not say. */
  residentMb(): number | undefined;
  /** What is still referred to after a full collection, buffers included, in MB. */
  heapMb(): Promise<number>;
};

export async function startWebProcess(): Promise<WebProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-hostile-'));
  const logFile = join(folder, 'web.log');
  const database = await createTestDatabase();
  const port = await findFreePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const bridge = await startBridge({
    role: 'web',
    baseUrl,
    port,
    databases: { ownerUrl: database.url, appUrl: database.appUrl, workerUrl: database.workerUrl },
    keycloak: undefined,
    secrets: newSecrets(),
    smtpUrl: undefined,
    appUrl: `${baseUrl}/app`,
    logFile,
    nodeOptions: ['--inspect=127.0.0.1:0'],
  });
  const { scim, target } = await makeTarget(baseUrl, database.appUrl);
  return {
    port,
    target,
    scim,
    isRunning: bridge.isRunning,
    logged: (level) => loggedIn(logFile, level),
    residentMb: () => residentMb(bridge.pid),
    heapMb: () => heapAtRest(readFileSync(logFile, 'utf8')),
    [Symbol.asyncDispose]: async () => {
      await bridge.stop();
      await database[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function makeTarget(baseUrl: string, appUrl: string): Promise<{ scim: ApiClient; target: Target }> {
  const db = new Database(appUrl, { size: 1 });
  const { text } = await createOperatorKey({ db }).finally(() => db.close());
  const operator = createApiClient(baseUrl, text);
  const { ownerKey } = await operator<{ ownerKey: string }>('POST', '/v1/organizations', {
    key: 'hostile',
    displayName: 'Hostile',
  });
  await operator('POST', '/v1/organizations/hostile/domains', { domain: 'example.test', verified: true });
  const owner = createApiClient(`${baseUrl}/v1/organizations/hostile/directories`, ownerKey);
  const { id } = await owner<{ id: string }>('POST', '', { displayName: 'D', profile: 'generic' });
  const { token } = await owner<{ token: string }>('POST', `/${id}/tokens`, { displayName: 't' });
  const scim = createApiClient(`${baseUrl}/scim/v2`, token);
  const user = await scim<{ id: string }>('POST', '/Users', { schemas: [USER], userName: 'target@example.test' });
  const group = await scim<{ id: string }>('POST', '/Groups', { schemas: [GROUP], displayName: 'Target' });
  return { scim, target: { token, userId: user.id, groupId: group.id } };
}

/** What Node says of its own inspector. */
const INSPECTOR = /^(Debugger (listening|attached|ending)|For help, see: https:\/\/nodejs\.org\/)/;

function loggedIn(logFile: string, level: number): string[] {
  const lines = readFileSync(logFile, 'utf8').split('\n').filter(Boolean);
  const words = lines.map((line) => {
    if (INSPECTOR.test(line)) return '';
    if (!line.startsWith('{')) return line;
    const entry = JSON.parse(line) as { level: number; msg: string; err?: { message: string } };
    return entry.level < level ? '' : `${entry.msg}: ${entry.err?.message ?? ''}`;
  });
  return [...new Set(words)].filter(Boolean);
}

function residentMb(pid: number): number | undefined {
  try {
    const kb = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kb === undefined ? undefined : Number(kb) / 1024;
  } catch {
    return undefined;
  }
}
