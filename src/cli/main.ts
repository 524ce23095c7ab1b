#!/usr/bin/env node
// The command line. Each command is a line of the table: its name, what it does, and the module that does it.
import { ConfigError } from '../config.ts';
import { StartTrouble } from '../dev/trouble.ts';
import { DomainError } from '../errors.ts';

type Command = { readonly says: string; run(args: readonly string[]): Promise<void> };

const COMMANDS: Readonly<Record<string, Command>> = {
  start: {
    says: 'everything on this machine: Postgres, Keycloak, mailbox, Drawbridge, a demo with two companies',
    run: async () => (await import('../dev/start.ts')).start(),
  },
  demo: {
    says: 'plays the three journeys against the running local system and prints each hop',
    run: async () => (await import('../dev/demo.ts')).demo(),
  },
  web: {
    says: 'serves SCIM, REST, sign-in and pages',
    run: async () => (await import('../main.ts')).serve({ web: true }),
  },
  worker: {
    says: 'projects to Keycloak, sends mail, runs timed work',
    run: async () => (await import('../main.ts')).serve({ worker: true }),
  },
  serve: {
    says: 'web and worker in one process',
    run: async () => (await import('../main.ts')).serve({ web: true, worker: true }),
  },
  migrate: {
    says: 'brings the database up to date',
    run: async () => (await import('./operate.ts')).migrateDatabase(),
  },
  bootstrap: {
    says: 'brings the Keycloak realm to the wished state and reads it back',
    run: async () => (await import('./operate.ts')).bootstrapKeycloak(),
  },
  doctor: {
    says: 'compares Keycloak with what it should be; --repair mends it',
    run: async (args) => (await import('./operate.ts')).doctor(args),
  },
  'operator-key': {
    says: 'makes a key for the operator and prints it once',
    run: async () => (await import('./operate.ts')).makeOperatorKey(),
  },
};

const REQUIRED_NODE = [22, 18] as const;

function usage(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, command]) => `  ${name.padEnd(width)}  ${command.says}`);
  return ['usage: drawbridge COMMAND', ...lines].join('\n');
}

async function main(args: readonly string[]): Promise<void> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < REQUIRED_NODE[0] || (major === REQUIRED_NODE[0] && minor < REQUIRED_NODE[1])) {
    throw new StartTrouble(
      'start_failed',
      `Node ${REQUIRED_NODE.join('.')} or newer is needed; this is ${process.versions.node}. Run it through npm, which brings its own.`,
    );
  }
  const [name = '', ...rest] = args;
  const command = COMMANDS[name];
  if (!command) {
    process.stderr.write(`${usage()}\n`);
    process.exitCode = name === '' || name === 'help' || name === '--help' ? 0 : 2;
    return;
  }
  await command.run(rest);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const expected = error instanceof StartTrouble || error instanceof ConfigError || error instanceof DomainError;
  process.stderr.write(`${expected ? error.message : ((error as Error).stack ?? String(error))}\n`);
  process.exitCode = 1;
}
