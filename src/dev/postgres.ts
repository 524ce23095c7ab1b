// The local Postgres 18: the server's own programs from npm, on a loopback port, with full durability.
// A second start goes on with the same data, also after everything was killed with -9 (the server recovers by itself).

import { randomBytes } from 'node:crypto';
import { access, chown, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { findFreePort } from './ports.ts';
import { findPostgresPlace, type PostgresPlace } from './postgres-place.ts';
import { isAlive, type ManagedProcess, runToEnd, startProcess, tailOf } from './processes.ts';
import { diskFull, explainFileTrouble, refuseInProduction, StartTrouble } from './trouble.ts';

const START_WITHIN_MS = 60_000;
const LEFTOVER_WITHIN_MS = 8_000;
const POLL_MS = 100;
const NO_SUCH_PROCESS = '2147483646';

export type LocalPostgres = {
  /** Superuser's address of the database `postgres`. */
  readonly adminUrl: string;
  /** Where data and log really are (see postgres-place.ts). */
  readonly dataDir: string;
  readonly pid: number;
  /** The address of a database: as the superuser, or as `user` with `password`. */
  urlFor(database: string, user?: string, password?: string): string;
  /** Fast shutdown: open connections are ended, what was committed is on disk. */
  stop(): Promise<void>;
  /** SIGKILL to all of it, for tests of what a crash leaves. */
  kill(): Promise<void>;
};

export type PostgresInput = {
  /** The folder for data, password and log. */
  readonly dataDir: string;
  readonly log: (line: string) => void;
  /** A port that was asked for: taken means `port_taken`. Without it, a free one. */
  readonly port?: number | undefined;
  /** False gives up crash safety for speed: for the data of a test run only. */
  readonly durable?: boolean;
};

/** Starts the server (creating its data at the first start) and waits until it answers. Throws StartTrouble. */
export async function startPostgres(input: PostgresInput): Promise<LocalPostgres> {
  refuseInProduction('The embedded Postgres');
  const place = await findPostgresPlace(input.dataDir, input.log);
  const data = join(place.dataDir, 'data');
  const password = await createData(place, data, input.log);
  await waitForLeftover(data);
  const logFile = join(place.dataDir, 'postgres.log');
  const deadline = Date.now() + LEFTOVER_WITHIN_MS;
  for (;;) {
    const port = input.port ?? (await findFreePort());
    const server = await launch(place, data, port, logFile, input.durable ?? true);
    const local = describe(server, place, port, password);
    const failure = await waitUntilReady(server, local.adminUrl, logFile);
    if (failure === undefined) return local;
    // A free port may be taken before the server listens on it; a killed server's sessions need a moment to end.
    const mayPass = (failure.kind === 'port_taken' && input.port === undefined) || failure.kind === 'already_running';
    if (!mayPass || Date.now() > deadline) throw failure;
    await delay(POLL_MS);
  }
}

function describe(server: ManagedProcess, place: PostgresPlace, port: number, password: string): LocalPostgres {
  const urlFor = (database: string, user = 'postgres', userPassword = password) =>
    `postgres://${encodeURIComponent(user)}:${encodeURIComponent(userPassword)}@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  return {
    adminUrl: urlFor('postgres'),
    dataDir: place.dataDir,
    pid: server.pid,
    urlFor,
    stop: server.stop,
    kill: server.kill,
  };
}

/** Runs initdb unless it ran before; answers the superuser's password. The folder appears complete, by a rename. */
async function createData(place: PostgresPlace, data: string, log: (line: string) => void): Promise<string> {
  const passwordFile = join(place.dataDir, 'password');
  const isThere = await access(data).then(
    () => true,
    () => false,
  );
  if (isThere) return (await readFile(passwordFile, 'utf8')).trim();
  log('Creating the database (once, a few seconds) ...');
  const password = randomBytes(18).toString('base64url');
  const draft = `${data}.new`;
  try {
    await rm(draft, { recursive: true, force: true });
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (place.user !== undefined) await chown(passwordFile, place.user.uid, place.user.gid);
    const flags = [`--pgdata=${draft}`, '--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
    // The builtin locale sorts and folds alike on every machine.
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
    const made = await runToEnd(join(place.programs, 'bin', 'initdb'), [...flags, ...locale], {
      cwd: place.dataDir,
      user: place.user,
      env: serverEnvironment(),
    });
    if (made.code !== 0) throw explainOutput(made.output, place.dataDir);
    await rename(draft, data);
  } catch (error) {
    throw explainFileTrouble(error, place.dataDir);
  }
  return password;
}

/** A server on the same data: one that is just shutting down is waited for, one that stays is somebody's. */
async function waitForLeftover(data: string): Promise<void> {
  const pidFile = join(data, 'postmaster.pid');
  const deadline = Date.now() + LEFTOVER_WITHIN_MS;
  for (;;) {
    const lines = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n');
    const pid = Number(lines[0]);
    if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return;
    if (!(await isServerOf(pid, data))) {
      // The number belongs to another program now (or to a dead process that nobody collected), which would stop the
      // server; the rest of the file stays, since the server finds by it whether old sessions still live.
      await writeFile(pidFile, [NO_SUCH_PROCESS, ...lines.slice(1)].join('\n'));
      return;
    }
    if (Date.now() > deadline) throw alreadyRunning(`process ${pid}`, data);
    await delay(POLL_MS);
  }
}

function alreadyRunning(what: string, data: string): StartTrouble {
  return new StartTrouble(
    'already_running',
    `A Postgres (${what}) already runs on ${data}: stop the Drawbridge that runs from this folder (Ctrl-C there), or end that process.`,
  );
}

async function isServerOf(pid: number, data: string): Promise<boolean> {
  if (process.platform === 'win32') return true;
  const seen = await runToEnd('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).catch(() => undefined);
  // Without ps nothing is known, and the careful answer is yes.
  return seen === undefined || seen.output.includes(data);
}

async function launch(
  place: PostgresPlace,
  data: string,
  port: number,
  logFile: string,
  durable: boolean,
): Promise<ManagedProcess> {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '128MB',
    max_wal_size: '512MB',
    log_min_messages: 'warning',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  try {
    await rm(logFile, { force: true });
    return await startProcess({
      command: join(place.programs, 'bin', 'postgres'),
      args: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      env: serverEnvironment(),
      cwd: place.dataDir,
      user: place.user,
      logFile,
      stopSignal: 'SIGINT',
      orphanSignal: 'INT',
      graceMs: 20_000,
    });
  } catch (error) {
    throw explainFileTrouble(error, join(place.programs, 'bin', 'postgres'));
  }
}

/** Nothing of the user's own Postgres settings (PGPORT, PGDATA ...) must reach the server. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, TMPDIR: '/tmp', LC_ALL: 'C', SystemRoot: process.env.SystemRoot, TZ: 'UTC' };
}

/** Undefined once it answers a query; the trouble if it ended or stayed silent. */
async function waitUntilReady(
  server: ManagedProcess,
  adminUrl: string,
  logFile: string,
): Promise<StartTrouble | undefined> {
  const deadline = Date.now() + START_WITHIN_MS;
  while (server.isRunning()) {
    if (await answers(adminUrl)) return undefined;
    if (Date.now() > deadline) {
      await server.stop();
      return new StartTrouble('start_failed', `Postgres did not answer within a minute; its log is ${logFile}.`);
    }
    await delay(POLL_MS);
  }
  return explainOutput(tailOf(logFile), logFile);
}

async function answers(adminUrl: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: adminUrl, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

function explainOutput(output: string, where: string): StartTrouble {
  const fatal = output.split('\n').findLast((line) => /FATAL|error:|PANIC/.test(line)) ?? output.trim();
  if (/No space left on device|Disk quota exceeded/.test(output)) return diskFull(where);
  if (/pre-existing shared memory block/.test(output)) return alreadyRunning('sessions of a killed server', where);
  if (/Address already in use/.test(output)) {
    return new StartTrouble(
      'port_taken',
      'The port for Postgres is taken: stop what listens there, or ask for another.',
    );
  }
  if (/Permission denied/.test(output)) {
    return new StartTrouble('no_permission', `Postgres lacks a permission (${fatal.trim()}): see ${where}.`);
  }
  return new StartTrouble('start_failed', `Postgres did not start (${fatal.trim()}): see ${where}.`);
}
