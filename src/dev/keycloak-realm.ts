// The local realm: Keycloak's own database, the realm as the bootstrap wants it, and the demo application's client.
import pg from 'pg';
import { bootstrapRealm, ensureApplicationClient } from '../keycloak/bootstrap.ts';
import type { LocalSecrets } from './secrets.ts';

const KEYCLOAK_ROLE = 'drawbridge_keycloak';

/** Makes Keycloak's database and its role where they are missing; answers the connection. */
export async function prepareKeycloakDatabase(adminUrl: string, database: string, password: string): Promise<string> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const role = await client.query('select from pg_roles where rolname = $1', [KEYCLOAK_ROLE]);
    const verb = role.rowCount === 0 ? 'create' : 'alter';
    await client.query(`${verb} role ${KEYCLOAK_ROLE} login password ${client.escapeLiteral(password)}`);
    const found = await client.query('select from pg_database where datname = $1', [database]);
    if (found.rowCount === 0) {
      await client.query(
        `create database ${client.escapeIdentifier(database)} owner ${KEYCLOAK_ROLE} template template0`,
      );
    }
  } finally {
    await client.end();
  }
  const url = new URL(adminUrl);
  url.username = KEYCLOAK_ROLE;
  url.password = password;
  url.pathname = `/${database}`;
  return url.href;
}

/** Bootstraps the realm with the local secrets and adds the demo application. */
export async function prepareRealm(input: {
  readonly keycloakUrl: string;
  readonly realm: string;
  readonly adminUser?: string;
  readonly adminPassword?: string;
  readonly secrets: LocalSecrets;
  readonly baseUrl: string;
  readonly appUrl: string;
  readonly smtpUrl: string | undefined;
}): Promise<void> {
  const { secrets } = input;
  const access = {
    adminUrl: input.keycloakUrl,
    adminUser: input.adminUser ?? 'admin',
    adminPassword: input.adminPassword ?? secrets.keycloakAdmin,
    realm: input.realm,
  };
  await bootstrapRealm({
    ...access,
    config: {
      baseUrl: input.baseUrl,
      appUrl: input.appUrl,
      providerSecret: secrets.keycloakProvider,
      runtimeClientSecret: secrets.keycloakRuntime,
      connectionsClientSecret: secrets.keycloakConnections,
      loginClientSecret: secrets.keycloakLogin,
      ...(input.smtpUrl === undefined ? {} : { smtp: { url: input.smtpUrl, from: 'no-reply@drawbridge.test' } }),
    },
  });
  await ensureApplicationClient(access, {
    clientId: 'drawbridge-demo',
    name: 'Demo application',
    url: input.appUrl,
    redirectUris: [`${input.appUrl}/*`],
  });
}
