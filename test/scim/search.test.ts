// POST /.search at the root (RFC 7644 section 3.4.3): users and groups in one list, in one order, page by page.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../support/server.ts';
import { GROUP, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
  const names = ['delta', 'Alpha', 'charlie', undefined, 'bravo', 'Echo', '𝒜', '\uffee', undefined];
  for (const [n, displayName] of names.entries()) {
    await d.user(`u${n}`, { displayName, active: n % 2 === 0 });
    await d.group(`${displayName ?? 'none'} ${n}`, []);
  }
});
afterAll(() => s[Symbol.asyncDispose]());

const search = async (body: object, path = '/.search', of = d): Promise<Json> => {
  const answer = await of.call('POST', path, { schemas: [SEARCH], ...body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body;
};
const idsOf = (body: Json): string[] => body.Resources.map((each: Json) => each.id);
const byCodePoint = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

const LISTS: object[] = [
  {},
  { sortBy: 'displayName' },
  { sortBy: 'displayName', sortOrder: 'descending' },
  { sortBy: 'userName' },
  { sortBy: 'userName', sortOrder: 'descending' },
  { sortBy: 'meta.created', filter: 'displayName pr' },
  { filter: 'active eq true' },
  { filter: 'displayName sw "a" or displayName co "e"', sortBy: 'id', sortOrder: 'descending' },
];

describe('the list of everything', () => {
  test('is in the order asked for, those without a value last', async () => {
    const { Resources, totalResults } = await search({ sortBy: 'displayName' });
    expect(totalResults).toBe(18);
    const names = Resources.map((each: Json) => each.displayName?.normalize('NFC').toLowerCase());
    const present = names.filter((name: unknown) => name !== undefined);
    expect(names.slice(0, present.length)).toEqual([...present].sort(byCodePoint));
    expect(Resources.map((each: Json) => each.meta.resourceType).slice(-2)).toEqual(['User', 'User']);
    const down = await search({ sortBy: 'displayName', sortOrder: 'descending' });
    expect(idsOf(down)).toEqual(idsOf({ Resources }).reverse());
  });

  test.each(LISTS)('%j is the same in pages by index, walked or not, and by cursor', async (list) => {
    const all = await search(list);
    const ids = idsOf(all);
    expect(all.totalResults).toBe(ids.length);
    const walked: string[] = [];
    for (let startIndex = 1; startIndex <= ids.length; startIndex += 4) {
      const page = await search({ ...list, startIndex, count: 4 });
      expect(page).toMatchObject({ totalResults: ids.length, startIndex });
      walked.push(...idsOf(page));
    }
    expect(walked).toEqual(ids);
    for (let startIndex = 2; startIndex <= ids.length + 1; startIndex += 3) {
      const page = await search({ ...list, startIndex, count: 2 });
      expect([page.totalResults, idsOf(page)]).toEqual([ids.length, ids.slice(startIndex - 1, startIndex + 1)]);
    }
    const there: string[] = [];
    const back: string[] = [];
    let page = await search({ ...list, cursor: '', count: 4 });
    there.push(...idsOf(page));
    while (page.nextCursor) {
      page = await search({ ...list, cursor: page.nextCursor, count: 4 });
      there.push(...idsOf(page));
    }
    back.push(...idsOf(page));
    while (page.previousCursor) {
      page = await search({ ...list, cursor: page.previousCursor, count: 4 });
      back.unshift(...idsOf(page));
    }
    expect([there, back]).toEqual([ids, ids]);
  });

  test('loses nobody to deletes during a walk', async () => {
    const own = await s.directory();
    const made = [];
    for (let n = 0; n < 12; n += 1) made.push(n % 2 ? await own.user(`w${n}`) : await own.group(`w${n}`));
    const seen: string[] = [];
    const gone: string[] = [];
    for (let startIndex = 1; ; ) {
      const page = await search({ startIndex, count: 3 }, '/.search', own);
      seen.push(...idsOf(page));
      startIndex += page.itemsPerPage;
      if (page.itemsPerPage === 0 || startIndex > page.totalResults) break;
      const { id, meta } = page.Resources[0];
      gone.push(id);
      await own.call('DELETE', `/${meta.resourceType}s/${id}`);
    }
    expect(made.map((each) => each.id).filter((id) => !gone.includes(id) && !seen.includes(id))).toEqual([]);
  });

  test('shows the chosen attributes of both', async () => {
    const { Resources } = await search({ attributes: ['displayName'], filter: 'displayName sw "alpha"' });
    expect(Resources).toEqual(
      expect.arrayContaining([
        { id: expect.any(String), schemas: [USER], displayName: 'Alpha' },
        { id: expect.any(String), schemas: [GROUP], displayName: 'Alpha 1' },
      ]),
    );
    const { Resources: cut } = await search({ excludedAttributes: ['meta', 'members', 'displayName'], count: 3 });
    for (const each of cut) expect(Object.keys(each)).not.toEqual(expect.arrayContaining(['meta']));
  });

  test('has nothing of a type that lacks a filtered attribute, and refuses what none has', async () => {
    const users = await search({ filter: 'userName pr' });
    expect(users.totalResults).toBe(9);
    expect(await search({ filter: 'userName pr', count: 0 })).toMatchObject({ totalResults: 9, Resources: [] });
    const refused = (body: object) => d.call('POST', '/.search', { schemas: [SEARCH], ...body });
    expect(await refused({ filter: 'shoeSize pr' })).toMatchObject({
      status: 400,
      body: { scimType: 'invalidFilter' },
    });
    expect(await refused({ sortBy: 'shoeSize' })).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
    expect(await refused({ cursor: 'x' })).toMatchObject({ status: 400, body: { scimType: 'invalidCursor' } });
    expect(await refused({ cursor: '', count: 0 })).toMatchObject({ status: 400, body: { scimType: 'invalidCount' } });
    expect((await d.call('POST', '/.search', { schemas: [USER] })).status).toBe(400);
  });
});

test('a search of one type is its list', async () => {
  for (const [path, sortBy] of [
    ['/Users', 'userName'],
    ['/Groups', 'displayName'],
  ]) {
    const list = { filter: 'id pr', sortBy, sortOrder: 'descending', startIndex: 2, count: 3 };
    const query = new URLSearchParams(
      Object.entries({ ...list, excludedAttributes: 'meta' }).map(([k, v]) => [k, String(v)]),
    );
    const found = await search({ ...list, excludedAttributes: ['meta'] }, `${path}/.search`);
    expect(found).toEqual((await d.call('GET', `${path}?${query}`)).body);
  }
});
