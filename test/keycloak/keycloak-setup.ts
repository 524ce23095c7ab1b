// A realm of its own in the run's Keycloak and a database of its own, for one test file; people and organizations are
// written straight into the tables, so that these tests stand on the projection functions alone.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Database } from '../../src/db/database.ts';
import { createKeycloakAdmin, type KeycloakAdmin } from '../../src/keycloak/admin.ts';
import { administratorOf, bootstrapRealm, type RealmConfig } from '../../src/keycloak/bootstrap.ts';
import type { Keycloak } from '../../src/keycloak/keycloak.ts';
import { getTestKeycloak } from '../support/keycloak.ts';
import { createTestDatabase } from '../support/postgres.ts';

const SECRET = 'test-secret-of-a-client-0123456789';

export const REALM_CONFIG: RealmConfig = {
  baseUrl: 'http://127.0.0.1:9',
  appUrl: 'http://127.0.0.1:9/app',
  providerSecret: SECRET,
  runtimeClientSecret: SECRET,
  connectionsClientSecret: SECRET,
  loginClientSecret: SECRET,
};

/** A bootstrapped realm; disposing deletes it. */
export async function makeRealm(config: RealmConfig = REALM_CONFIG) {
  const part = await getTestKeycloak();
  const realm = `test-${randomBytes(4).toString('hex')}`;
  const access = { adminUrl: part.url, adminUser: part.adminUser, adminPassword: part.adminPassword, realm };
  await bootstrapRealm({ ...access, config });
  const root: KeycloakAdmin = administratorOf(access);
  return {
    ...access,
    root,
    [Symbol.asyncDispose]: () => root.remove((api) => api.realms.del({ realm })),
  };
}

export async function setup(config: RealmConfig = REALM_CONFIG) {
  const [realm, database] = await Promise.all([makeRealm(config), createTestDatabase()]);
  const db = new Database(database.workerUrl, { size: 8 });
  const owner = new pg.Pool({ connectionString: database.adminUrl, max: 2 });
  const account = (clientId: string) =>
    createKeycloakAdmin({ url: realm.adminUrl, realm: realm.realm, credentials: { clientId, clientSecret: SECRET } });
  const keycloak: Keycloak = {
    db,
    runtime: account('drawbridge-runtime'),
    connections: account('drawbridge-connections'),
    provider: config,
    appUrl: 'http://127.0.0.1:9/app',
  };
  const sql = async (text: string, values: unknown[] = []) => (await owner.query(text, values)).rows;
  return {
    realm,
    root: realm.root,
    keycloak,
    sql,
    ...makers(sql),
    accountOf: async (personId: string) =>
      (await sql(`select keycloak_id from keycloak_id where kind = 'person' and id = $1`, [personId]))[0]
        ?.keycloak_id as string,
    [Symbol.asyncDispose]: async () => {
      await db.close();
      await owner.end();
      await database[Symbol.asyncDispose]();
      await realm[Symbol.asyncDispose]();
    },
  };
}

export type Setup = Awaited<ReturnType<typeof setup>>;

function makers(sql: (text: string, values?: unknown[]) => Promise<Record<string, string>[]>) {
  const one = async (text: string, values: unknown[]) => (await sql(text, values))[0]!.id!;
  return {
    /** An organization with roles owner and member, a team `engineering` and a verified domain `<key>.test`. */
    organization: async (key: string, displayName = key) => {
      const id = await one(
        'insert into organization_key (key, org_id) values ($1, gen_random_uuid()) returning org_id as id',
        [key],
      );
      await sql(`insert into organization (org_id, key, display_name, default_role) values ($1, $2, $3, 'member')`, [
        id,
        key,
        displayName,
      ]);
      await sql(
        `insert into role (org_id, key, display_name, rank, permissions) values ($1, 'owner', 'Owner', 2, '{}'), ($1, 'member', 'Member', 1, '{}')`,
        [id],
      );
      await sql(`insert into team (org_id, key, display_name) values ($1, 'engineering', 'Engineering')`, [id]);
      await sql(`insert into domain_claim (domain, org_id, status, dns_token) values ($1, $2, 'verified', 'x')`, [
        `${key}.test`,
        id,
      ]);
      return id;
    },
    person: async (address: string, givenName = 'Ada', setsPassword = false) => {
      const id = await one(
        'insert into person (given_name, family_name, sets_password) values ($1, $2, $3) returning id',
        [givenName, 'Lovelace', setsPassword],
      );
      await sql(
        'insert into person_address (address_key, address, person_id, proved_at) values (fold_key($1), $1, $2, now())',
        [address, id],
      );
      return id;
    },
    member: (orgId: string, personId: string) =>
      one(`insert into member (org_id, person_id, status, role_key) values ($1, $2, 'active', 'member') returning id`, [
        orgId,
        personId,
      ]),
    joinTeam: (orgId: string, memberId: string, key = 'engineering') =>
      sql(
        'insert into team_member (org_id, team_id, member_id) select org_id, id, $2 from team where org_id = $1 and key = $3',
        [orgId, memberId, key],
      ),
    setStatus: (memberId: string, status: string) =>
      sql('update member set status = $2 where id = $1', [memberId, status]),
    connection: (orgId: string) =>
      one(
        `insert into connection (org_id, protocol, display_name, status, settings) values ($1, 'saml', 'SSO', 'active', '{}') returning id`,
        [orgId],
      ),
    mark: (kind: string, id: string, priority = 1) => sql('select mark_projection($1, $2, $3)', [kind, id, priority]),
  };
}
