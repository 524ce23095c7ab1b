import { createReadStream } from 'node:fs';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { fetchKeycloakArchive } from '../../src/dev/keycloak-download.ts';
import { type LocalServer, startLocalServer } from '../../src/dev/local-http.ts';

const FETCH_MS = 180_000;
const usualPath = process.env.PATH;
let folder: string;
let original: string;
let releases: LocalServer;

/** /right is the true archive, /wrong another file, and everything else is missing. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drawbridge-download-'));
  original = await fetchKeycloakArchive(
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'drawbridge'),
    () => {},
  );
  releases = await startLocalServer(0, (request, response) => {
    if (request.url === '/right') createReadStream(original).pipe(response);
    else if (request.url === '/wrong') response.end('not the archive');
    else response.writeHead(404).end();
  });
}, FETCH_MS);
afterEach(() => vi.unstubAllEnvs());
afterAll(async () => {
  await releases?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A PATH without the real Maven; `script` is the mvn there, if any. */
async function stubMaven(script?: string): Promise<void> {
  const path = await mkdtemp(join(folder, 'path-'));
  if (script !== undefined) {
    await writeFile(join(path, 'mvn'), `#!/bin/sh\nPATH='${usualPath}'\n${script}\n`);
    await chmod(join(path, 'mvn'), 0o755);
  }
  vi.stubEnv('PATH', path);
}

const failure = async (releasePath: string) => {
  const cache = await mkdtemp(join(folder, 'cache-'));
  const error: unknown = await fetchKeycloakArchive(cache, () => {}, `${releases.url}${releasePath}`).catch(
    (reason) => reason,
  );
  return { error, left: await readdir(cache) };
};

test('without Maven the archive comes from the project’s releases, checked, once', { timeout: FETCH_MS }, async () => {
  await stubMaven();
  const cache = await mkdtemp(join(folder, 'cache-'));
  const said: string[] = [];
  const log = (line: string) => said.push(line);
  const [first, second] = await Promise.all([
    fetchKeycloakArchive(cache, log, `${releases.url}/right`),
    fetchKeycloakArchive(cache, log, `${releases.url}/right`),
  ]);
  expect(first).toBe(second);
  expect((await stat(first)).size).toBe((await stat(original)).size);
  expect(said.filter((line) => line.startsWith('Fetching'))).toHaveLength(1);
  expect(await readdir(cache)).toEqual(['keycloak-26.7.4.tar.gz']);
});

test('an archive with another checksum is thrown away, whichever source gave it', async () => {
  const givesOther = `for arg; do case $arg in -DoutputDirectory=*) echo other > "\${arg#*=}/keycloak.tar.gz";; esac; done`;
  await stubMaven(givesOther);
  const { error, left } = await failure('/wrong');
  expect(error).toMatchObject({
    kind: 'download_failed',
    message: expect.stringMatching(
      /keycloak\.tar\.gz has SHA-256 \w+ instead of 04823c33.*release\.tar\.gz has SHA-256/,
    ),
  });
  expect(left).toEqual([]);
});

test('no source at all is one line that names each reason and the cure', async () => {
  await stubMaven('case $1 in -version) ;; *) echo "[ERROR] no route to the mirror"; exit 1;; esac');
  const { error } = await failure('/missing');
  expect(error).toMatchObject({
    kind: 'download_failed',
    message: expect.stringMatching(
      /^[^\n]*no route to the mirror[^\n]*answered 404[^\n]*check the network or proxy[^\n]*$/,
    ),
  });
});
