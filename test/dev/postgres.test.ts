import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { findFreePort } from '../../src/dev/ports.ts';
import { type LocalPostgres, startPostgres } from '../../src/dev/postgres.ts';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** As `mktemp -d` makes it: mode 0700, so the user `postgres` can't enter it. */
async function privateFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'drawbridge-clone-'));
  folders.push(folder);
  return folder;
}

async function query(postgres: LocalPostgres, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: postgres.adminUrl });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test('Postgres starts from a clone in a folder that only its owner can enter, and keeps its data across kill -9', async () => {
  const clone = await privateFolder();
  const said: string[] = [];
  const input = { dataDir: join(clone, '.drawbridge', 'postgres'), log: (line: string) => said.push(line) };
  const first = await startPostgres(input);
  folders.push(first.dataDir);
  await query(first, `create table kept as select 'written before the crash' as note`);
  await first.kill();

  const second = await startPostgres(input);
  try {
    expect(second.dataDir).toBe(first.dataDir);
    expect(await query(second, 'select note from kept')).toEqual([{ note: 'written before the crash' }]);
    expect(
      await query(second, `select current_setting('fsync') as fsync, version() ~ '^PostgreSQL 18' as is18`),
    ).toEqual([{ fsync: 'on', is18: true }]);
    const moved = said.filter((line) => line.includes(`the database lives in ${first.dataDir}`));
    expect(moved.length > 0).toBe(userInfo().uid === 0);
  } finally {
    await second.stop();
  }
});

test('a second start on data that another server uses says who uses it', { timeout: 90_000 }, async () => {
  const input = { dataDir: join(await privateFolder(), 'postgres'), log: () => {}, durable: false };
  const first = await startPostgres(input);
  folders.push(first.dataDir);
  try {
    await expect(startPostgres(input)).rejects.toMatchObject({
      kind: 'already_running',
      message: expect.stringContaining(`process ${first.pid}`),
    });
  } finally {
    await first.stop();
  }
});

const smallDisk = mountSmallDisk();

/** A disk of 16 MB, where this machine lets us have one. */
function mountSmallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=755', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    return undefined;
  }
}

test.skipIf(smallDisk === undefined)('a full disk is one clear line', async () => {
  const dataDir = join(smallDisk as string, 'postgres');
  try {
    await expect(startPostgres({ dataDir, log: () => {} })).rejects.toMatchObject({
      kind: 'disk_full',
      message: `The disk is full at ${dataDir}: free some space and run again.`,
    });
  } finally {
    execFileSync('umount', [smallDisk as string]);
    folders.push(smallDisk as string);
  }
});

test('a port asked for that is taken is one clear line', async () => {
  const port = await findFreePort();
  const holder = createServer().listen(port, '127.0.0.1');
  const dataDir = join(await privateFolder(), 'postgres');
  const said: string[] = [];
  try {
    await expect(
      startPostgres({ dataDir, port, log: (line) => said.push(line), durable: false }),
    ).rejects.toMatchObject({
      kind: 'port_taken',
      message: expect.not.stringContaining('\n'),
    });
  } finally {
    holder.close();
    const moved = /the database lives in (.*)\.$/m.exec(said.join('\n'))?.[1];
    if (moved) folders.push(moved);
  }
});
