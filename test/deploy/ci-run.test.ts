// .ci/run in a small checkout of its own: how it counts, when it fails, and that nothing goes on running after it.

import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { isAlive } from '../../src/dev/processes.ts';
import { eventually } from '../support/eventually.ts';
import { CLONE } from './compose-file.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

type Steps = { readonly setup?: string; readonly check?: string; readonly test?: string; readonly long?: string };

/** Runs it with these bodies of JavaScript as its steps; HOME is an empty folder, and there is no stdin. */
function runCi(steps: Steps): Promise<{ code: number; lines: string[]; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-ci-'));
  folders.push(folder);
  for (const name of ['.ci', 'scripts', 'home']) mkdirSync(join(folder, name));
  copyFileSync(join(CLONE, '.ci', 'run'), join(folder, '.ci', 'run'));
  writeFileSync(join(folder, 'scripts', 'setup.mjs'), steps.setup ?? '');
  writeFileSync(join(folder, 'check.mjs'), steps.check ?? '');
  writeFileSync(join(folder, 'test.mjs'), steps.test ?? '');
  writeFileSync(join(folder, 'long.mjs'), steps.long ?? says('0 passed, 0 failed'));
  const scripts = { check: 'node check.mjs', test: 'node test.mjs', 'test:long': 'node long.mjs' };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'tried', scripts }));
  const env = { PATH: process.env.PATH, HOME: join(folder, 'home'), CI: 'true' };
  return new Promise((resolve) => {
    const child = execFile('bash', ['.ci/run'], { cwd: folder, env }, (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code), lines: stdout.trimEnd().split('\n'), folder });
    });
    child.stdin?.end();
  });
}

const says = (...lines: readonly string[]) => lines.map((line) => `console.log(${JSON.stringify(line)});`).join('\n');

test('closes with the sum of its suites, the skips named above', async () => {
  const { code, lines } = await runCi({
    check: says('      Tests  7 passed (7)'),
    test: says('skipped: needs another machine', '30 passed, 0 failed, 1 skipped'),
    long: says('skipped: needs Python', '3 passed, 0 failed, 1 skipped'),
  });
  expect(lines.slice(-3)).toEqual([
    'skipped: needs another machine',
    'skipped: needs Python',
    '40 passed, 0 failed, 2 skipped',
  ]);
  expect(code).toBe(0);
});

test('fails when a test fails', async () => {
  const { code, lines } = await runCi({
    check: `${says('      Tests  1 failed | 6 passed (7)')}\nprocess.exitCode = 1;`,
    test: `${says('30 passed, 2 failed')}\nprocess.exitCode = 1;`,
  });
  expect(lines.at(-1)).toBe('36 passed, 3 failed');
  expect(code).toBe(1);
});

test('fails when a long test fails, or when they end without a count', async () => {
  const rest = { check: says('  Tests  7 passed (7)'), test: says('30 passed, 0 failed') };
  const failed = await runCi({ ...rest, long: `${says('3 passed, 1 failed')}\nprocess.exitCode = 1;` });
  expect(failed.lines.at(-1)).toBe('40 passed, 1 failed');
  expect(failed.code).toBe(1);
  expect((await runCi({ ...rest, long: 'process.exitCode = 7;' })).lines.at(-1)).toBe('37 passed, 1 failed');
});

test('fails when a check fails before any test ran, and still runs the tests', async () => {
  const { code, lines } = await runCi({ check: 'process.exitCode = 3;', test: says('5 passed, 0 failed') });
  expect(lines).toContain('== check failed with exit code 3');
  expect(lines.at(-1)).toBe('5 passed, 1 failed');
  expect(code).toBe(1);
});

test('fails when the tests end without a count, and when the set-up fails', async () => {
  expect((await runCi({ check: says('  Tests  7 passed (7)'), test: 'process.exitCode = 7;' })).lines.at(-1)).toBe(
    '7 passed, 1 failed',
  );
  const { code, lines } = await runCi({ setup: 'process.exitCode = 1;' });
  expect(lines.at(-1)).toBe('0 passed, 1 failed');
  expect(code).toBe(1);
});

test('names and ends a process that a test left behind, in whatever group it runs', async () => {
  const leave = `
    import { spawn } from 'node:child_process';
    import { writeFileSync } from 'node:fs';
    const stray = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    stray.unref();
    writeFileSync('stray.pid', String(stray.pid));
    console.log('1 passed, 0 failed');`;
  const { lines, folder } = await runCi({ check: says('  Tests  1 passed (1)'), test: leave });
  const pid = Number(readFileSync(join(folder, 'stray.pid'), 'utf8'));
  expect(lines.at(-2)).toBe('still running after the tests: sleep 600 ');
  await eventually(() => !isAlive(pid));
});
