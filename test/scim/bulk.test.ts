// POST /Bulk (RFC 7644 section 3.7): what a client gets back, references in any order, limits, and what the journal says.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { Answer, Json } from '../support/server.ts';
import { ENTERPRISE, ERROR, GROUP, PATCH, type ScimSetup, setupScim, type TestDirectory, USER } from './scim-setup.ts';

const REQUEST = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
const RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:BulkResponse';

let s: ScimSetup;
let d: TestDirectory;
beforeAll(async () => {
  s = await setupScim();
  d = await s.directory();
});
afterAll(() => s[Symbol.asyncDispose]());

type Options = { failOnErrors?: number };

const send = (operations: readonly object[], { failOnErrors }: Options = {}): Promise<Answer> =>
  d.call('POST', '/Bulk', { schemas: [REQUEST], ...(failOnErrors && { failOnErrors }), Operations: operations });

async function results(operations: readonly object[], options?: Options): Promise<Json[]> {
  const answer = await send(operations, options);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  expect(answer.body.schemas).toEqual([RESPONSE]);
  return answer.body.Operations;
}

const post = (path: string, bulkId: string, data: object) => ({ method: 'POST', path, bulkId, data });
const user = (bulkId: string, more: object = {}) =>
  post('/Users', bulkId, { schemas: [USER], userName: bulkId, ...more });
const group = (bulkId: string, members: string[]) =>
  post('/Groups', bulkId, { schemas: [GROUP], displayName: bulkId, members: members.map((value) => ({ value })) });
const managed = (by: string) => ({ schemas: [USER, ENTERPRISE], [ENTERPRISE]: { manager: { value: by } } });
const statuses = (all: readonly Json[]) => all.map((each) => each.status);
const idOf = (result: Json): string => result.location.slice(-36);
const managerOf = async (id: string) => (await d.call('GET', `/Users/${id}`)).body[ENTERPRISE]?.manager?.value;
const membersOf = async (id: string) =>
  (await d.call('GET', `/Groups/${id}`)).body.members.map((member: Json) => member.value);

describe('a bulk request', () => {
  test('does each operation as a request of its own would', async () => {
    const [a, b, g] = [await d.user('ba'), await d.user('bb'), await d.group('bg')];
    const all = await results([
      user('b-new', { displayName: 'New' }),
      { method: 'PUT', path: `/Users/${a.id}`, data: { schemas: [USER], userName: 'ba', title: 'put' } },
      {
        method: 'PATCH',
        path: `/Groups/${g.id}`,
        data: { schemas: [PATCH], Operations: [{ op: 'add', path: 'members', value: [{ value: a.id }] }] },
      },
      { method: 'DELETE', path: `/Users/${b.id}` },
    ]);
    expect(all).toEqual([
      {
        method: 'POST',
        bulkId: 'b-new',
        status: '201',
        version: 'W/"1"',
        location: expect.stringMatching(`^${s.scimUrl}/Users/`),
      },
      { method: 'PUT', status: '200', version: 'W/"2"', location: a.meta.location },
      { method: 'PATCH', status: expect.stringMatching(/^20[04]$/), version: 'W/"2"', location: g.meta.location },
      { method: 'DELETE', status: '204', location: b.meta.location },
    ]);
    expect((await d.call('GET', `/Users/${idOf(all[0])}`)).body).toMatchObject({
      userName: 'b-new',
      displayName: 'New',
    });
    expect((await d.call('GET', `/Users/${a.id}`)).body.title).toBe('put');
    expect(await membersOf(g.id)).toEqual([a.id]);
    expect((await d.call('GET', `/Users/${b.id}`)).status).toBe(404);
  });

  test('answers each failure with its error, and goes on', async () => {
    await d.user('taken');
    const gone = '01a00000-0000-7000-8000-000000000000';
    const all = await results([
      user('taken'),
      { method: 'DELETE', path: `/Users/${gone}` },
      { method: 'PATCH', path: '/Users', data: {} },
      { method: 'GET', path: '/Users' },
      { method: 'POST', path: '/Users', data: { userName: 'nameless' } },
      { method: 'PUT', path: `/Users/${gone}` },
      { method: 'POST', bulkId: 'x', path: '/Bulk', data: {} },
      { method: 'POST', bulkId: 'y', path: '/Users/.search', data: {} },
      user('after-them'),
    ]);
    expect(statuses(all)).toEqual(['409', '404', '405', '400', '400', '400', '400', '405', '201']);
    expect(all[0].response).toEqual({
      schemas: [ERROR],
      status: '409',
      scimType: 'uniqueness',
      detail: expect.stringContaining('userName'),
    });
    expect(all[0]).not.toHaveProperty('location');
    expect(all[8]).not.toHaveProperty('response');
  });

  test('guards an operation by its version', async () => {
    const { id } = await d.user('versioned');
    const put = (version: string, title: string) => ({
      method: 'PUT',
      path: `/Users/${id}`,
      version,
      data: { schemas: [USER], userName: 'versioned', title },
    });
    const all = await results([put('W/"1"', 'a'), put('W/"1"', 'b'), put('W/"2"', 'c')]);
    expect(statuses(all)).toEqual(['200', '412', '200']);
    expect((await d.call('GET', `/Users/${id}`)).body).toMatchObject({ title: 'c', meta: { version: 'W/"3"' } });
  });

  test('stops at as many errors as it may have', async () => {
    const operations = [user('s1'), user('s1-again', { userName: 's1' }), user('s2', { userName: '' }), user('s3')];
    expect(statuses(await results(operations, { failOnErrors: 2 }))).toEqual(['201', '409', '400']);
    expect(
      statuses(await results([user('s4'), user('s4-again', { userName: 's4' }), user('s5')], { failOnErrors: 1 })),
    ).toEqual(['201', '409']);
    const found = await d.call('GET', `/Users?filter=${encodeURIComponent('userName eq "s3" or userName eq "s5"')}`);
    expect(found.body.totalResults).toBe(0);
  });
});

