// Reads the large group whole, as clients do, and looks at what that takes of the web process.
import { readFile, writeFile } from 'node:fs/promises';
import { largeGroupOf, type Population } from './population.ts';

type Server = {
  readonly baseUrl: string;
  readonly token: string;
  readonly pid: number;
  readonly population: Population;
};

export type Reading = { readonly megabytes: number; readonly report: string };

const AT_ONCE = 4;
const WITHIN_MB = 1024;

/** Reads it alone, several times at once, and replaces it; `megabytes` is the most held while one client reads. */
export async function readLargeGroup(server: Server): Promise<Reading> {
  const lines: string[] = [];
  const note = (what: string, ms: number) => lines.push(`| ${what} | ${Math.round(ms).toLocaleString('en-US')} |`);
  await forgetPeak(server.pid);
  for (let n = 0; n < 3; n += 1) note('GET with all members', (await read(server)).ms);
  const byOne = await peakMegabytes(server.pid);
  const all = await Promise.all(Array.from({ length: AT_ONCE }, () => read(server)));
  note(`${AT_ONCE} of them at once, the slowest`, Math.max(...all.map((one) => one.ms)));
  const byAll = await peakMegabytes(server.pid);
  const { members } = await read(server);
  for (const [what, kept] of [
    ['PUT with the same members', members],
    ['PUT with one less', members.slice(1)],
    ['PUT with it again', members],
    ['PUT with none', []],
    ['PUT with all of them, into the empty group', members],
  ] as const)
    note(what, await replace(server, kept));
  const replaced = await peakMegabytes(server.pid);
  const report = [
    `| the group of ${server.population.largeGroup.toLocaleString('en-US')} | ms |`,
    '|---|--:|',
    ...lines,
    '',
    `Web process at most ${byOne} MB while one client read the group, ${byAll} MB with ${AT_ONCE}, ${replaced} MB while it was replaced.`,
  ].join('\n');
  return { megabytes: byOne, report };
}

type Members = readonly { readonly value: string }[];

async function read({ baseUrl, token, population }: Server): Promise<{ ms: number; members: Members }> {
  const started = performance.now();
  const response = await fetch(`${baseUrl}/Groups/${largeGroupOf(population)}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const text = await response.text();
  const ms = performance.now() - started;
  const group = JSON.parse(text) as { members: Members; meta: { version: string } };
  const distinct = new Set(group.members.map((member) => member.value));
  if (distinct.size < population.largeGroup || distinct.size !== group.members.length)
    throw new Error(`${group.members.length} members, ${distinct.size} of them different`);
  if (response.headers.get('etag') !== group.meta.version) throw new Error('the ETag is not the version');
  return { ms, members: group.members };
}

async function replace({ baseUrl, token, population }: Server, members: Members): Promise<number> {
  const id = largeGroupOf(population);
  const body = JSON.stringify({
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName: 'Everybody',
    externalId: id,
    members: members.map(({ value }) => ({ value })),
  });
  const started = performance.now();
  const response = await fetch(`${baseUrl}/Groups/${id}?excludedAttributes=members`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' },
    body,
  });
  await response.text();
  if (response.status !== 200) throw new Error(`PUT: ${response.status}`);
  return performance.now() - started;
}

/** The most memory that was resident, as Linux remembers it. */
/** From here on the peak counts anew (proc(5), clear_refs). */
async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5');
}

async function peakMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / WITHIN_MB);
}
