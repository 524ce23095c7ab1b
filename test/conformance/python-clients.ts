// The Python environment of the third-party SCIM clients: made once in the user's cache folder from pinned, hashed
// requirements, under a lock, and used again until they change.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { withFolderLock } from '../../scripts/folder-lock.mjs';
import { runToEnd } from '../../src/dev/processes.ts';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
const CANDIDATES = ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];
const INSTALL_WITHIN_MS = 5 * 60_000;

/** The programs of the environment by name; undefined where this machine has no Python of at least 3.11 with venv. */
export async function ensurePythonClients(): Promise<((name: string) => string) | undefined> {
  const python = await findPython();
  if (python === undefined) return undefined;
  const key = createHash('sha256').update(python.version).update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const home = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'drawbridge', `scim-clients-${key}`);
  const bin = join(home, process.platform === 'win32' ? 'Scripts' : 'bin');
  await withFolderLock(`${home}.lock`, () => makeEnvironment(python.command, home, bin));
  return (name) => join(bin, name);
}

async function findPython(): Promise<{ command: string; version: string } | undefined> {
  const script = 'import sys, venv, ensurepip; assert sys.version_info >= (3, 11); print(sys.version)';
  for (const command of CANDIDATES) {
    const asked = await runToEnd(command, ['-c', script]).catch(() => undefined);
    if (asked?.code === 0) return { command, version: asked.output };
  }
  return undefined;
}

/** Programs of an environment name its folder, so it is made where it stays; the stamp says that it is whole. */
async function makeEnvironment(python: string, home: string, bin: string): Promise<void> {
  const stamp = join(home, 'complete');
  if (existsSync(stamp)) return;
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await step('make the environment', python, ['-m', 'venv', home]);
  const install = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check'];
  const exactly = ['--require-hashes', '--no-deps', '--only-binary=:all:', '-r', REQUIREMENTS];
  await step('install the clients', join(bin, 'python'), [...install, ...exactly]);
  await writeFile(stamp, '');
}

async function step(what: string, command: string, args: readonly string[]): Promise<void> {
  const done = await runToEnd(command, args, { timeoutMs: INSTALL_WITHIN_MS });
  if (done.code !== 0) throw new Error(`Python could not ${what}:\n${done.output}`);
}
