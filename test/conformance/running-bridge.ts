// Drawbridge as a process of its own, as production runs it, on a cloned database, for clients that talk to it over
// HTTP and know nothing of us. There is no worker beside it: what is due to be done stays marked, where a test can see it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Database } from '../../src/db/database.ts';
import { type BridgeInput, startBridge } from '../../src/dev/bridge-process.ts';
import { findFreePort } from '../../src/dev/ports.ts';
import { newSecrets } from '../../src/dev/secrets.ts';
import { createOperatorKey } from '../../src/keys/operator-keys.ts';
import { createTestDatabase } from '../support/postgres.ts';
import type { Json } from '../support/server.ts';

export type RunningBridge = AsyncDisposable & {
  /** Where a client's administrator would type in as the SCIM address. */
  readonly scimUrl: string;
  /** A directory of an organization of its own, whose domain `<key>.test` is verified. */
  directory(profile: 'entra' | 'okta' | 'generic'): Promise<BridgeDirectory>;
  /** Creates something over REST, as whoever the key is. */
  create(path: string, key: string, body: object): Promise<Json>;
  /** One statement as the superuser. */
  sql<Row extends pg.QueryResultRow = Json>(text: string, values?: readonly unknown[]): Promise<Row[]>;
};

type BridgeDirectory = {
  readonly orgId: string;
  readonly orgKey: string;
  readonly ownerKey: string;
  readonly directoryId: string;
  readonly token: string;
};

export async function startRunningBridge(): Promise<RunningBridge> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-conformance-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const database = stack.use(await createTestDatabase());
  const port = await findFreePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const input: BridgeInput = {
    role: 'web',
    baseUrl,
    port,
    databases: { ownerUrl: database.url, appUrl: database.appUrl, workerUrl: database.workerUrl },
    keycloak: undefined,
    secrets: newSecrets(),
    smtpUrl: undefined,
    appUrl: 'http://127.0.0.1:9/app',
    logFile: join(folder, 'bridge.log'),
  };
  const operatorKey = await makeOperatorKey(database.appUrl);
  stack.adopt(await startBridge(input), (bridge) => bridge.stop());
  const admin = stack.adopt(
    new pg.Pool({ connectionString: database.adminUrl, max: 1, application_name: 'test admin' }),
    (pool) => pool.end(),
  );
  let count = 0;
  const create = creator(baseUrl);
  const parts = stack.move();
  return {
    scimUrl: `${baseUrl}/scim/v2`,
    directory: (profile) => {
      count += 1;
      return makeDirectory(create, operatorKey, `company-${count}`, profile);
    },
    create,
    sql: async (text, values) => (await admin.query(text, values as unknown[])).rows,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

async function makeOperatorKey(appUrl: string): Promise<string> {
  const db = new Database(appUrl, { size: 1, applicationName: 'test' });
  try {
    return (await createOperatorKey({ db })).text;
  } finally {
    await db.close();
  }
}

function creator(baseUrl: string): RunningBridge['create'] {
  return async (path, key, body) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const answer = await fetch(`${baseUrl}/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    const text = await answer.text();
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  };
}

/** As an operator and the organization's owner make it. */
async function makeDirectory(
  create: RunningBridge['create'],
  operatorKey: string,
  orgKey: string,
  profile: string,
): Promise<BridgeDirectory> {
  const { organization, ownerKey } = await create('/organizations', operatorKey, { key: orgKey, displayName: orgKey });
  await create(`/organizations/${orgKey}/domains`, operatorKey, { domain: `${orgKey}.test`, verified: true });
  const path = `/organizations/${organization.id}/directories`;
  const directory = await create(path, ownerKey, { displayName: profile, profile });
  const { token } = await create(`${path}/${directory.id}/tokens`, ownerKey, { displayName: 'test' });
  return { orgId: organization.id, orgKey, ownerKey, directoryId: directory.id, token };
}
