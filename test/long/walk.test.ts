// 20,000 users walked by pages of 100, each page by the other of two processes, while 50 users a second are deleted: of
// those who are alive at the end, nobody was passed over. By id, with a filter, and sorted.
import { setInterval } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/ids.ts';
import { type ScimSetup, setupScim, type TestDirectory } from '../scim/scim-setup.ts';
import { secondProcess } from '../scim/second-process.ts';
import type { Json } from '../support/server.ts';

const USERS = 20_000;
const COUNT = 100;
const DELETES_PER_SECOND = 50;
/** As many as fall into a walk of 20 seconds. */
const DELETES_PER_PAGE = 5;

let s: ScimSetup;
let other: Awaited<ReturnType<typeof secondProcess>>;
beforeAll(async () => {
  s = await setupScim();
  other = await secondProcess(s);
});
afterAll(async () => {
  await other[Symbol.asyncDispose]();
  await s[Symbol.asyncDispose]();
});

/** Users as their directory would have made them, with addresses that nobody has proved. */
async function populated(): Promise<{ d: TestDirectory; ids: string[] }> {
  const d = await s.directory();
  const ids = Array.from({ length: USERS }, () => newId()).sort();
  const at = [d.org.id, d.id, ids];
  const all = 'unnest($3::uuid[]) with ordinality as u (id, n)';
  await s.sql(
    `with made as (
      insert into member (org_id, id, status, pending_reason, role_key)
      select $1, id, 'pending', 'no_address', 'member' from unnest($3::uuid[]) id),
    held as (
      insert into carrier (org_id, member_id, source, ref) select $1, id, 'directory', $2 from unnest($3::uuid[]) id),
    counted as (
      insert into directory_count (org_id, directory_id, slot, users) values ($1, $2, 0, ${USERS})
      on conflict (org_id, directory_id, slot) do update set users = directory_count.users + excluded.users)
    insert into directory_user (org_id, directory_id, member_id, user_name, user_name_key, active, resource)
    select $1, $2, id, name, name, n % 4 <> 0, jsonb_build_object('userName', name, 'active', n % 4 <> 0)
    from (select id, n, 'user' || (n * 7919 % ${USERS}) as name from ${all}) u`,
    at,
  );
  await s.sql('analyze');
  return { d, ids };
}

/** Deletes 50 a second, one of those shown and one of those to come in turn, until it is told to stop. */
class Deleter {
  readonly gone = new Set<string>();
  readonly #d: TestDirectory;
  readonly #ids: readonly string[];
  readonly #shown: readonly string[];
  readonly #stop = new AbortController();
  #asked = 0;

  constructor(d: TestDirectory, ids: readonly string[], shown: readonly string[]) {
    this.#d = d;
    this.#ids = ids;
    this.#shown = shown;
  }

  async run(): Promise<void> {
    const running: Promise<void>[] = [];
    try {
      for await (const _ of setInterval(1_000 / DELETES_PER_SECOND, undefined, { signal: this.#stop.signal })) {
        running.push(this.#deleteOne());
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
    await Promise.all(running);
  }

  stop(): void {
    this.#stop.abort();
  }

  async #deleteOne(): Promise<void> {
    this.#asked += 1;
    const from = this.#asked % 2 && this.#shown.length > 0 ? this.#shown : this.#ids;
    const id = from[(this.#asked * 7919) % from.length]!;
    const { status } = await this.#d.call('DELETE', `/Users/${id}`);
    // one that was hit before is not there any more
    expect([204, 404]).toContain(status);
    this.gone.add(id);
  }
}

test.each([
  ['by id', '', () => true],
  ['with a filter', 'filter=active%20eq%20true', (n: number) => n % 4 !== 0],
  ['by userName', 'sortBy=userName', () => true],
])('a walk %s passes over nobody who is alive', async (_name, query, isMeant) => {
  const { d, ids } = await populated();
  const shown: string[] = [];
  const deleter = new Deleter(d, ids, shown);
  const deleting = deleter.run();
  let pages = 0;
  for (let startIndex = 1; ; pages += 1) {
    const path = `/Users?startIndex=${startIndex}&count=${COUNT}&attributes=id&${query}`;
    const body: Json = pages % 2 === 0 ? (await d.call('GET', path)).body : await other.get(d.token, path);
    for (const { id } of body.Resources) shown.push(id);
    startIndex += body.itemsPerPage;
    if (body.itemsPerPage === 0 || startIndex > body.totalResults) break;
    // a client takes its time over a page
    for await (const _ of setInterval(5)) if (deleter.gone.size >= (pages + 1) * DELETES_PER_PAGE - 50) break;
  }
  deleter.stop();
  await deleting;
  const seen = new Set(shown);
  const passedOver = ids.filter((id, n) => isMeant(n + 1) && !deleter.gone.has(id) && !seen.has(id));
  console.log(
    `${shown.length} shown on ${pages + 1} pages, ${deleter.gone.size} deleted, ${passedOver.length} passed over`,
  );
  expect(deleter.gone.size).toBeGreaterThan(500);
  expect(passedOver).toEqual([]);
  expect(seen.size).toBe(shown.length);
});
