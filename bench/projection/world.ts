// What the projection is measured on: one Postgres with full durability, one Keycloak compiled for load, two equal
// realms with one organization each. The first is filled by Drawbridge's own web and worker processes, the second by
// the bare loop.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { parseConfig } from '../../src/config.ts';
import { Database } from '../../src/db/database.ts';
import { migrate } from '../../src/db/migrate.ts';
import { type DatabaseUrls, prepareDatabase } from '../../src/db/prepare.ts';
import { createApiClient } from '../../src/dev/api-client.ts';
import { type BridgeInput, bridgeEnvironment, startBridge } from '../../src/dev/bridge-process.ts';
import { prepareKeycloakDatabase, prepareRealm } from '../../src/dev/keycloak-realm.ts';
import { ensureKeycloak, type LocalKeycloak, startKeycloak } from '../../src/dev/keycloak-server.ts';
import { findFreePort } from '../../src/dev/ports.ts';
import { startPostgres } from '../../src/dev/postgres.ts';
import { newSecrets } from '../../src/dev/secrets.ts';
import type { AdminAccess } from '../../src/keycloak/bootstrap.ts';
import { createKeycloak } from '../../src/keycloak/keycloak.ts';
import { projectOrganization } from '../../src/keycloak/project-organization.ts';
import { findOrganizationIds } from '../../src/keycloak/projection-queries.ts';
import { createOperatorKey } from '../../src/keys/operator-keys.ts';
import type { BareTarget } from './bare.ts';

const DATABASE = 'bench_projection';
const REALMS = { pushed: 'pushed', bare: 'bare' };

export type World = {
  readonly scim: { readonly baseUrl: string; readonly token: string };
  readonly bare: BareTarget;
  /** The realm that Drawbridge fills, with an administrator's rights. */
  readonly realm: AdminAccess;
  /** One statement on Drawbridge's database, as the superuser. */
  readonly sql: (text: string) => Promise<Record<string, string>[]>;
  readonly pids: { readonly drawbridge: readonly number[]; readonly keycloak: number; readonly postgres: number };
};

export async function buildWorld(stack: AsyncDisposableStack, say: (line: string) => void): Promise<World> {
  const folder = join(import.meta.dirname, '..', '..', '.drawbridge', `bench-projection-${process.pid}`);
  await mkdir(folder, { recursive: true });
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const secrets = newSecrets();
  const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), log: say });
  stack.defer(postgres.stop);
  const keycloak = await bootKeycloak(postgres.adminUrl, folder, secrets, say);
  stack.defer(keycloak.stop);
  const passwords = { owner: secrets.databaseOwner, app: secrets.databaseApp, worker: secrets.databaseWorker };
  const databases = await prepareDatabase(postgres.adminUrl, DATABASE, passwords);
  await migrate(databases.ownerUrl);
  const pool = new pg.Pool({ connectionString: postgres.urlFor(DATABASE), max: 2 });
  stack.defer(() => pool.end());
  pool.on('error', () => {});
  const bridge = async (role: 'web' | 'worker', realm: string): Promise<BridgeInput> => {
    const port = await findFreePort();
    const common = { smtpUrl: undefined, appUrl: 'http://127.0.0.1:9/app', logFile: join(folder, `${role}.log`) };
    return {
      role,
      baseUrl: `http://127.0.0.1:${port}`,
      port,
      databases,
      keycloak: { url: keycloak.url, realm },
      secrets,
      ...common,
    };
  };
  const web = await bridge('web', REALMS.pushed);
  const bareInput = await bridge('web', REALMS.bare);
  say('Preparing two equal realms ...');
  for (const realm of Object.values(REALMS)) {
    await prepareRealm({ ...web, keycloakUrl: keycloak.url, realm });
  }
  const webProcess = await startBridge(web);
  stack.defer(webProcess.stop);
  const made = await makeOrganization(web.baseUrl, databases);
  await pool.query(
    `insert into connection (org_id, protocol, display_name, status, settings) values ($1, 'saml', 'Bench', 'active', '{}')`,
    [made.organization],
  );
  const bare = await projectBare(bareInput, made.organization);
  // The second realm's ids stand there now; the worker finds out by itself that its own realm has other ones.
  await pool.query('delete from keycloak_id');
  const worker = await startBridge(await bridge('worker', REALMS.pushed));
  stack.defer(worker.stop);
  return {
    scim: { baseUrl: `${web.baseUrl}/scim/v2`, token: made.token },
    bare: { ...bare, url: keycloak.url, realm: REALMS.bare, clientSecret: secrets.keycloakRuntime },
    realm: {
      adminUrl: keycloak.url,
      adminUser: 'admin',
      adminPassword: secrets.keycloakAdmin,
      realm: REALMS.pushed,
    },
    sql: async (text) => (await pool.query(text)).rows,
    pids: { drawbridge: [worker.pid], keycloak: keycloak.pid, postgres: postgres.pid },
  };
}

async function bootKeycloak(
  adminUrl: string,
  folder: string,
  secrets: ReturnType<typeof newSecrets>,
  say: (line: string) => void,
): Promise<LocalKeycloak> {
  say('Starting Keycloak ...');
  const { home } = await ensureKeycloak({ log: say });
  return startKeycloak({
    home,
    databaseUrl: await prepareKeycloakDatabase(adminUrl, 'bench_keycloak', secrets.keycloakDatabase),
    port: await findFreePort(),
    managementPort: await findFreePort(),
    adminUser: 'admin',
    adminPassword: secrets.keycloakAdmin,
    logFile: join(folder, 'keycloak.log'),
    forLoad: true,
  });
}

async function makeOrganization(
  baseUrl: string,
  databases: DatabaseUrls,
): Promise<{ organization: string; token: string }> {
  const db = new Database(databases.appUrl, { size: 1 });
  const { text } = await createOperatorKey({ db }).finally(() => db.close());
  const operator = createApiClient(baseUrl, text);
  const { organization, ownerKey } = await operator<{ organization: { id: string }; ownerKey: string }>(
    'POST',
    '/v1/organizations',
    { key: 'bench', displayName: 'Bench' },
  );
  await operator('POST', '/v1/organizations/bench/domains', { domain: 'bench.test', verified: true });
  const owner = createApiClient(`${baseUrl}/v1/organizations/bench/directories`, ownerKey);
  const directory = await owner<{ id: string }>('POST', '', { displayName: 'Bench', profile: 'entra' });
  const { token } = await owner<{ token: string }>('POST', `/${directory.id}/tokens`, { displayName: 'bench' });
  return { organization: organization.id, token };
}

/** The same organization in the second realm, made by the product's own code so that both are equal. */
async function projectBare(
  input: BridgeInput,
  orgId: string,
): Promise<Pick<BareTarget, 'organizationId' | 'groupIds' | 'links'>> {
  const config = parseConfig(bridgeEnvironment(input));
  const db = new Database(config.database.workerUrl, { size: 2 });
  try {
    const keycloak = createKeycloak(config, db);
    if (!keycloak) throw new Error('the bench has a Keycloak');
    await projectOrganization(keycloak, orgId);
    const ids = await findOrganizationIds({ query: db.realm.bind(db) }, orgId);
    const member = ids.groups.get('/roles/member');
    if (!ids.organization || !member) throw new Error('the second realm did not get its organization');
    return { organizationId: ids.organization, groupIds: [member], links: ['sso-bench'] };
  } finally {
    await db.close();
  }
}
