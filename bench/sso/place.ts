// Drawbridge as a web process with one organization whose people sign in by a connection, laid straight into the
// database. No Keycloak stands behind it: what a sign-in costs at Keycloak is measured by the projection's bench.
import pg from 'pg';
import type { LocalPostgres } from '../../src/dev/postgres.ts';
import type { LocalSecrets } from '../../src/dev/secrets.ts';
import { startDrawbridge } from '../scim/drawbridge.ts';

export type SignInPlace = {
  readonly baseUrl: string;
  readonly scim: { readonly url: string; readonly token: string };
  readonly pid: number;
  readonly orgId: string;
  readonly connectionId: string;
  /** As superuser, past every policy. */
  rows<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  stop(): Promise<void>;
};

export async function startSignInPlace(input: {
  readonly postgres: LocalPostgres;
  readonly database: string;
  readonly folder: string;
  readonly secrets: LocalSecrets;
  /** Of the connection. */
  readonly settings: object;
  readonly keycloak: { readonly url: string; readonly realm: string };
}): Promise<SignInPlace> {
  const { postgres, database, folder, secrets } = input;
  const { server, pid, stop } = await startDrawbridge({
    adminUrl: postgres.adminUrl,
    database,
    folder,
    secrets,
    keycloak: input.keycloak,
  });
  const client = new pg.Client({ connectionString: postgres.urlFor(database) });
  await client.connect();
  const rows = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> =>
    (await client.query<Row>(text, values)).rows;
  const [made] = await rows<{ org_id: string; id: string }>(
    `insert into connection (org_id, protocol, display_name, status, directory_id, settings)
      select d.org_id, $1::jsonb ->> 'protocol', 'Company', 'active', d.id, $1 from directory d returning org_id, id`,
    [JSON.stringify(input.settings)],
  );
  if (!made) throw new Error('the connection was not made');
  return {
    baseUrl: new URL(server.baseUrl).origin,
    scim: { url: server.baseUrl, token: server.token },
    pid,
    orgId: made.org_id,
    connectionId: made.id,
    rows,
    stop: async () => {
      await client.end();
      await stop();
    },
  };
}
