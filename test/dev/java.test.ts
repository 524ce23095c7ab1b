import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { requireJava } from '../../src/dev/java.ts';
import { ensureKeycloak } from '../../src/dev/keycloak-server.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drawbridge-java-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A PATH with a `java` that reports this version, and nothing else. */
async function pathWithJava(name: string, report: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  await writeFile(join(path, 'java'), `#!/bin/sh\necho '${report}' >&2\n`);
  await chmod(join(path, 'java'), 0o755);
  return path;
}

test('without Java the local Keycloak says what to install, before it fetches anything', async () => {
  vi.stubEnv('PATH', folder);
  vi.stubEnv('JAVA_HOME', '');
  vi.stubEnv('XDG_CACHE_HOME', join(folder, 'cache'));
  await expect(ensureKeycloak({ log: () => {} })).rejects.toMatchObject({
    kind: 'java_missing',
    message: expect.stringMatching(/^Keycloak needs Java and none was found: install Java 17 or newer[^\n]*$/),
  });
  vi.unstubAllEnvs();
});

test.each([
  { report: 'openjdk version "11.0.2" 2019-01-15', says: 'this is Java 11' },
  { report: 'java version "1.8.0_392"', says: 'this is Java 8' },
])('refuses a Java that is too old: $report', async ({ report, says }) => {
  const PATH = await pathWithJava(says.replaceAll(' ', '-'), report);
  await expect(requireJava({ PATH })).rejects.toMatchObject({
    kind: 'java_too_old',
    message: expect.stringContaining(says),
  });
});

test.each(['17.0.15', '21', '26-ea'])('takes Java %s', async (version) => {
  await requireJava({ PATH: await pathWithJava(`java-${version}`, `openjdk version "${version}" 2025-04-15`) });
});
