// The request journal: what can be asked of it, what it never holds, and how long it is kept.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer, Json } from '../support/server.ts';
import { type ScimSetup, setupScim, type TestDirectory } from './scim-setup.ts';

const DAY = 86_400;
let s: ScimSetup;
let d: TestDirectory;
let ada: Json;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
  ada = await d.user('Ada.Lovelace+x@acme.test', { password: 'hunter2-hunter2', nickName: 'A', shoeSize: 9 });
  await d.user('grace@acme.test');
  await d.call('GET', `/Users?filter=${encodeURIComponent('userName eq "ada.lovelace+x@acme.test"')}`);
  await d.patch(`/Users/${ada.id}`, { op: 'replace', path: 'nickName', value: 'B' });
  await d.call('GET', `/Users/${ada.id}`, undefined, { headers: { 'x-request-id': 'ticket-4711' } });
  await d.patch(`/Users/${ada.id}`, { op: 'replace', path: 'nowhere', value: 'B' });
  await d.call('GET', '/Users/0199a5f2-7c1e-7d3a-8f62-3f0e4f6f2b11');
  await s.scim.close();
});
afterAll(() => s[Symbol.asyncDispose]());

const journal = (query = '', of = d): Promise<Answer> =>
  s.t.call('GET', `/v1/organizations/${of.org.id}/directories/${of.id}/journal${query}`, { key: of.org.ownerKey });
const shown = async (query: string): Promise<string[]> =>
  (await journal(query)).body.items.map((item: Json) => `${item.method} ${item.status}`);

describe('is asked', () => {
  test.each([
    ['by method', '?method=PATCH', ['PATCH 400', 'PATCH 200']],
    ['by status', '?status=404', ['GET 404']],
    ['by class of status', '?status=4xx', ['GET 404', 'PATCH 400']],
    ['by request', '?requestId=ticket-4711', ['GET 200']],
    ['by two things', '?status=2xx&method=POST', ['POST 201', 'POST 201']],
    ['for nothing that there is', '?method=DELETE', []],
  ])('%s', async (_what, query, expected) => {
    expect(await shown(query)).toEqual(expected);
  });

  test('by a user: by id, and by userName in any case, whatever part of the request names the user', async () => {
    const expected = ['PATCH 400', 'GET 200', 'PATCH 200', 'GET 200', 'POST 201'];
    const byName = await shown(`?resource=${encodeURIComponent('ADA.lovelace+X@acme.test')}`);
    expect(byName).toEqual(expected);
    // a look-up by name does not name the id
    expect(await shown(`?resource=${ada.id}`)).toEqual(['PATCH 400', 'GET 200', 'PATCH 200', 'POST 201']);
    expect(await shown('?resource=%25')).toEqual([]);
  });

  test('by time: from one moment on, and up to another', async () => {
    const { items } = (await journal()).body;
    const at = items.map((item: Json) => Date.parse(item.at));
    const [newest, , third] = items;
    // several may be of one millisecond
    expect(await shown(`?from=${third.at}`)).toHaveLength(at.filter((time: number) => time >= at[2]).length);
    expect(await shown(`?until=${newest.at}`)).toHaveLength(at.filter((time: number) => time < at[0]).length);
  });

  test('page by page: all of it, each entry once, newest first', async () => {
    const all = (await journal('?limit=200')).body.items;
    const walked: Json[] = [];
    let cursor = '';
    do {
      const page = (await journal(`?limit=2${cursor && `&cursor=${cursor}`}`)).body;
      walked.push(...page.items);
      cursor = page.nextCursor ?? '';
    } while (cursor !== '');
    expect(walked).toEqual(all);
    expect(all.map((item: Json) => item.at)).toEqual(
      all
        .map((item: Json) => item.at)
        .toSorted()
        .toReversed(),
    );
  });

  test.each(['?status=9xx', '?status=abc', '?method=HEAD', '?cursor=bm9uZQ', '?limit=0', '?from=yesterday'])(
    'wrongly (%s): refused',
    async (query) => {
      expect((await journal(query)).status).toBe(400);
    },
  );
});

test('says what was dropped, why it was refused, and how long it took, and holds no secret and no value', async () => {
  const [created] = (await journal('?method=POST&status=201')).body.items.slice(-1);
  expect(created).toMatchObject({
    resourceId: ada.id,
    detail: { dropped: expect.arrayContaining(['password', 'shoeSize']) },
    canReplay: false,
    latencyMs: expect.any(Number),
  });
  const [refused] = (await journal('?status=400')).body.items;
  expect(refused).toMatchObject({ detail: { error: 'invalid_path', detail: expect.stringContaining('nowhere') } });
  const stored = JSON.stringify(await s.sql('select * from scim_journal'));
  expect(stored).not.toMatch(/hunter2|dbs_/);
  expect(await s.sql('select from scim_journal_body')).toEqual([]);
});

test('parameters named like secrets are kept without their values', async () => {
  const own = await s.directory();
  await own.call('GET', '/Users?access_token=abc123&count=1');
  await s.scim.close();
  const [entry] = (await journal('', own)).body.items;
  expect(entry.path).toBe('/Users?access_token=%5Bremoved%5D&count=1');
});

test('is kept as long as its directory says: 30 days, or what was set', async () => {
  const brief = await s.directory();
  const at = `/v1/organizations/${brief.org.id}/directories/${brief.id}`;
  const set = await s.t.call('PATCH', at, { key: brief.org.ownerKey, body: { journalDays: 3 } });
  expect(set.body.journalDays).toBe(3);
  for (const journalDays of [0, 366]) {
    expect((await s.t.call('PATCH', at, { key: brief.org.ownerKey, body: { journalDays } })).status).toBe(400);
  }
  await brief.user('brief');
  await s.scim.close();
  const counts = async () => [
    (await journal('', brief)).body.items.length > 0,
    (await journal()).body.items.length > 0,
  ];
  const sweepAfter = (days: number) =>
    s.sql('select drop_old_journal($1)', [new Date(s.t.clock.now().getTime() + days * DAY * 1_000)]);
  await sweepAfter(2.9);
  expect(await counts()).toEqual([true, true]);
  await sweepAfter(3.1);
  expect(await counts()).toEqual([false, true]);
  await sweepAfter(29.9);
  expect(await counts()).toEqual([false, true]);
  await sweepAfter(30.1);
  expect(await counts()).toEqual([false, false]);
});
