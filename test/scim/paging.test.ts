// Pages by index (RFC 7644 section 3.4.2.4), walked while others come and go, through two processes in turn: nobody who
// was there at the start and stays is passed over, whatever the filter and the order.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../support/server.ts';
import type { ScimSetup, TestDirectory } from './scim-setup.ts';
import { pagesInTurn, type SecondProcess, secondProcess, setupTwoProcesses } from './second-process.ts';

const USERS = 36;
const COUNT = 4;

let two: Awaited<ReturnType<typeof setupTwoProcesses>>;
let s: ScimSetup;
let other: SecondProcess;
beforeAll(async () => {
  two = await setupTwoProcesses();
  ({ s, other } = two);
});
afterAll(() => two[Symbol.asyncDispose]());

/** Pages in turn from the first and the second process; `between` runs after each page. */
async function walk(
  d: TestDirectory,
  query: string,
  between: (page: readonly string[]) => Promise<void> = async () => {},
): Promise<{ ids: string[]; totals: number[] }> {
  const ids: string[] = [];
  const totals: number[] = [];
  for await (const { startIndex, body } of pagesInTurn(d, other, `attributes=userName&${query}`, COUNT)) {
    const page = body.Resources.map((user: Json) => user.id);
    expect(body).toMatchObject({ startIndex, itemsPerPage: page.length });
    ids.push(...page);
    totals.push(body.totalResults);
    await between(page);
  }
  return { ids, totals };
}

const name = (n: number) => `${['kilo', 'Alpha', 'mike', 'Echo', 'zulu'][n % 5]}${String(n).padStart(3, '0')}`;

async function populated(): Promise<{ d: TestDirectory; ids: string[] }> {
  const d = await s.directory();
  const users = await Promise.all(
    Array.from({ length: USERS }, (_, n) =>
      d.user(name(n), { active: n % 3 !== 0, title: n % 4 === 0 ? undefined : `T${n % 7}`, displayName: name(n * 7) }),
    ),
  );
  return { d, ids: users.map((user) => user.id) };
}

describe.each([
  ['by id', ''],
  ['with a filter', 'filter=active%20eq%20true'],
  ['by userName', 'sortBy=userName'],
  ['by userName, descending', 'sortBy=userName&sortOrder=descending'],
  ['by an attribute that some lack', 'sortBy=title'],
  [
    'by an attribute that some lack, descending, with a filter',
    'sortBy=title&sortOrder=descending&filter=active%20eq%20true',
  ],
  ['by the time of the change', 'sortBy=meta.lastModified'],
  ['by a truth', 'sortBy=active'],
])('a walk %s', (_name, query) => {
  test('through two processes sees each once', async () => {
    const { d } = await populated();
    const all = (await d.call('GET', `/Users?count=1000&attributes=userName&${query}`)).body.Resources;
    const { ids, totals } = await walk(d, query);
    expect(ids).toEqual(all.map((user: Json) => user.id));
    expect(new Set(totals)).toEqual(new Set([all.length]));
  });

  test('passes nobody over who stays, while those seen and those to come are deleted', async () => {
    const { d } = await populated();
    const listed = (await d.call('GET', `/Users?count=1000&attributes=userName&${query}`)).body.Resources;
    const doomed = new Set<string>(listed.filter((_: Json, n: number) => n % 3 === 1).map((user: Json) => user.id));
    const gone: string[] = [];
    const drop = async (id: string | undefined) => {
      if (id === undefined) return;
      doomed.delete(id);
      gone.push(id);
      expect((await d.call('DELETE', `/Users/${id}`)).status).toBe(204);
    };
    const { ids } = await walk(d, query, async (page) => {
      for (const id of page) if (doomed.has(id)) await drop(id);
      await drop([...doomed].at(-1));
    });
    const stayed = listed.map((user: Json) => user.id).filter((id: string) => !gone.includes(id));
    expect(stayed.filter((id: string) => !ids.includes(id))).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('a walk', () => {
  test('passes nobody over while others come in at its front', async () => {
    const { d, ids } = await populated();
    let n = 0;
    const walked = await walk(d, 'sortBy=userName', async () => {
      await d.user(`aaa${n++}`);
    });
    expect(ids.filter((id) => !walked.ids.includes(id))).toEqual([]);
  });

  test('that begins anew a little later sees who came in before it', async () => {
    const { d } = await populated();
    await walk(d, 'sortBy=userName');
    const newcomer = await d.user('aaaa');
    const again = await walk(d, 'sortBy=userName');
    expect(again.ids[0]).toBe(newcomer.id);
    expect(new Set(again.ids).size).toBe(USERS + 1);
  });

  test('of two at once, the slower one loses nobody to the faster one', async () => {
    const { d, ids } = await populated();
    const gone: string[] = [];
    const slow = await walk(d, '', async (page) => {
      gone.push(page[0]!);
      await d.call('DELETE', `/Users/${page[0]}`);
      if (gone.length % 4 === 0) await walk(d, '');
    });
    expect(ids.filter((id) => !gone.includes(id) && !slow.ids.includes(id))).toEqual([]);
  });

  test('goes on after the process that began it is gone', async () => {
    const { d } = await populated();
    const first = (await d.call('GET', `/Users?startIndex=1&count=${COUNT}`)).body.Resources;
    for (const { id } of first) await d.call('DELETE', `/Users/${id}`);
    const third = await secondProcess(s);
    const next = await third.get(d.token, `/Users?startIndex=${COUNT + 1}&count=${COUNT}`);
    await third[Symbol.asyncDispose]();
    expect(next.Resources[0].userName).toBe((await d.call('GET', '/Users?count=1')).body.Resources[0].userName);
  });

  test('marks are one directory’s own, and swept away when their time is over', async () => {
    const { d } = await populated();
    const { d: neighbour } = await populated();
    await walk(d, '');
    const [before] = await s.sql('select count(*)::integer as n from page_mark where directory_id = $1', [d.id]);
    expect(before.n).toBeGreaterThan(0);
    const page = async (of: TestDirectory) =>
      (await of.call('GET', '/Users?startIndex=11&count=1')).body.Resources[0].id;
    const eleventh = (await neighbour.call('GET', '/Users?count=11')).body.Resources[10].id;
    expect(await page(neighbour)).toBe(eleventh);
    const [swept] = await s.sql(`select sweep_page_marks(now() + interval '2 hours') as n`);
    expect(swept.n).toBeGreaterThan(0);
    expect(await s.sql('select from page_mark')).toEqual([]);
  });
});

describe('a page', () => {
  test('that no walk leads to is counted off from the start', async () => {
    const { d } = await populated();
    const all = (await d.call('GET', '/Users?count=1000&attributes=userName')).body.Resources;
    const { body } = await d.call('GET', '/Users?startIndex=21&count=5&attributes=userName');
    expect(body).toMatchObject({ totalResults: USERS, startIndex: 21, itemsPerPage: 5 });
    expect(body.Resources).toEqual(all.slice(20, 25));
    expect((await d.call('GET', `/Users?startIndex=${USERS + 5}&count=5`)).body).toMatchObject({
      totalResults: USERS,
      itemsPerPage: 0,
    });
    expect((await d.call('GET', `/Users?startIndex=${USERS - 1}&count=5`)).body).toMatchObject({
      totalResults: USERS,
      itemsPerPage: 2,
    });
  });
});
