// The rounds of two SCIM libraries for Java: fetched and compiled by Maven once in the user's cache folder, under a lock.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { withFolderLock } from '../../scripts/folder-lock.mjs';
import { requireJava } from '../../src/dev/java.ts';
import { runToEnd } from '../../src/dev/processes.ts';

const SOURCE = join(import.meta.dirname, 'java-client');
const ROUNDS = ['UnboundIdRound', 'ScimSdkRound'] as const;
const FILES = ['pom.xml', ...['Steps', ...ROUNDS].map((name) => `src/main/java/${name}.java`)];
const STAMP = 'complete';
const BUILD_WITHIN_MS = 5 * 60_000;

/** The arguments for `java` that start one of the rounds; undefined where this machine has no JDK 17 or no Maven. */
export async function ensureJavaClient(): Promise<((round: (typeof ROUNDS)[number]) => readonly string[]) | undefined> {
  const hash = createHash('sha256');
  for (const file of FILES) hash.update(readFileSync(join(SOURCE, file)));
  const key = hash.digest('hex').slice(0, 12);
  const home = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'drawbridge', `scim-java-${key}`);
  if (!(await hasJava())) return undefined;
  if (!existsSync(join(home, STAMP))) {
    if (!(await answers('mvn', '--version')) || !(await answers('javac', '-version'))) return undefined;
    await withFolderLock(`${home}.lock`, () => build(home));
  }
  return (round) => ['-cp', [join(home, 'target', 'classes'), join(home, 'lib', '*')].join(delimiter), round];
}

function hasJava(): Promise<boolean> {
  return requireJava().then(
    () => true,
    () => false,
  );
}

async function answers(command: string, argument: string): Promise<boolean> {
  const asked = await runToEnd(command, [argument]).catch(() => undefined);
  return asked?.code === 0;
}

async function build(home: string): Promise<void> {
  if (existsSync(join(home, STAMP))) return;
  await rm(home, { recursive: true, force: true });
  await mkdir(home, { recursive: true });
  await cp(SOURCE, home, { recursive: true });
  const goals = ['compile', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=lib'];
  const built = await runToEnd('mvn', ['-q', '-B', ...goals], { cwd: home, timeoutMs: BUILD_WITHIN_MS });
  if (built.code !== 0) throw new Error(`Maven could not build the Java client:\n${built.output}`);
  await writeFile(join(home, STAMP), '');
}
