// Gets the Keycloak archive once per user: through Maven where it is installed (it knows the company's mirror), else
// from the Keycloak project's releases. Invariant: nothing is unpacked whose SHA-256 is not the pinned one.

import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { withFolderLock } from '../../scripts/folder-lock.mjs';
import { runToEnd } from './processes.ts';
import { explainFileTrouble, StartTrouble } from './trouble.ts';

export const KEYCLOAK_VERSION = '26.7.4';
// One pin for both sources: they hold the same file (compared for 26.5.2).
const SHA256 = '04823c336b797a7e18889a44262a7a64e6bf624cbbcc518c85e2622176ff2eee';
const RELEASE = `https://github.com/keycloak/keycloak/releases/download/${KEYCLOAK_VERSION}/keycloak-${KEYCLOAK_VERSION}.tar.gz`;
const ARTIFACT = `org.keycloak:keycloak-quarkus-dist:${KEYCLOAK_VERSION}:tar.gz`;
const MAVEN_GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy';
const MAVEN_WITHIN_MS = 10 * 60_000;

/** The checked archive in `cache`, fetched if need be; safe beside other processes that want it too. */
export async function fetchKeycloakArchive(
  cache: string,
  log: (line: string) => void,
  releaseUrl = RELEASE,
): Promise<string> {
  const archive = join(cache, `keycloak-${KEYCLOAK_VERSION}.tar.gz`);
  return withFolderLock(
    `${archive}.lock`,
    async () => {
      if (await exists(archive)) return archive;
      const draft = join(cache, `download-${randomBytes(6).toString('hex')}`);
      try {
        await mkdir(draft, { recursive: true });
        await rename(await fetchInto(draft, log, releaseUrl), archive);
        return archive;
      } catch (error) {
        throw explainFileTrouble(error, cache);
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
    },
    (pid) => log(`Waiting for another process (${pid}) that fetches Keycloak ...`),
  );
}

async function fetchInto(folder: string, log: (line: string) => void, releaseUrl: string): Promise<string> {
  const failures: string[] = [];
  for (const source of [() => fromMaven(folder, log), () => fromRelease(folder, log, releaseUrl)]) {
    const outcome = await source().catch((error: unknown) => ({ failure: describe(error) }));
    if (typeof outcome !== 'string') {
      failures.push(outcome.failure);
      continue;
    }
    const sha256 = await hashFile(outcome);
    if (sha256 === SHA256) return outcome;
    failures.push(`${basename(outcome)} has SHA-256 ${sha256} instead of ${SHA256}`);
    await rm(outcome, { force: true });
  }
  throw new StartTrouble(
    'download_failed',
    `Keycloak ${KEYCLOAK_VERSION} could not be fetched (${failures.join('; ')}): check the network or proxy, or install Maven with access to a mirror.`,
  );
}

type Outcome = string | { readonly failure: string };

async function fromMaven(folder: string, log: (line: string) => void): Promise<Outcome> {
  const known = await runToEnd('mvn', ['-version']).catch(() => undefined);
  if (known?.code !== 0) return { failure: 'Maven is not installed' };
  log(`Fetching Keycloak ${KEYCLOAK_VERSION} with Maven (160 MB, once) ...`);
  const args = ['-q', '-B', MAVEN_GOAL, `-Dartifact=${ARTIFACT}`, `-DoutputDirectory=${folder}`];
  const run = await runToEnd('mvn', args, { cwd: folder, timeoutMs: MAVEN_WITHIN_MS });
  const file = (await readdir(folder)).find((name) => name.endsWith('.tar.gz'));
  if (run.code === 0 && file !== undefined) return join(folder, file);
  const reason = run.output.split('\n').find((line) => line.includes('[ERROR]')) ?? run.output.trim();
  return { failure: `Maven: ${reason.slice(0, 300)}` };
}

async function fromRelease(folder: string, log: (line: string) => void, url: string): Promise<Outcome> {
  log(`Fetching Keycloak ${KEYCLOAK_VERSION} from ${new URL(url).host} (160 MB, once) ...`);
  const response = await fetch(url);
  if (!response.ok || response.body === null) return { failure: `${url} answered ${response.status}` };
  const file = join(folder, 'release.tar.gz');
  await pipeline(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]), createWriteStream(file));
  return file;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function describe(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error instanceof Error ? error.message : String(error)}${cause}`;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
