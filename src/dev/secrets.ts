// Secrets of the local system: made once, kept in the clone's own folder, readable by its user only. They exist for
// development; production brings its own, and the configuration refuses these there.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { newSecret } from '../ids.ts';
import { explainFileTrouble } from './trouble.ts';

const NAMES = [
  'databaseOwner',
  'databaseApp',
  'databaseWorker',
  'keycloakDatabase',
  'keycloakAdmin',
  'keycloakRuntime',
  'keycloakConnections',
  'keycloakLogin',
  'keycloakProvider',
  'secretKey',
  'globexClient',
] as const;

export type LocalSecrets = Readonly<Record<(typeof NAMES)[number], string>>;

/** Reads the secrets of `file`, making those that are missing. */
export function localSecrets(file: string): LocalSecrets {
  let known: Partial<Record<string, string>> = {};
  try {
    known = JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<string, string>>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw explainFileTrouble(error, file);
  }
  const secrets = newSecrets(known);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    throw explainFileTrouble(error, file);
  }
  return secrets;
}

/** A set of secrets: those of `known`, and new ones for the rest. */
export function newSecrets(known: Partial<Record<string, string>> = {}): LocalSecrets {
  return Object.fromEntries(NAMES.map((name) => [name, known[name] ?? `dev-${newSecret()}`])) as LocalSecrets;
}
