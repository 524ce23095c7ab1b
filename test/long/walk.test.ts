// 20,000 users walked by pages of 100, each page by the other of two processes, while 50 users a second and more are
// deleted: of those who are alive at the end, nobody was passed over. By id, with a filter, and sorted.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/ids.ts';
import type { ScimSetup, TestDirectory } from '../scim/scim-setup.ts';
import { pagesInTurn, type SecondProcess, setupTwoProcesses } from '../scim/second-process.ts';

const USERS = 20_000;
const COUNT = 100;
/** At work at the same time, each with a connection of its own. */
const DELETERS = 8;
/** As fast as they delete; and no page is asked for before so many were deleted for each one so far. */
const DELETES_PER_SECOND = 60;
const DELETES_PER_PAGE = 5;
const POLL_MS = 3;

let two: Awaited<ReturnType<typeof setupTwoProcesses>>;
let s: ScimSetup;
let other: SecondProcess;
beforeAll(async () => {
  two = await setupTwoProcesses();
  ({ s, other } = two);
});
afterAll(() => two[Symbol.asyncDispose]());

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

/** Delete one of those shown and one of those to come in turn. */
class Deleters {
  readonly gone = new Set<string>();
  readonly #d: TestDirectory;
  readonly #ids: readonly string[];
  readonly #shown: readonly string[];
  readonly #working: Promise<unknown>;
  readonly #startedAt = performance.now();
  #isOver = false;
  #asked = 0;
  #pages = 0;

  constructor(d: TestDirectory, ids: readonly string[], shown: readonly string[]) {
    this.#d = d;
    this.#ids = ids;
    this.#shown = shown;
    this.#working = Promise.all(Array.from({ length: DELETERS }, () => this.#work()));
    this.#working.catch(() => {
      this.#isOver = true;
    });
  }

  /** Waits until the deletes have kept up with the pages, of which one more was shown. */
  async afterPage(): Promise<void> {
    this.#pages += 1;
    while (!this.#isOver && this.gone.size < (this.#pages - 1) * DELETES_PER_PAGE) await delay(POLL_MS);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#working;
  }

  get perSecond(): number {
    return (this.gone.size * 1000) / (performance.now() - this.#startedAt);
  }

  async #work(): Promise<void> {
    while (!this.#isOver) {
      const isLate = this.perSecond < DELETES_PER_SECOND || this.gone.size < this.#pages * DELETES_PER_PAGE;
      await (isLate ? this.#deleteOne() : delay(POLL_MS));
    }
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
  const deleters = new Deleters(d, ids, shown);
  let pages = 0;
  for await (const { body } of pagesInTurn(d, other, `attributes=id&${query}`, COUNT)) {
    for (const { id } of body.Resources) shown.push(id);
    pages += 1;
    await deleters.afterPage();
  }
  const { gone, perSecond } = deleters;
  await deleters.stop();
  const seen = new Set(shown);
  const passedOver = ids.filter((id, n) => isMeant(n + 1) && !gone.has(id) && !seen.has(id));
  console.log(
    `${shown.length} shown on ${pages} pages, ${gone.size} deleted (${perSecond.toFixed(0)}/s), ${passedOver.length} passed over`,
  );
  expect(gone.size).toBeGreaterThanOrEqual((pages - 1) * DELETES_PER_PAGE);
  expect(passedOver).toEqual([]);
  expect(seen.size).toBe(shown.length);
});
