// Runs the tests, or with --long first the ones that take minutes, and closes with one line that says how many passed
// and failed, alone on the last line. Further arguments are vitest's: files to run, for instance.
// Plain JavaScript: it may be started by an older Node and then hands over to the pinned one.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const PINNED_NODE = join(ROOT, 'node_modules', '.bin', 'node');

function runVitest(isLong, args, reportFile) {
  const node = existsSync(PINNED_NODE) ? PINNED_NODE : process.execPath;
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const env = { ...process.env, PATH: `${dirname(PINNED_NODE)}:${process.env.PATH}` };
  if (args.length === 0) env.DRAWBRIDGE_TEST_EVERYTHING = '1';
  const project = `--project=${isLong ? 'long' : '!long'}`;
  const child = spawn(node, [vitest, 'run', project, ...reporters, ...args], { cwd: ROOT, stdio: 'inherit', env });
  // The terminal sends Ctrl-C to vitest too, which stops what it started; the closing line waits for that.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.on('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** A file that could not be loaded has no test to blame, so it counts as one failure. */
function count(report) {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const named = (...states) => tests.filter((test) => states.includes(test.status));
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: named('passed').length,
    failed: named('failed').length + brokenFiles.length,
    skipped: named('skipped', 'pending', 'todo', 'disabled').map((test) => test.fullName),
  };
}

const folder = mkdtempSync(join(tmpdir(), 'drawbridge-report-'));
const reportFile = join(folder, 'report.json');
const [first, ...rest] = process.argv.slice(2);
const isLong = first === '--long';
const code = await runVitest(isLong, isLong ? rest : process.argv.slice(2), reportFile);
const report = existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, 'utf8')) : { testResults: [] };
rmSync(folder, { recursive: true, force: true });

const { passed, failed, skipped } = count(report);
if (passed + failed === 0) console.error('No test ran.');
if (code !== 0 && failed === 0) console.error('The run itself failed; the reason stands above.');
for (const name of skipped) console.log(`skipped: ${name}`);
console.log(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`);
process.exitCode = code !== 0 ? code : passed === 0 || failed > 0 ? 1 : 0;