describe('references', () => {
  test('stand for ids in members, manager, paths and filters, whichever operation comes first', async () => {
    const all = await results([
      group('r-group', ['bulkId:r-one', 'bulkId:r-two']),
      user('r-two', managed('bulkId:r-boss')),
      user('r-one'),
      {
        method: 'PATCH',
        path: '/Groups/bulkId:r-group',
        data: {
          schemas: [PATCH],
          Operations: [
            { op: 'add', path: 'members', value: [{ value: 'bulkId:r-boss' }] },
            { op: 'remove', path: 'members[value eq "bulkId:r-one"]' },
          ],
        },
      },
      {
        method: 'PATCH',
        path: '/Users/bulkId:r-one',
        data: { schemas: [PATCH], Operations: [{ op: 'add', path: `${ENTERPRISE}:manager`, value: 'bulkId:r-boss' }] },
      },
      user('r-boss'),
      {
        method: 'PUT',
        path: '/Users/bulkId:r-boss',
        data: { schemas: [USER], userName: 'r-boss', title: 'bulkId:kept' },
      },
    ]);
    expect(statuses(all).map((status) => status[0])).toEqual(Array(7).fill('2'));
    const [groupId, two, one, , , boss] = all.map(idOf);
    expect((await membersOf(groupId!)).sort()).toEqual([two, boss].sort());
    expect([await managerOf(two!), await managerOf(one!)]).toEqual([boss, boss]);
    expect((await d.call('GET', `/Users/${boss}`)).body.title).toBe('bulkId:kept');
  });

  test('may go round in a circle', async () => {
    const all = await results([
      user('c1', managed('bulkId:c2')),
      user('c2', managed('bulkId:c3')),
      user('c3', managed('bulkId:c1')),
      user('self', managed('bulkId:self')),
    ]);
    expect(statuses(all)).toEqual(['201', '201', '201', '201']);
    const [c1, c2, c3, self] = all.map(idOf);
    expect([await managerOf(c1!), await managerOf(c2!), await managerOf(c3!)]).toEqual([c2, c3, c1]);
    expect(await managerOf(self!)).toBe(self);
    const { body } = await d.call('GET', `/Users/${c3}`);
    expect(all[2]).toMatchObject({ version: body.meta.version, location: body.meta.location });
  });

  test('to nothing, or to what failed, are refused', async () => {
    const all = await results([
      group('n1', ['bulkId:nobody']),
      user('n2', { userName: '' }),
      group('n3', ['bulkId:n2']),
      { method: 'DELETE', path: '/Users/bulkId:n2' },
      { method: 'DELETE', path: '/Users/bulkId:nobody' },
    ]);
    expect(statuses(all)).toEqual(['400', '400', '400', '400', '400']);
    expect(all[0].response).toMatchObject({ scimType: 'invalidValue', detail: expect.stringContaining('nobody') });
    expect((await d.call('GET', '/Groups?filter=displayName%20sw%20%22n%22')).body.totalResults).toBe(0);
  });

  test('in a chain of a hundred, all backwards', async () => {
    const names = Array.from({ length: 100 }, (_, n) => `chain${n}`);
    const all = await results(
      names.map((name, n) => user(name, n + 1 < names.length ? managed(`bulkId:${names[n + 1]}`) : {})),
    );
    expect(new Set(statuses(all))).toEqual(new Set(['201']));
    expect(await managerOf(idOf(all[0]))).toBe(idOf(all[1]));
  });
});

