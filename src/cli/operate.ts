// Commands that do one thing and end: migrate, bootstrap, doctor, operator-key.
import { parseConfig } from '../config.ts';
import { findBrokenReferences } from '../db/broken-references.ts';
import { Database } from '../db/database.ts';
import { migrate } from '../db/migrate.ts';
import { DomainError } from '../errors.ts';
import { bootstrapRealm } from '../keycloak/bootstrap.ts';
import { findDrift } from '../keycloak/drift.ts';
import { createKeycloak } from '../keycloak/keycloak.ts';
import { createOperatorKey } from '../keys/operator-keys.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export async function migrateDatabase(): Promise<void> {
  const { applied } = await migrate(parseConfig(process.env).database.ownerUrl);
  say(applied.length === 0 ? 'The database is up to date.' : `Applied:\n  ${applied.join('\n  ')}`);
}

/** Needs KEYCLOAK_ADMIN_USER and KEYCLOAK_ADMIN_PASSWORD, which nothing at run time has. */
export async function bootstrapKeycloak(): Promise<void> {
  const config = parseConfig(process.env);
  const { keycloak } = config;
  if (!keycloak?.adminUser || !keycloak.adminPassword) {
    throw new DomainError(
      'invalid_request',
      'Set KEYCLOAK_URL, KEYCLOAK_ADMIN_USER and KEYCLOAK_ADMIN_PASSWORD for this command.',
    );
  }
  const { changed } = await bootstrapRealm({
    adminUrl: keycloak.url,
    adminUser: keycloak.adminUser,
    adminPassword: keycloak.adminPassword,
    realm: keycloak.realm,
    config: {
      baseUrl: config.baseUrl,
      appUrl: config.appUrl,
      providerSecret: keycloak.providerSecret,
      runtimeClientId: keycloak.clientId,
      runtimeClientSecret: keycloak.clientSecret,
      connectionsClientSecret: keycloak.connectionsClientSecret,
      loginClientSecret: keycloak.loginClientSecret,
      smtp: config.smtpUrl === undefined ? undefined : { url: config.smtpUrl, from: config.mailFrom },
    },
  });
  say(changed.length === 0 ? 'The realm is as it should be.' : `Changed and read back:\n  ${changed.join('\n  ')}`);
}

/** Exit code 1 when something differs, or belongs to nobody, so that a monitor can ask. */
export async function doctor(args: readonly string[]): Promise<void> {
  const config = parseConfig(process.env);
  const repair = args.includes('--repair');
  const db = new Database(config.database.workerUrl, { size: 4, applicationName: 'drawbridge-doctor' });
  try {
    const keycloak = createKeycloak(config, db);
    if (!keycloak)
      throw new DomainError('invalid_request', 'KEYCLOAK_URL is not set, so there is nothing to compare with.');
    const broken = await findBrokenReferences({ query: db.realm.bind(db) });
    for (const { name, table, rows } of broken) {
      say(
        `database ${table}\n  ${rows} rows belong to nobody (${name}); nothing mends that by itself: please report it`,
      );
    }
    const drift = await findDrift(keycloak, { repair });
    for (const { kind, id, differences } of drift) say(`${kind} ${id}\n  ${differences.join('\n  ')}`);
    if (drift.length === 0) say('Keycloak is equal to what it should be.');
    else
      say(
        `${drift.length} differ. ${repair ? 'What is ours is marked, and a worker mends it.' : 'Run with --repair to mend what is ours.'}`,
      );
    if (broken.length > 0 || (drift.length > 0 && !repair)) process.exitCode = 1;
  } finally {
    await db.close();
  }
}

export async function makeOperatorKey(): Promise<void> {
  const db = new Database(parseConfig(process.env).database.appUrl, { size: 1 });
  try {
    const { text } = await createOperatorKey({ db });
    say(text);
  } finally {
    await db.close();
  }
}
