import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withFolderLock } from '../../scripts/folder-lock.mjs';
import { eventually } from '../support/eventually.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drawbridge-lock-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A process that takes the lock, says so by a file, and holds it until it is killed. */
function spawnHolder(lock: string, signalFile: string) {
  const code = `
    import { writeFileSync } from 'node:fs';
    import { withFolderLock } from ${JSON.stringify(new URL('../../scripts/folder-lock.mjs', import.meta.url).href)};
    await withFolderLock(${JSON.stringify(lock)}, async () => {
      writeFileSync(${JSON.stringify(signalFile)}, '');
      await new Promise((resolve) => setTimeout(resolve, 600_000));
    });`;
  return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' });
}

test('only one at a time is inside, and everybody gets in', async () => {
  const lock = join(folder, 'shared.lock');
  let inside = 0;
  let most = 0;
  const tasks = Array.from({ length: 8 }, (_, index) =>
    withFolderLock(lock, async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
      return index;
    }),
  );
  expect(await Promise.all(tasks)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(most).toBe(1);
  expect(existsSync(lock)).toBe(false);
});

test('a failure inside frees the lock and is handed on', async () => {
  const lock = join(folder, 'failing.lock');
  await expect(withFolderLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await withFolderLock(lock, () => 'in')).toBe('in');
});

test('waits for a living owner and takes over from one that was killed', async () => {
  const lock = join(folder, 'killed.lock');
  const signalFile = join(folder, 'holder-is-in');
  const holder = spawnHolder(lock, signalFile);
  await eventually(() => existsSync(signalFile));
  const waitedFor: number[] = [];
  const taken = withFolderLock(
    lock,
    () => 'taken over',
    (pid) => waitedFor.push(pid),
  );
  await eventually(() => waitedFor.length > 0);
  expect(waitedFor).toEqual([holder.pid]);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  expect(await taken).toBe('taken over');
});
