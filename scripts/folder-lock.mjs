// A lock that processes share through the file system: a folder that holds its owner's name.
// Invariant: the folder appears with its owner inside, by one rename, so nobody ever sees a lock without an owner.
// Plain JavaScript without dependencies, because scripts/setup.mjs needs it before anything is installed.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const BEAT_MS = 5_000;
const DEAD_AFTER_MS = 60_000;
const POLL_MS = 200;

/**
 * Runs `task` while holding the lock at `folder`, waiting for whoever holds it now.
 * A lock whose owner has died (its process is gone, or its heartbeat stopped a minute ago) is taken over.
 * `onWait` is called once with the owner's process id when there is somebody to wait for.
 */
export async function withFolderLock(folder, task, onWait = () => {}) {
  mkdirSync(dirname(folder), { recursive: true });
  let told = false;
  while (!tryTake(folder)) {
    if (removeIfStale(folder)) continue;
    if (!told) onWait(readOwner(folder)?.pid ?? 0);
    told = true;
    await delay(POLL_MS);
  }
  const heart = setInterval(() => beat(folder), BEAT_MS);
  heart.unref();
  try {
    return await task();
  } finally {
    clearInterval(heart);
    rmSync(folder, { recursive: true, force: true });
  }
}

function tryTake(folder) {
  const draft = `${folder}.${process.pid}.${randomBytes(4).toString('hex')}`;
  mkdirSync(draft);
  writeFileSync(join(draft, 'owner.json'), JSON.stringify({ pid: process.pid, host: hostname() }));
  try {
    renameSync(draft, folder);
    return true;
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES'].includes(error.code) && ageOf(folder) !== undefined) return false;
    if (['ENOTEMPTY', 'EEXIST'].includes(error.code)) return false;
    throw error;
  }
}

function removeIfStale(folder) {
  if (!isStale(folder)) return false;
  // One process at a time decides and removes: two that both saw the dead owner could otherwise remove a fresh lock.
  const guard = `${folder}.takeover`;
  try {
    mkdirSync(guard);
  } catch {
    if ((ageOf(guard) ?? 0) > DEAD_AFTER_MS) rmSync(guard, { recursive: true, force: true });
    return false;
  }
  try {
    if (!isStale(folder)) return false;
    rmSync(folder, { recursive: true, force: true });
    return true;
  } finally {
    rmdirSync(guard);
  }
}

function isStale(folder) {
  const age = ageOf(folder);
  if (age === undefined) return false;
  const owner = readOwner(folder);
  if (age > DEAD_AFTER_MS) return true;
  return owner !== undefined && owner.host === hostname() && !isAlive(owner.pid);
}

function ageOf(path) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return undefined;
  }
}

function readOwner(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, 'owner.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function beat(folder) {
  try {
    const now = new Date();
    utimesSync(folder, now, now);
  } catch {
    // Somebody removed the folder by hand: the work goes on, only its protection is gone.
  }
}
