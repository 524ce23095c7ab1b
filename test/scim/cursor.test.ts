// Pages by cursor (RFC 9865): forth and back, for any filter and order, in every process, and only for the list that a
// cursor was given out for.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../support/server.ts';
import type { ScimSetup, TestDirectory } from './scim-setup.ts';
import { type SecondProcess, setupTwoProcesses } from './second-process.ts';

const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';

let two: Awaited<ReturnType<typeof setupTwoProcesses>>;
let s: ScimSetup;
let d: TestDirectory;
let other: SecondProcess;
beforeAll(async () => {
  two = await setupTwoProcesses();
  ({ s, other } = two);
  d = await s.directory();
  const titles = ['b', 'A', undefined, 'ä', '𝒜', '\uffee', undefined];
  for (let n = 0; n < 40; n += 1) {
    await d.user(`c${n}`, { title: titles[n % 7], active: n % 2 === 0, displayName: n % 5 ? `D${n % 3}` : undefined });
  }
  for (let n = 0; n < 12; n += 1) await d.group(`G${n}`, [], n % 2 ? { externalId: `x${n}` } : {});
});
afterAll(() => two[Symbol.asyncDispose]());

const idsOf = (body: Json): string[] => body.Resources.map((each: Json) => each.id);
const get = async (query: string): Promise<Json> => (await d.call('GET', query)).body;

/** Forth to the end and back to the start, each page from another process than the one before. */
async function thereAndBack(path: string): Promise<{ there: string[]; back: string[] }> {
  const page = async (cursor: string, turn: number): Promise<Json> =>
    turn % 2 ? other.get(d.token, `${path}&cursor=${cursor}`) : get(`${path}&cursor=${cursor}`);
  let body = await page('', 0);
  expect(body).not.toHaveProperty('previousCursor');
  expect(body).not.toHaveProperty('startIndex');
  const there = idsOf(body);
  let turn = 1;
  for (; body.nextCursor; turn += 1) {
    expect(body.nextCursor).toMatch(/^[\w.~-]+$/);
    body = await page(body.nextCursor, turn);
    there.push(...idsOf(body));
  }
  const back = idsOf(body);
  for (; body.previousCursor; turn += 1) {
    body = await page(body.previousCursor, turn);
    back.unshift(...idsOf(body));
  }
  return { there, back };
}

describe('a list by cursor', () => {
  const orders = ['', 'userName', 'title', 'displayName', 'meta.created', 'active', 'id', 'externalId'];
  const filters = ['', 'active eq true', 'title pr or displayName co "d"'];

  test('is the list, forth and back, whatever filter, order and page size', () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...orders),
        fc.constantFrom(...filters),
        fc.boolean(),
        fc.integer({ min: 1, max: 45 }),
        async (sortBy, filter, descending, count) => {
          const query = new URLSearchParams({
            ...(sortBy && { sortBy }),
            ...(filter && { filter }),
            ...(descending && { sortOrder: 'descending' }),
            attributes: 'userName',
          });
          const all = idsOf(await get(`/Users?${query}&count=1000`));
          expect(await thereAndBack(`/Users?${query}&count=${count}`)).toEqual({ there: all, back: all });
        },
      ),
      { numRuns: 60 },
    ));

  test('goes over groups too', async () => {
    for (const sortBy of ['displayName', 'externalId']) {
      const all = idsOf(await get(`/Groups?sortBy=${sortBy}`));
      expect(await thereAndBack(`/Groups?sortBy=${sortBy}&count=5`)).toEqual({ there: all, back: all });
    }
  });

  test('says how many there are, and ends without a cursor', async () => {
    const first = await get('/Users?cursor&count=30&filter=active%20eq%20true');
    expect(first).toMatchObject({ totalResults: 20, itemsPerPage: 20 });
    expect(first).not.toHaveProperty('nextCursor');
    const part = await get('/Users?cursor=&count=15&filter=active%20eq%20true');
    expect(part).toMatchObject({ totalResults: 20, itemsPerPage: 15 });
    const rest = await get(`/Users?cursor=${part.nextCursor}&count=15&filter=active%20eq%20true`);
    expect(rest).toMatchObject({ totalResults: 20, itemsPerPage: 5 });
    expect(rest).not.toHaveProperty('nextCursor');
  });

  test('passes nobody over while others go', async () => {
    const own = await s.directory();
    const made = await Promise.all(Array.from({ length: 40 }, (_, n) => own.user(`go${n}`)));
    const seen: string[] = [];
    const gone: string[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const { body }: Json = await own.call('GET', `/Users?count=6&cursor=${cursor}`);
      seen.push(...idsOf(body));
      cursor = body.nextCursor;
      // the row that the cursor stands on, too
      for (const id of idsOf(body).slice(-2)) {
        gone.push(id);
        await own.call('DELETE', `/Users/${id}`);
      }
    }
    expect(made.map((user) => user.id).filter((id) => !gone.includes(id) && !seen.includes(id))).toEqual([]);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test('is searched by POST the same way', async () => {
    const search = (path: string, body: object) => d.call('POST', path, { schemas: [SEARCH], ...body });
    const first = await search('/Users/.search', {
      cursor: '',
      count: 30,
      sortBy: 'userName',
      attributes: ['userName'],
    });
    const next = { cursor: first.body.nextCursor, count: 30, sortBy: 'userName', attributes: ['userName'] };
    const second = await search('/Users/.search', next);
    expect([...idsOf(first.body), ...idsOf(second.body)]).toEqual(idsOf(await get('/Users?sortBy=userName')));
    // a cursor of a search serves a GET of the same list
    const same = await get(`/Users?cursor=${next.cursor}&count=30&sortBy=userName&attributes=userName`);
    expect(same.Resources).toEqual(second.body.Resources);
  });
});

