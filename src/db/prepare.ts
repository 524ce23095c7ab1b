// Makes the three database roles and a database that drawbridge_owner owns. Needs an administrator's connection, once.
import pg from 'pg';

const OWNER_ROLE = 'drawbridge_owner';
const APP_ROLE = 'drawbridge_app';
const WORKER_ROLE = 'drawbridge_worker';

export type RolePasswords = { readonly owner: string; readonly app: string; readonly worker: string };

export type DatabaseUrls = { readonly ownerUrl: string; readonly appUrl: string; readonly workerUrl: string };

/** Idempotent: roles get these passwords, the database is made if it is missing. Answers the three connections. */
export async function prepareDatabase(
  adminUrl: string,
  database: string,
  passwords: RolePasswords,
): Promise<DatabaseUrls> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    // concurrent test runs prepare the same cluster
    await client.query(`select pg_advisory_lock(hashtextextended('drawbridge roles', 0))`);
    await ensureRole(client, OWNER_ROLE, passwords.owner);
    await ensureRole(client, APP_ROLE, passwords.app);
    await ensureRole(client, WORKER_ROLE, passwords.worker);
    const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
    if (rowCount === 0) {
      await client.query(
        `create database ${client.escapeIdentifier(database)} owner ${OWNER_ROLE} encoding 'UTF8' template template0`,
      );
    }
  } finally {
    await client.end();
  }
  return databaseUrls(adminUrl, database, passwords);
}

/** The three connections to a database of a prepared cluster. */
export function databaseUrls(adminUrl: string, database: string, passwords: RolePasswords): DatabaseUrls {
  const as = (user: string, password: string) => {
    const url = new URL(adminUrl);
    url.username = user;
    url.password = password;
    url.pathname = `/${database}`;
    return url.href;
  };
  return {
    ownerUrl: as(OWNER_ROLE, passwords.owner),
    appUrl: as(APP_ROLE, passwords.app),
    workerUrl: as(WORKER_ROLE, passwords.worker),
  };
}

async function ensureRole(client: pg.Client, role: string, password: string): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [role]);
  const verb = rowCount === 0 ? 'create' : 'alter';
  await client.query(`${verb} role ${role} login nosuperuser nobypassrls password ${client.escapeLiteral(password)}`);
}
