import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ProcessInput, runToEnd, startProcess } from '../../src/dev/processes.ts';
import { eventually } from '../support/eventually.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drawbridge-processes-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A shell with a child of its own that ignores the polite signal when `deaf`. */
function shell(name: string, deaf = false): ProcessInput {
  return {
    command: '/bin/sh',
    args: ['-c', `${deaf ? "trap '' TERM;" : ''} sleep 600 & echo $!; wait; wait`],
    env: { PATH: process.env.PATH },
    cwd: folder,
    logFile: join(folder, name),
    stopSignal: 'SIGTERM',
    orphanSignal: 'KILL',
    graceMs: deaf ? 100 : 10_000,
  };
}

const childOf = (input: ProcessInput) => eventually(async () => Number((await readFile(input.logFile, 'utf8')).trim()));

/** Gone, or dead and only not collected yet by the system's first process. */
const isGone = async (pid: number) => {
  const { output } = await runToEnd('ps', ['-o', 'stat=', '-p', String(pid)]);
  return output.trim() === '' || output.trim().startsWith('Z');
};

test('stopping a process takes its children along', async () => {
  const input = shell('polite.log');
  const started = await startProcess(input);
  const child = await childOf(input);
  expect(started.isRunning()).toBe(true);
  await started.stop();
  expect(started.isRunning()).toBe(false);
  await eventually(() => isGone(child));
  await started.stop();
});

test('a process that ignores the request to stop is killed with its children', async () => {
  const input = shell('deaf.log', true);
  const started = await startProcess(input);
  const child = await childOf(input);
  await started.stop();
  await eventually(() => isGone(child));
});

test('nothing is left running when the starting process is killed with -9', async () => {
  const input = shell('orphan.log');
  const module = JSON.stringify(new URL('../../src/dev/processes.ts', import.meta.url).href);
  const code = `const { startProcess } = await import(${module});
    const started = await startProcess(${JSON.stringify(input)});
    console.log(started.pid);
    setInterval(() => {}, 1000);`;
  const starter = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(starter.stdout, 'data')) as [Buffer];
  const pids = [Number(line.toString()), await childOf(input)];
  starter.kill('SIGKILL');
  for (const pid of pids) await eventually(() => isGone(pid));
});
