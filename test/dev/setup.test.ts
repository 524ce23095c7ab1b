import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SCRIPTS = join(import.meta.dirname, '..', '..', 'scripts');
// Counts its calls and installs a `node`, as npm ci does through the optional dependencies.
const FAKE_NPM = `#!/bin/sh
echo "$@" >> "$CALLS"
mkdir -p node_modules/.bin && : > node_modules/.bin/node
exit \${NPM_EXIT:-0}
`;

let clone: string;
beforeEach(async () => {
  clone = await mkdtemp(join(tmpdir(), 'drawbridge-setup-'));
  await cp(SCRIPTS, join(clone, 'scripts'), { recursive: true });
  await mkdir(join(clone, 'home'));
  await mkdir(join(clone, 'path'));
  await writeFile(join(clone, 'path', 'npm'), FAKE_NPM);
  await chmod(join(clone, 'path', 'npm'), 0o755);
  await writeFile(join(clone, 'package-lock.json'), '{"lockfileVersion":3}');
  await writeManifest({ scripts: { test: 'true' }, dependencies: { pg: '8.0.0' } });
});
afterEach(() => rm(clone, { recursive: true, force: true }));

const writeManifest = (manifest: object) => writeFile(join(clone, 'package.json'), JSON.stringify(manifest));

/** The clone's set-up in an empty home, with an npm of ours in front: what set-up does, not what npm downloads. */
async function setUp(extra: NodeJS.ProcessEnv = {}): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [join(clone, 'scripts', 'setup.mjs')], {
    cwd: tmpdir(),
    env: {
      HOME: join(clone, 'home'),
      PATH: [join(clone, 'path'), '/usr/bin', '/bin'].join(delimiter),
      CALLS: join(clone, 'calls'),
      ...extra,
    },
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, output };
}

const installations = async () => (await readFile(join(clone, 'calls'), 'utf8').catch(() => '')).trim().split('\n');

test('installs on a fresh clone, says so, and does nothing the second time', async () => {
  const first = await setUp();
  expect(first).toMatchObject({ code: 0, output: expect.stringContaining('installing dependencies with npm ci') });
  expect(await setUp()).toEqual({ code: 0, output: '' });
  expect(await installations()).toEqual([expect.stringMatching(/^ci /)]);
});

test('installs again when the lock file or a dependency changed, not when only a script did', async () => {
  await setUp();
  await writeManifest({ scripts: { test: 'false' }, dependencies: { pg: '8.0.0' } });
  await setUp();
  expect(await installations()).toHaveLength(1);
  await writeManifest({ scripts: { test: 'false' }, dependencies: { pg: '8.0.1' } });
  expect((await setUp()).output).toContain('dependencies have changed');
  await writeFile(join(clone, 'package-lock.json'), '{"lockfileVersion":3,"packages":{}}');
  await setUp();
  expect(await installations()).toHaveLength(3);
});

test('an npm install by hand is taken as it is', async () => {
  await setUp();
  const packages = { 'node_modules/pg': { version: '8.0.1', integrity: 'sha512-x' } };
  await writeManifest({ dependencies: { pg: '8.0.1' } });
  await writeFile(join(clone, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...packages } }));
  await writeFile(join(clone, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }));
  expect(await setUp()).toEqual({ code: 0, output: '' });
  expect(await installations()).toHaveLength(1);
});

test('two set-ups at once install once', async () => {
  const both = await Promise.all([setUp(), setUp()]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(await installations()).toHaveLength(1);
});

test('a failed installation stops with one line and is tried again next time', async () => {
  expect(await setUp({ NPM_EXIT: '7' })).toMatchObject({
    code: 1,
    output: expect.stringContaining('npm ci failed with exit code 7'),
  });
  expect((await setUp()).code).toBe(0);
  expect(await installations()).toHaveLength(2);
});