describe('the message', () => {
  test.each<[string, object, number, string | undefined]>([
    ['without operations', {}, 400, 'invalidSyntax'],
    ['of another schema', { schemas: [PATCH], Operations: [] }, 400, 'invalidSyntax'],
    ['with an operation that is none', { Operations: [1] }, 400, 'invalidSyntax'],
    ['with a path that is no text', { Operations: [{ method: 'DELETE', path: 1 }] }, 400, 'invalidSyntax'],
    ['with one bulkId twice', { Operations: [user('twice'), user('twice')] }, 400, 'invalidValue'],
    ['with a failOnErrors that is no number', { failOnErrors: 'x', Operations: [] }, 400, 'invalidValue'],
    ['with too many operations', { Operations: Array(1_001).fill(user('many')) }, 413, 'tooMany'],
    ['that is too large', { Operations: [], filler: 'x'.repeat(4_194_304) }, 413, 'tooMany'],
  ])('%s is refused, and nothing is done', async (_name, body, status, scimType) => {
    const answer = await d.call('POST', '/Bulk', { schemas: [REQUEST], ...body });
    expect(answer).toMatchObject({ status, body: { schemas: [ERROR], status: String(status), scimType } });
    if (status === 413) expect(answer.body.detail).toMatch(/1000|4194304/);
    expect((await d.call('GET', '/Users?filter=userName%20eq%20%22twice%22')).body.totalResults).toBe(0);
  });

  test('may be empty', async () => {
    expect(await results([])).toEqual([]);
  });
});

test('another tenant’s ids are nowhere', async () => {
  const stranger = await s.directory();
  const theirs = await stranger.user('theirs');
  const all = await results([
    { method: 'DELETE', path: `/Users/${theirs.id}` },
    { method: 'PUT', path: `/Users/${theirs.id}`, data: { schemas: [USER], userName: 'mine' } },
    group('t1', [theirs.id]),
  ]);
  expect(statuses(all)).toEqual(['404', '404', '400']);
  expect((await stranger.call('GET', `/Users/${theirs.id}`)).status).toBe(200);
});

test('the journal has one entry, with how many operations there were and failed', async () => {
  const own = await s.directory();
  await own.call('POST', '/Bulk', { schemas: [REQUEST], Operations: [user('j1'), user('j2', { userName: '' })] });
  const entry = await eventually(async () => {
    await s.scim.close();
    const rows = await s.sql('select method, path, status, detail from scim_journal where directory_id = $1', [own.id]);
    return rows.length > 0 ? rows : undefined;
  });
  expect(entry).toMatchObject([
    { method: 'POST', path: '/Bulk', status: 200, detail: { operations: 2, performed: 2, failed: 1 } },
  ]);
});

test('the rate limit counts the operations', async () => {
  await using limited = await setupScim({ ratePerSecond: 10, clockStands: true });
  const own = await limited.directory();
  const bulk = (n: number) =>
    own.call('POST', '/Bulk', {
      schemas: [REQUEST],
      Operations: Array.from({ length: n }, (_, i) => user(`l${n}-${i}`)),
    });
  const status = async (answer: Promise<Answer>) => (await answer).status;
  limited.t.clock.advance(10);
  // more than a second's worth is done at once, and paid for afterwards
  expect(await status(bulk(25))).toBe(200);
  limited.t.clock.advance(1);
  const refused = await own.call('GET', '/Users');
  expect(refused.status).toBe(429);
  limited.t.clock.advance(Number(refused.headers.get('retry-after')));
  expect(await status(own.call('GET', '/Users'))).toBe(200);
  limited.t.clock.advance(10);
  expect(await Promise.all([bulk(24), bulk(23)].map(status))).toEqual(expect.arrayContaining([200, 429]));
});
