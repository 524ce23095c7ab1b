// Drawbridge's own web process, as production runs it, on a migrated database with one organization: a verified domain,
// so that every user becomes an active member with an account to project, and one or two directories with a token each.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../src/db/migrate.ts';
import { prepareDatabase } from '../../src/db/prepare.ts';
import { startBridge } from '../../src/dev/bridge-process.ts';
import { findFreePort } from '../../src/dev/ports.ts';
import { type LocalSecrets, newSecrets } from '../../src/dev/secrets.ts';
import { hashSecret } from '../../src/ids.ts';
import type { Server } from './load-driver.ts';

export async function startDrawbridge(input: {
  readonly adminUrl: string;
  readonly database: string;
  readonly folder: string;
  /** The same for all that share a Postgres, whose roles have one password each. */
  readonly secrets?: LocalSecrets;
  readonly directories?: 1 | 2;
  /** Whose identity provider it is; sign-in needs one. */
  readonly keycloak?: { readonly url: string; readonly realm: string };
}): Promise<{ readonly server: Server; readonly pid: number; stop(): Promise<void> }> {
  const secrets = input.secrets ?? newSecrets();
  const passwords = { owner: secrets.databaseOwner, app: secrets.databaseApp, worker: secrets.databaseWorker };
  const databases = await prepareDatabase(input.adminUrl, input.database, passwords);
  await migrate(databases.ownerUrl);
  const tokens = Array.from({ length: input.directories ?? 1 }, () => randomBytes(32).toString('base64url'));
  await createOrganization(databases.ownerUrl, tokens);
  const port = await findFreePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const bridge = await startBridge({
    role: 'web',
    baseUrl,
    port,
    databases,
    keycloak: input.keycloak,
    secrets,
    smtpUrl: undefined,
    appUrl: 'http://127.0.0.1',
    logFile: join(input.folder, 'drawbridge.log'),
  });
  const [token, secondToken] = tokens as [string, string?];
  return {
    server: { name: 'Drawbridge', baseUrl: `${baseUrl}/scim/v2`, token, ...(secondToken ? { secondToken } : {}) },
    pid: bridge.pid,
    stop: bridge.stop,
  };
}

/** Straight into the database, as its owner: the load is about SCIM, and no other interface is needed for it. */
async function createOrganization(ownerUrl: string, tokens: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ org: string }>(
      `insert into organization_key (key, org_id) values ('bench', uuidv7()) returning org_id as org`,
    );
    const org = rows[0]?.org;
    await client.query(
      `insert into organization (org_id, key, display_name, default_role) values ($1, 'bench', 'Bench', 'member')`,
      [org],
    );
    await client.query(
      `insert into role (org_id, key, display_name, rank, permissions) values ($1, 'member', 'Member', 10, '{}')`,
      [org],
    );
    await client.query(`select claim_domain($1, 'bench.test', 'unused', 'verified', 'operator', '{}', now())`, [org]);
    for (const token of tokens) {
      const made = await client.query<{ id: string }>(
        `with made as (insert into directory (org_id, display_name) values ($1, 'Bench') returning id)
         insert into directory_token (org_id, directory_id, display_name) select $1, id, 'bench' from made returning id`,
        [org],
      );
      await client.query(`select issue_credential($1, 'scim_token', $2, $3, null)`, [
        hashSecret(token),
        org,
        made.rows[0]?.id,
      ]);
    }
  } finally {
    await client.end();
  }
}
