// What 10,000 organizations with an active connection each cost a web process: how long it takes to get ready, and how
// much memory it holds then, beside one with a single organization. Both start in turn, several times.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../src/db/migrate.ts';
import { prepareDatabase } from '../../src/db/prepare.ts';
import { startBridge } from '../../src/dev/bridge-process.ts';
import { findFreePort } from '../../src/dev/ports.ts';
import type { LocalPostgres } from '../../src/dev/postgres.ts';
import { newSecrets } from '../../src/dev/secrets.ts';
import { createOrganizations } from '../growth/load.ts';
import { median } from './compare-cpu.ts';

export type StartCost = {
  readonly organizations: number;
  readonly readyMs: number;
  /** Resident memory when ready; undefined where the system does not tell. */
  readonly megabytes: number | undefined;
};

const SIZES = [1, 10_000] as const;
const TIMES = 5;

export async function measureMany(postgres: LocalPostgres, folder: string): Promise<StartCost[]> {
  const secrets = newSecrets();
  const passwords = { owner: secrets.databaseOwner, app: secrets.databaseApp, worker: secrets.databaseWorker };
  const samples = new Map<number, StartCost[]>(SIZES.map((size) => [size, []]));
  const databases = new Map<number, Awaited<ReturnType<typeof prepareDatabase>>>();
  for (const size of SIZES) {
    const name = `bench_many_${size}`;
    const urls = await prepareDatabase(postgres.adminUrl, name, passwords);
    await migrate(urls.ownerUrl);
    await createOrganizations(postgres.urlFor(name), size);
    await addConnections(postgres.urlFor(name));
    databases.set(size, urls);
  }
  for (let time = 0; time < TIMES; time += 1) {
    for (const size of time % 2 === 0 ? SIZES : SIZES.toReversed()) {
      const port = await findFreePort();
      const began = performance.now();
      const bridge = await startBridge({
        role: 'web',
        baseUrl: `http://127.0.0.1:${port}`,
        port,
        databases: databases.get(size) as NonNullable<ReturnType<typeof databases.get>>,
        keycloak: { url: 'http://127.0.0.1:9', realm: 'bench' },
        secrets,
        smtpUrl: undefined,
        appUrl: 'http://127.0.0.1',
        logFile: join(folder, 'many.log'),
      });
      const readyMs = performance.now() - began;
      samples.get(size)?.push({ organizations: size, readyMs, megabytes: residentMegabytes(bridge.pid) });
      await bridge.stop();
    }
  }
  return SIZES.map((size) => {
    const all = samples.get(size) ?? [];
    const memory = all.flatMap(({ megabytes }) => megabytes ?? []);
    return {
      organizations: size,
      readyMs: median(all.map(({ readyMs }) => readyMs)),
      megabytes: memory.length === 0 ? undefined : median(memory),
    };
  });
}

/** One to each organization, for its own domain. */
async function addConnections(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(`insert into connection (org_id, protocol, display_name, status, directory_id, settings)
      select d.org_id, 'oidc', 'Company', 'active', d.id, jsonb_build_object('protocol', 'oidc', 'issuer', 'https://idp.test',
        'clientId', 'x', 'domains', (select jsonb_agg(domain) from domain_claim c where c.org_id = d.org_id))
      from directory d`);
  } finally {
    await client.end();
  }
}

function residentMegabytes(pid: number): number | undefined {
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}