describe('a cursor is refused', () => {
  const refused = (scimType: string) => ({ status: 400, body: { scimType, status: '400' } });
  const list = '/Users?count=5&sortBy=userName&filter=active%20eq%20true';
  const cursorOf = async () => (await get(`${list}&cursor`)).nextCursor as string;

  test('with another filter, order, type or directory', async () => {
    const cursor = await cursorOf();
    const paths = [
      `/Users?count=5&sortBy=userName&filter=active%20eq%20false&cursor=${cursor}`,
      `/Users?count=5&sortBy=userName&cursor=${cursor}`,
      `/Users?count=5&sortBy=title&filter=active%20eq%20true&cursor=${cursor}`,
      `${list}&sortOrder=descending&cursor=${cursor}`,
      `/Groups?count=5&cursor=${cursor}`,
    ];
    for (const path of paths) expect(await d.call('GET', path), path).toMatchObject(refused('invalidCursor'));
    const sibling = await s.directory({ org: d.org });
    expect(await sibling.call('GET', `${list}&cursor=${cursor}`)).toMatchObject(refused('invalidCursor'));
    expect((await d.call('GET', `${list}&cursor=${cursor}`)).status).toBe(200);
  });

  test('when it was changed, cut, or made up', async () => {
    const cursor = await cursorOf();
    const at = Math.floor(cursor.length / 2);
    const changed = cursor.slice(0, at) + (cursor[at] === 'A' ? 'B' : 'A') + cursor.slice(at + 1);
    for (const wrong of [changed, cursor.slice(0, -4), `${cursor}AAAA`, 'made-up', '1', '%00', 'x'.repeat(9_000)]) {
      const answer = await d.call('GET', `${list}&cursor=${wrong}`);
      expect(answer, wrong.slice(0, 50)).toMatchObject(refused('invalidCursor'));
    }
  });

  test('beside an index', async () => {
    expect(await d.call('GET', `${list}&cursor&startIndex=2`)).toMatchObject(refused('invalidCursor'));
    expect((await d.call('GET', `${list}&cursor&startIndex=1`)).status).toBe(200);
  });

  test.each(['0', '-1', 'x', '1.5'])('with a count of %s', async (count) => {
    expect(await d.call('GET', `/Users?cursor&count=${count}`)).toMatchObject(refused('invalidCount'));
  });

  test('after the announced time, and not before', async () => {
    const { body } = await d.call('GET', '/ServiceProviderConfig');
    expect(body.pagination).toMatchObject({ cursor: true, index: true, defaultPaginationMethod: 'index' });
    const cursor = await cursorOf();
    s.t.clock.advance(body.pagination.cursorTimeout - 60);
    expect((await d.call('GET', `${list}&cursor=${cursor}`)).status).toBe(200);
    s.t.clock.advance(120);
    expect(await d.call('GET', `${list}&cursor=${cursor}`)).toMatchObject(refused('expiredCursor'));
  });
});
