// Set-up before every npm script: installs dependencies when they are missing or changed, and checks the Node version.
// Plain JavaScript for Node 20, no dependencies: nothing is installed yet when it runs.
// Invariant: the second run without a change in dependencies does nothing but read two files.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withFolderLock } from './folder-lock.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const STAMP_FILE = join(ROOT, 'node_modules', '.drawbridge-stamp');
const OLDEST_NODE = [22, 18];

const PLATFORM = `${process.platform}-${process.arch}`;

/** Only what decides what is installed: a changed script or description must not cost an installation. */
function wantedStamp() {
  const manifest = readJson('package.json');
  const { dependencies, devDependencies, optionalDependencies, overrides, allowScripts } = manifest;
  const hash = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .update(JSON.stringify({ dependencies, devDependencies, optionalDependencies, overrides, allowScripts }))
    .digest('hex');
  return `${hash} ${PLATFORM}`;
}

function foundStamp() {
  return existsSync(STAMP_FILE) ? readFileSync(STAMP_FILE, 'utf8').trim() : '';
}

/** After an `npm install` by hand the stamp is old, but npm's own record of node_modules equals the lock file. */
function isInstalledByHand() {
  const recordFile = join('node_modules', '.package-lock.json');
  if (!foundStamp().endsWith(` ${PLATFORM}`) || !existsSync(join(ROOT, recordFile))) return false;
  const locked = readJson('package-lock.json').packages;
  const present = readJson(recordFile).packages;
  const isSame = ([path, { version, integrity }]) =>
    locked[path]?.version === version && locked[path]?.integrity === integrity;
  return (
    Object.entries(present).every(isSame) &&
    Object.entries(locked).every(([path, { optional }]) => path === '' || optional || path in present)
  );
}

function isInstalled() {
  if (foundStamp() === wantedStamp()) return true;
  if (!isInstalledByHand()) return false;
  writeFileSync(STAMP_FILE, `${wantedStamp()}\n`);
  return true;
}

function readJson(path) {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
}

async function install() {
  const stamp = wantedStamp();
  const why = existsSync(join(ROOT, 'node_modules')) ? 'dependencies have changed' : 'first run';
  console.log(`Set-up: installing dependencies with npm ci (${why}; one to two minutes) ...`);
  const started = Date.now();
  // Only errors: npm itself runs on the machine's Node, and would warn that ours is newer, package by package.
  const code = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  if (code !== 0) fail(`npm ci failed with exit code ${code}; its own message stands above. Fix that and run again.`);
  writeFileSync(STAMP_FILE, `${stamp}\n`);
  console.log(`Set-up: dependencies installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}

function run(command, args) {
  // The exit code of a command that can't be started at all is 127, as in a shell.
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32' });
    child.on('error', () => resolve(127));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

function checkNode() {
  const pinned = process.platform === 'win32' ? 'node.cmd' : 'node';
  if (existsSync(join(ROOT, 'node_modules', '.bin', pinned))) return;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  fail(
    `Drawbridge needs Node >= ${OLDEST_NODE.join('.')} on ${process.platform}-${process.arch}, and this is ${process.version}: install Node 24 (https://nodejs.org) and run again.`,
  );
}

function fail(reason) {
  console.error(`Set-up stopped: ${reason}`);
  process.exit(1);
}

if (!isInstalled()) {
  await withFolderLock(
    join(ROOT, '.drawbridge', 'setup.lock'),
    async () => {
      if (!isInstalled()) await install();
    },
    (pid) => console.log(`Set-up: waiting for another set-up of this folder (process ${pid}) ...`),
  );
}
checkNode();
